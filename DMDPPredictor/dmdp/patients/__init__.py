"""A patient as the prediction sees them: images, lesion, and what is known clinically."""
