"""The Python packages that the core needs, as ``pyproject.toml`` and the lists for Slicer have them."""

from __future__ import annotations

MODULES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "SimpleITK": "SimpleITK",
    "pydicom": "pydicom",
    "safetensors": "safetensors",
    "matplotlib": "matplotlib",
    "Pillow": "PIL",
    "Jinja2": "jinja2",
}
"""Package → module that is imported."""
SLICERS_OWN = ("numpy", "scipy", "SimpleITK", "torch", "pydicom", "Pillow", "vtk")
"""What Slicer or its PyTorch extension brings, which nothing of ours may replace there."""
