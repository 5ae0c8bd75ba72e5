"""Long work: the job file, the lines that a job prints, the process that does it, and its end."""
