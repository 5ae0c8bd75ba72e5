"""What is asked of a case: each kind of endpoint with its labels, its part of a network, its answer and its words."""
