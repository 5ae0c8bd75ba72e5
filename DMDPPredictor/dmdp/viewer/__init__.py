"""The questions of a viewer while a person looks and draws, answered within a moment from images that the worker holds."""
