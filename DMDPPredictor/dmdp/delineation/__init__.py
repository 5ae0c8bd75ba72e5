"""Contours of the tumour that a person can check and change."""
