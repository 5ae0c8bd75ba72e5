"""The rules by which a lesion is outlined from a point, by name; light to import, as a panel lists them."""

from __future__ import annotations

FIXED = {"suv4": 4.0, "suv3": 3.0, "suv2.5": 2.5}  # SUV
RELATIVE = {"pet41": 0.41, "pet50": 0.50}  # share of the lesion's maximum
METHODS = ("auto", *FIXED, *RELATIVE)
