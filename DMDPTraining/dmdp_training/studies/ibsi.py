"""The engine against the reference values of the Image Biomarker Standardisation Initiative (IBSI 1).

Zwanenburg et al., Radiology 2020;295:328 and arXiv:1612.07003: a digital phantom, and five configurations (A to E) of one CT
phantom. ``python -m dmdp_training.studies.ibsi FOLDER FILE.md`` writes the comparison; FOLDER is ``ibsi1`` of the public test
data (images, masks and tables of reference values).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dmdp.errors import InputError, base_name
from dmdp.images.files import read_mask, read_volume
from dmdp.images.volume import Volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.families import FAMILIES
from dmdp.radiomics.profile import Profile

DIGITAL = dict(bin_width=1.0)
MM2, CUT, RANGE = (2.0, 2.0, 2.0), (-500.0, 400.0), (-1000.0, 400.0)
SETTINGS = {
    "digital phantom, 3D": DIGITAL,
    "digital phantom, 2.5D": dict(DIGITAL, force_2d_axis=0),
    "configuration A": dict(force_2d_axis=0, resegment=CUT, bin_width=25.0),
    "configuration B": dict(
        force_2d_axis=0, spacing_mm=(2.0, 2.0, 0.0), interpolator="linear", resegment=CUT, bin_width=25.0, bin_count=32
    ),
    "configuration C": dict(spacing_mm=MM2, interpolator="linear", resegment=RANGE, bin_width=25.0),
    "configuration D": dict(spacing_mm=MM2, interpolator="linear", resegment=(-3.0, 3.0), resegment_mode="sigma", bin_count=32),
    "configuration E": dict(spacing_mm=MM2, resegment=RANGE, outliers_sigma=3.0, bin_count=32),
}
"""Per dataset the settings of its profile. Textures in planes are IBSI's "2.5D, direction-merged", which is PyRadiomics' 2D."""

HEAD = """# IBSI 1 reference values

Made by `python -m dmdp_training.studies.ibsi`. Every feature of the engine that has an IBSI reference value, on the digital
phantom and on configurations A to E of the CT phantom, in the two conventions that a radiomics profile can ask for:

* `ibsi` follows the reference manual;
* `pyradiomics`, the default, follows PyRadiomics 3.0.1, which departs from it: the new grid shares the corner of the old one, not
  its centre; masks are interpolated by nearest neighbour; interpolated HU are not rounded; bins of a fixed width start at a
  multiple of the width at or below the lowest value; kurtosis is not excess kurtosis; voxels without neighbours count in NGTDM;
  axis lengths come from the covariance over n, not n − 1; shape is cut to the box of what resegmentation kept. It has no range
  together with outlier removal, which E asks for.

A value matches where it lies within the tolerance that IBSI gives, as computed or rounded to the three digits of the reference.
Not computed, and so not listed: local intensity, intensity-volume histograms, distance zones, merged matrices and 2D averages.
"""


@dataclass(frozen=True)
class Comparison:
    """One feature of one dataset; ``tag`` is IBSI's name of it, ``consensus`` how many teams agreed on ``reference``."""

    dataset: str
    convention: str
    feature: str
    tag: str
    consensus: str
    reference: float
    tolerance: float
    ours: float

    @property
    def matches(self) -> bool:
        off = min(abs(value - self.reference) for value in (self.ours, float(f"{self.ours:.3g}")))
        return off <= self.tolerance + 1e-9 * abs(self.reference)


def compare(folder: Path) -> tuple[Comparison, ...]:
    """Every comparison, by dataset, convention and feature. Raises :class:`InputError` if ``folder`` lacks a file."""
    found: list[Comparison] = []
    for dataset in SETTINGS:
        image, mask = _phantom(folder, "digital_phantom" if "digital" in dataset else "ct_phantom")
        for profile in profiles(dataset):
            found += _compared(folder, dataset, profile, extract(image, {"r": mask}, profile)["r"])
    return tuple(found)


def profiles(dataset: str) -> Iterator[Profile]:
    """The profile of a dataset by IBSI, and by PyRadiomics if it can be asked for."""
    profile = Profile(dataset, tuple(FAMILIES), convention="ibsi", **SETTINGS[dataset])
    yield profile
    if profile.outliers_sigma is None:
        yield replace(profile, convention="pyradiomics")


def report(comparisons: tuple[Comparison, ...]) -> str:
    """The comparisons as Markdown."""
    parts = [HEAD, "\n| dataset | features | match, `ibsi` | match, `pyradiomics` |\n|---|---|---|---|\n"]
    for dataset in SETTINGS:
        ibsi, default = (_of(comparisons, dataset, convention) for convention in ("ibsi", "pyradiomics"))
        matching = f"{sum(c.matches for c in default.values())}" if default else "–"
        parts.append(f"| {dataset} | {len(ibsi)} | {sum(c.matches for c in ibsi.values())} | {matching} |\n")
    for dataset in SETTINGS:
        ibsi, default = (_of(comparisons, dataset, convention) for convention in ("ibsi", "pyradiomics"))
        parts.append(f"\n## {dataset[0].upper()}{dataset[1:]}\n\n| feature | IBSI tag | consensus | reference | tolerance ")
        parts.append("| `ibsi` | verdict | `pyradiomics` | verdict |\n|---|---|---|---|---|---|---|---|---|\n")
        for name, one in ibsi.items():
            ours = [text for found in (one, default.get(name)) for text in (_cells(found))]
            parts.append(
                f"| {name} | {one.tag} | {one.consensus} | {one.reference:g} | {one.tolerance:g} | {' | '.join(ours)} |\n"
            )
    return "".join(parts)


def _of(comparisons: tuple[Comparison, ...], dataset: str, convention: str) -> dict[str, Comparison]:
    return {c.feature: c for c in comparisons if (c.dataset, c.convention) == (dataset, convention)}


def _cells(found: Comparison | None) -> tuple[str, str]:
    return ("–", "–") if found is None else (f"{found.ours:.4g}", "matches" if found.matches else "differs")


def _compared(folder: Path, dataset: str, profile: Profile, values: dict[str, float]) -> list[Comparison]:
    table, place = _references(folder, dataset), "2_5D" if profile.force_2d_axis is not None else "3D"
    found = []
    for name, value in values.items():
        short = name.removeprefix("original_")
        family, feature = short.split("_", 1)
        tag = FAMILIES[family].features[feature][1]
        row = table.get(FAMILIES[family].ibsi.format(tag=tag, place=place)) if tag else None
        if row and row["reference value"]:
            reference, tolerance = float(row["reference value"]), float(row["tolerance"] or 0)
            found.append(
                Comparison(dataset, profile.convention, short, row["tag"], row["consensus"], reference, tolerance, value)
            )
    return found


def _phantom(folder: Path, name: str) -> tuple[Volume, object]:
    image = read_volume(folder / name / "image.nii.gz", "HU" if name == "ct_phantom" else "1")
    return image, read_mask(folder / name / "mask.nii.gz")[0]


def _references(folder: Path, dataset: str) -> dict[str, dict[str, str]]:
    name = "digital_phantom" if "digital" in dataset else f"config_{dataset[-1]}"
    path = folder / "reference" / f"ibsi_1_reference_values_{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["tag"]: row for row in csv.DictReader(file)}
    except (OSError, KeyError) as error:
        raise InputError(
            "ibsi.reference", f"'{base_name(path)}' cannot be read.", "a table of IBSI reference values.", "Check the folder."
        ) from error


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(report(compare(Path(sys.argv[1]))), encoding="utf-8")
