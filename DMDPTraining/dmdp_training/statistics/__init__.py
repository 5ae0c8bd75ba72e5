"""What is computed of labels and scores: pure functions."""
