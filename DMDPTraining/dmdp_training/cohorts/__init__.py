"""Patients to learn from: where they come from, what is known of them, and what must not be believed."""
