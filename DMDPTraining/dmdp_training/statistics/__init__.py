"""Statistics of labels and scores, as pure functions."""
