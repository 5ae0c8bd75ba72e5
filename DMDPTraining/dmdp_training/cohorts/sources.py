"""The source of the published matrices, and the check that a copy is the one that was studied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dmdp.errors import InputError, base_name

REPOSITORY = "https://github.com/jiang-0311/DMDP"
COMMIT = "75dd19a"
LICENCE = "The source tables carry no licence; they are not redistributed. Only fitted parameters are in this bundle."


@dataclass(frozen=True)
class Source:
    """One file of the repository with the SHA-256 of the commit that the codings were checked on."""

    file: str
    sha256: str
    content: str


PET_CLINICAL = Source(
    "PET_clinical_feature_matrix.xlsx",
    "06ad77f3c5930f1c72eb40be27a588aa495c96537c1c8af5123b306024b7c12d",
    "identifiers, labels, clinical data, 20 PET features in natural units",
)
EGFR_CT = Source(
    "EGFR_mutation_prediction_CT_feature.xlsx",
    "878dcc3e8802eda4b80d9e8f0545b9803042090fecd70ac4f45f052aeabd1956",
    "EGFR and 21 CT features that the authors selected, standardised over all rows",
)
SUBTYPE_CT = Source(
    "Pathological_subtype_classification_CT_feature.xlsx",
    "76d2f133786a2b98821d61fd33ea48c1d826314949eff198adf414373ac093c7",
    "type and 27 CT features that the authors selected, in PyRadiomics' units",
)
SOURCES = (PET_CLINICAL, EGFR_CT, SUBTYPE_CT)


def where_to_get() -> str:
    """The words for a person who does not have the matrices."""
    files = "; ".join(f"{source.file} (SHA-256 {source.sha256})" for source in SOURCES)
    return f"Get the tables of commit {COMMIT} of {REPOSITORY} and give their folder: {files}."


def verified(folder: str | Path, source: Source) -> Path:
    """The path of ``source`` in ``folder``, once its SHA-256 is right.

    Raises :class:`InputError` if the file is absent or is another one.
    """
    path = Path(folder) / source.file
    if not path.is_file():
        raise InputError(
            "published.missing",
            f"'{source.file}' is not in '{base_name(folder)}'.",
            f"the released table of {REPOSITORY} (commit {COMMIT}): {source.content}.",
            where_to_get(),
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != source.sha256:
        raise InputError(
            "published.changed",
            f"'{source.file}' has SHA-256 {digest[:12]}….",
            f"{source.sha256[:12]}… (commit {COMMIT}), on which the codings were checked.",
            where_to_get(),
        )
    return path
