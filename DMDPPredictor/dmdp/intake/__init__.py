"""From what a person has (folders, files, a point) to a patient."""
