"""The report for a person: pictures, a page, and tables."""
