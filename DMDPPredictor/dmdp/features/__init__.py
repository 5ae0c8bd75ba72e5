"""The measurements of a lesion, each value with its unit and its definition."""
