"""Is this a patient that the models may speak about? Asked, and answered, before any probability."""
