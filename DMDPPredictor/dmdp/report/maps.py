"""The names of a network's maps, ``<task>_<modality>_<stage>``, and what a map may be taken for."""

from __future__ import annotations

GRAD_CAM, OCCLUSION = "Grad-CAM", "Occlusion"
STAGES = {"stage3": "encoder, middle stage", "small": "fusion, small scale"}  # other stages are shown by their own names
FOR_THE_POSITIVE_CLASS = (
    "A map shows what speaks for the positive class (such as mutant, or squamous cell carcinoma), or for higher classes; where "
    "the probability is low, it does not explain the low answer."
)


def split(name: str) -> tuple[str, str, str]:
    """Task, modality (ct, pet or fused) and stage of a map; the task's name may hold underscores.

    Raises :class:`ValueError` for a name of fewer than three parts.
    """
    task, modality, stage = name.rsplit("_", 2)
    return task, modality, stage


def kind(stage: str) -> str:
    """How the map of a ``stage`` was made: ``Occlusion``, or for every other stage ``Grad-CAM``."""
    return OCCLUSION if stage == "occlusion" else GRAD_CAM


def place(modality: str, stage: str) -> str:
    """Where in the network a map was made: ``CT encoder``, ``fusion`` where both meet, ``PET`` for an occlusion."""
    parts = [modality.upper()] if modality in ("ct", "pet") else []
    if kind(stage) == GRAD_CAM:
        parts.append(STAGES.get(stage, stage))
    return " ".join(parts) or modality


def title(modality: str, stage: str) -> str:
    """Kind and place of a map: ``Grad-CAM, CT encoder``."""
    return f"{kind(stage)}, {place(modality, stage)}"


def words(name: str) -> str:
    """A map's whole name in words: ``EGFR: Grad-CAM, CT encoder``."""
    task, modality, stage = split(name)
    return f"{task}: {title(modality, stage)}"
