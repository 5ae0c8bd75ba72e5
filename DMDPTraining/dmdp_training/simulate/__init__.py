"""Digital PET/CT patients: an ellipsoid thorax with one lung tumour, known truth, and labels that are invented."""

from .dicom import write_patient
from .patient import SimulatedPatient, simulate_patient

__all__ = ["SimulatedPatient", "simulate_patient", "write_patient"]
