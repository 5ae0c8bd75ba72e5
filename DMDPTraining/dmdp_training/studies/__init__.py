"""What is asked of the models, each study with its plan and its report."""
