"""The commands that write, each as small as it goes, and what they are made from."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hostile.process import Place, run

PATIENT = "study/patient_0007"
IMAGES = ("--ct", f"{PATIENT}/ct", "--pet", f"{PATIENT}/pet", "--seed", "94,22,18")
INPUTS = {  # what others read, made by the commands themselves
    "study": ("simulate", "--seed", "7", "--out", "study"),
    "result": ("predict", *IMAGES, "--out", "result"),
    "patients": ("simulate", "--cohort", "--patients", "12", "--seed", "0", "--out", "patients"),
}
COHORT = "batch.csv"
ROW = f'{PATIENT}/ct,{PATIENT}/pet,"94,22,18"'
PIECES_LEFT = 6


@dataclass(frozen=True)
class Subject:
    """A command: its ``words`` without the output, which is called ``out`` in a folder of the command's ``name``.

    ``again`` is what goes on with a run that was stopped. ``former`` are the words of an older result, which the command is
    then allowed to replace. ``grows`` is a run folder, whose files come one by one; those of ``moving`` names change on the
    way. ``begun`` makes of a copy of the finished run one that was stopped before. ``chain`` kills come before each rerun.
    """

    name: str
    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    out: str = "out"
    again: tuple[str, ...] = ()
    former: tuple[str, ...] | None = None
    grows: bool = False
    moving: tuple[str, ...] = ()
    begun: Callable[[Path], None] | None = None
    children: bool = False
    chain: int = 4
    weight: int = 1

    def line(self, old: bool = False) -> list[str]:
        """The words of the whole command, ``old`` for the one that makes the older result."""
        words = [*(self.former if old else self.words), "--out", f"{self.name}/{self.out}"]
        return words if old else [*words, *self.again, *(("--overwrite",) if self.former else ())]


def subjects(data: Path | None) -> tuple[Subject, ...]:
    """Every command that writes; those that need the released tables only where ``data`` has them."""
    pet = ("delineate", "--pet", f"{PATIENT}/pet", "--seed", "94,22,18")
    train = ("train", "network", "--cohort", "patients/cohort.csv", "--tasks", "sim_heterogeneity", "--size", "quick")
    train += ("--folds", "2", "--members", "1", "--epochs", "2", "--batch", "4", "--accumulate", "1")
    ablation = ("validate", "ablation", "--quick", "--variants", "full")
    trained = ("crops", "fold", "final", "log", "curves")
    simulate = ("simulate", "--volumes", "--seed")
    features = ("features", *IMAGES)
    published = data / "dmdp_published" if data is not None else None
    found = [
        Subject("simulate", (*simulate, "1"), former=(*simulate, "2"), weight=20),
        Subject("delineate", pet, ("study",), "lesion.nii.gz", former=(*pet, "--method", "pet50"), weight=20),
        Subject("export", ("export", "result", "--format", "all"), ("study", "result"),
                former=("export", "result", "--format", "json"), weight=10),
        Subject("features", features, ("study",), "table.csv", former=(*features, "--method", "pet50"), chain=5, weight=5),
        Subject("predict", ("predict", *IMAGES, "--age", "62"), ("study",),
                former=("predict", *IMAGES, "--method", "pet50"), chain=5, weight=5),
        Subject("batch", ("batch", COHORT, "--jobs", "2"), ("study",), again=("--resume",), grows=True, moving=("summary.csv",),
                children=True, chain=3, weight=3),
        Subject("train-cohort", train, ("patients",), grows=True, moving=trained, chain=6, weight=2),
        Subject("validate-ablation", ablation, grows=True, moving=("trainings", "log", "curves"), chain=3, weight=1),
    ]  # fmt: skip
    if published is not None and published.is_dir():
        words = ("validate", "published", "--quick", "--jobs", "2", "--data", str(published))
        found.append(Subject("validate", words, grows=True, begun=_stopped, children=True, chain=3, weight=1))
    return tuple(found)


def prepare(place: Place, wanted: Sequence[Subject]) -> None:
    """Make what the ``wanted`` commands read, where it is not there yet."""
    rows = ("id,ct,pet,seed", f"a,{ROW}", f"lost,nowhere,{ROW.partition(',')[2]}", f"b,{ROW}")
    (place.work / COHORT).write_text("\n".join([*rows, ""]), encoding="utf-8")
    for name, words in INPUTS.items():
        if any(name in subject.needs for subject in wanted) and not (place.work / name).exists():
            made = run(words, place)
            if made.code != 0:
                raise RuntimeError(f"'{' '.join(words)}' ended with {made.code}: {made.said}")


def _stopped(folder: Path) -> None:
    """Of a finished validation make one that lacks its report and some pieces, spread over their kinds."""
    for path in folder.iterdir():
        if path.name not in ("configuration.json", "pieces"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    pieces = sorted((folder / "pieces").iterdir())
    for piece in pieces[:: max(1, len(pieces) // PIECES_LEFT)]:
        piece.unlink()
