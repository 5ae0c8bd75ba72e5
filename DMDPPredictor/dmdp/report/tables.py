"""Tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from math import isnan
from typing import TYPE_CHECKING

from .. import RESEARCH_USE_ONLY

if TYPE_CHECKING:
    from ..feature import Feature
    from ..features.ct import CtFeatures
    from ..prediction.document import FeatureReading

COLUMNS = ("name", "value", "unit", "definition", "source")
CT_COLUMNS = ("region", "name", "value", "unit")


def features_csv(features: Mapping[str, FeatureReading]) -> str:
    """``features.csv``: a comment line, a header, one row per feature; an empty value could not be computed.

    ``features`` are those of ``prediction.json``. Values are written exactly.
    """
    text = io.StringIO()
    text.write(f"# {RESEARCH_USE_ONLY}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, feature in features.items():
        value = "" if feature.value is None else repr(float(feature.value))
        writer.writerow((name, value, feature.unit, feature.definition, feature.source))
    return text.getvalue()


def ct_features_csv(found: CtFeatures | None, pet: Mapping[str, Feature] | None = None, settings: str | None = None) -> str:
    """``ct_features.csv``: comment lines with the settings, a header, one row per region and feature; empty if absent.

    ``found`` is None without a CT. ``pet`` adds PET features, as rows of the region ``PET``; ``settings`` names the file of a
    profile that is not installed.
    """
    text = io.StringIO()
    text.write(f"# {RESEARCH_USE_ONLY}\n")
    if found is not None:
        profile = f"{found.profile}{f' of the file {settings}' if settings else ''}, SHA-256 {found.profile_hash}"
        text.write(f"# regions: ct_regions_v1, {found.contour}; profile {profile}; {found.backend}\n")
        text.writelines(f"# {note}\n" for note in found.notes)
        text.writelines(f"# {region} is absent: {why}\n" for region, why in found.absent.items())
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CT_COLUMNS)
    for region, features in {**({"PET": pet} if pet else {}), **(found.regions if found is not None else {})}.items():
        for name, feature in features.items():
            writer.writerow((region, name, "" if isnan(feature.value) else repr(float(feature.value)), feature.unit))
    return text.getvalue()
