"""The machine-learning branch: the list of sub-models, how they are fitted, and the bundle that holds them."""
