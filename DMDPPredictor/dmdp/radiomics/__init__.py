"""Radiomics of a region: the numbers of PyRadiomics 3.0.1, computed here, without a compiler.

The features are those of its documentation and of the IBSI reference manual (Zwanenburg et al., arXiv:1612.07003); if the two
differ this package follows PyRadiomics, and says so.
"""

BACKENDS = ("auto", "engine", "pyradiomics")  # of :mod:`dmdp.radiomics.backend`; here, as it is light to import
DEFAULT_PROFILE = "radiomics_v1"
