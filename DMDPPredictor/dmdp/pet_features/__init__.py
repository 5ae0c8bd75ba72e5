"""The twenty PET features of Jiang et al. 2026 (DMDP), with a few others that help to read them."""

from .table import pet_features

__all__ = ["pet_features"]
