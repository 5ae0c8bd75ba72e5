"""What identifies an object as ours and makes it repeatable: UIDs from the content, the time of the prediction, the maker."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset

from ... import __version__

NAMESPACE = uuid.UUID("7c1f6a0e-5d0b-5b7e-9a56-3f3a5f0f4d11")
MANUFACTURER, MODEL = "DMDP for 3D Slicer", "DMDP"
DATES, TIMES = ("ContentDate", "InstanceCreationDate"), ("ContentTime", "InstanceCreationTime")
UTF8 = "ISO_IR 192"


@dataclass(frozen=True)
class Identity:
    """``digest`` of the result and its source series, and ``created``, the local time of the prediction.

    The same digest gives the same UIDs and, by :meth:`finish`, the same bytes: exported twice, an object is the same object.
    """

    digest: str
    created: datetime

    def uid(self, *role: str) -> str:
        """A UID below 2.25 (PS3.5 B.2) for a role such as ``("pet", "series")``; the UUID is of version 5 (RFC 9562)."""
        return f"2.25.{uuid.uuid5(NAMESPACE, '/'.join((self.digest, *role))).int}"

    def arguments(self, role: str, number: int, description: str) -> Mapping[str, Any]:
        """The constructor arguments that all objects share. ``description`` is of the series (LO, at most 64 characters)."""
        return {
            "series_instance_uid": self.uid(role, "series"),
            "sop_instance_uid": self.uid(role, "instance"),
            "series_number": number,
            "instance_number": 1,
            "series_description": description,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": MODEL,
            "software_versions": __version__,
            "device_serial_number": __version__,
        }

    def finish(self, dataset: Dataset, role: str) -> None:
        """Replace what the library took from the clock and from chance; the text is UTF-8, so that any name can be written."""
        dataset.SpecificCharacterSet = UTF8
        dates, times = f"{self.created:%Y%m%d}", f"{self.created:%H%M%S}"
        for element in list(_elements(dataset)):
            if element.keyword in DATES:
                element.value = dates
            elif element.keyword in TIMES:
                element.value = times
            elif element.keyword == "DimensionOrganizationUID":
                element.value = self.uid(role, "dimensions")
        for item in dataset.get("ContributingEquipmentSequence", ()):
            if item.get("ManufacturerModelName") == "highdicom" and "ContributionDateTime" in item:
                item.ContributionDateTime = dates + times


def _elements(dataset: Dataset) -> Iterator[Any]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
        else:
            yield element
