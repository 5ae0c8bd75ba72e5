"""Studies of the models, each with its plan and its report."""
