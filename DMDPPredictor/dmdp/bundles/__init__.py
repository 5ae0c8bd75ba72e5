"""A model as a folder: checked once, when it is loaded."""
