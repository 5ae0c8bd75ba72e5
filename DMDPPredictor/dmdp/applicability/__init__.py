"""Whether the models may speak about a patient; this is decided before any probability is shown."""
