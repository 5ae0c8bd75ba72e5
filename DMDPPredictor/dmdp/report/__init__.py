"""What a person reads: pictures, a page, and tables."""
