"""A model as a folder, which is checked once, when it is loaded."""
