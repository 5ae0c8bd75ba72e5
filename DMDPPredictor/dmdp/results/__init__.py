"""The files of a finished prediction."""
