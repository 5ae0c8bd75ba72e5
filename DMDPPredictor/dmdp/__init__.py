"""DMDP core: from a patient's FDG PET/CT to an EGFR and subtype estimate, with its explanation and its limits.

The data flows dicom → delineation → regions → features → ensemble/network → explain → report, and the modules
of this package are named after these steps. The package imports neither Slicer nor the training package.

Research use only. Not for diagnosis.
"""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = (
    "Research use only. Not for diagnosis. A low probability is never a reason to withhold tissue or ctDNA testing."
)
POPULATION = "Adults with histologically proven, untreated NSCLC imaged by FDG PET/CT."
