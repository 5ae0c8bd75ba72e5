"""A case and models to a prediction, and the prediction as a document."""
