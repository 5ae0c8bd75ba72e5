"""The pages of the documentation: ``sphinx-build -W docs build/docs``. API pages are made from the docstrings."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "DMDPPredictor"), str(ROOT / "DMDPTraining")]

project = "DMDP for 3D Slicer"
author = copyright = "The DMDP for 3D Slicer developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.apidoc"]
html_theme = "alabaster"
html_theme_options = {"description": "Research use only", "page_width": "1100px"}
autodoc_typehints = "none"  # the signatures stay as they are written
autodoc_default_options = {"members": True, "exclude-members": "set_fit_request, set_score_request, set_predict_request"}
add_module_names = False
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing", "myst.header"]  # README-style links to files of the repository
apidoc_modules = [
    {"path": "../DMDPPredictor/dmdp", "destination": "api/core", "module_first": True, "separate_modules": False},
    {"path": "../DMDPTraining/dmdp_training", "destination": "api/training", "module_first": True, "separate_modules": False},
]
