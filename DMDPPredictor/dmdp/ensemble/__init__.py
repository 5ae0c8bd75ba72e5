"""The machine-learning branch: sub-models by what is known of the patient, their estimates and intervals."""
