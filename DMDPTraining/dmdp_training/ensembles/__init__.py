"""The machine-learning branch: which sub-models there are, how they are fitted, and the bundle that holds them."""
