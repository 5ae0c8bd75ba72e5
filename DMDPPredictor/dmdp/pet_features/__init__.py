"""The twenty PET features of the DMDP paper, with the few others that make them readable."""

from .table import pet_features

__all__ = ["pet_features"]
