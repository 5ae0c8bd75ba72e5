"""The endpoints of a case: each kind with its labels, its part of a network, its answer and its words."""
