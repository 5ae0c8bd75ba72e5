"""The documents that have a JSON Schema of their own, by the name of its file in ``Resources/Schemas``.

The schemas are made from these classes by ``python .ci/schemas.py``, and a test compares them: the classes are the one source.
"""

from __future__ import annotations

from .bundles.manifest import Manifest
from .jobs.job import Job
from .prediction.document import Prediction
from .report.listing import ExportList
from .results.origin import Origin, PrivateInputs

DOCUMENTS: dict[str, type] = {
    "prediction": Prediction,
    "manifest": Manifest,
    "job": Job,
    "result-job": Origin,
    "result-inputs": PrivateInputs,
    "export": ExportList,
}
