"""The settings with which a table of radiomics features is computed; their hash accompanies the features everywhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError, base_name
from ..reading import Unread, read_text, why
from .catalogue import CATALOGUE
from .families import FAMILIES, OF_PYRADIOMICS
from .settings import Rule, Settings


@dataclass(frozen=True)
class Profile(Settings):
    """Settings whose classes and features are known here; JSON both ways, with a hash."""

    classes: tuple[str, ...] = OF_PYRADIOMICS

    def rules(self) -> Iterator[Rule]:
        """What is checked when a profile is made."""
        yield "classes", len(self.classes) > 0 and set(self.classes) <= set(FAMILIES), f"some of {', '.join(FAMILIES)}."
        known = all(name in CATALOGUE and name.split("_")[0] in self.classes for name in self.only or ())
        yield "only", known, "features of its classes."
        yield from super().rules()

    @property
    def hash(self) -> str:
        """SHA-256 over all settings but the name."""
        settings = {key: value for key, value in asdict(self).items() if key != "name"}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Profile:
        """A profile from its JSON object; raises :class:`InputError` for a field that it does not have."""
        unknown = set(document) - {field.name for field in fields(cls)}
        if unknown or "name" not in document:
            raise InputError(
                "profile.fields",
                f"The radiomics profile has unknown fields ({', '.join(sorted(unknown)) or 'none'}) or no name.",
                f"fields out of {', '.join(field.name for field in fields(cls))}.",
                "Correct the profile.",
            )
        try:
            return cls(**dict[str, Any]((k, tuple(v) if isinstance(v, list) else v) for k, v in document.items()))
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(
                "profile.type",
                f"A setting of the radiomics profile '{document['name']}' has the wrong type.",
                "numbers where numbers are, lists where lists are.",
                "Correct the profile.",
            ) from error


def read_profile(path: str | Path) -> Profile:
    """A profile from a JSON file. Raises :class:`InputError`."""
    return Profile.from_json(read_json(path))


def read_json(path: str | Path) -> dict[str, Any]:
    """The JSON object in a file. Raises :class:`InputError`."""
    try:
        document = json.loads(read_text(path))
        if not isinstance(document, dict):
            raise Unread("it is no object")
    except (OSError, ValueError) as error:
        raise InputError(
            "profile.unreadable",
            f"'{base_name(path)}' is no radiomics profile ({why(error)}).",
            "a JSON file.",
            "Check the path.",
        ) from error
    return document
