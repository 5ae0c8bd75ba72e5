"""Training and validation of the models that :mod:`dmdp` predicts with; never imported by prediction."""
