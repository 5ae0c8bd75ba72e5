"""Digital PET/CT patients: a simulated thorax with one lung tumour, known truth, and labels that are invented.

``simulate_patient`` has two easy labels, for demonstrations; ``simulate_hard_patient`` has labels that size and uptake do not
tell, for showing what a network learns.
"""

from .cohort import simulate_hard_patient
from .dicom import write_patient
from .patient import SimulatedPatient, simulate_patient
from .truth import write_volumes

__all__ = ["SimulatedPatient", "simulate_hard_patient", "simulate_patient", "write_patient", "write_volumes"]
