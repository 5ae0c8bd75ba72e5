"""Long work: a job file, the lines that it prints, the process that does it, and how that ends."""
