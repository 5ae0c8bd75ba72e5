"""How what a person has (folders, files, a point) becomes a patient."""
