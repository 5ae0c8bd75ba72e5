"""Patients to learn from: their sources, what is known of them, and which of it must not be believed."""
