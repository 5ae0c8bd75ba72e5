"""``prediction.json`` of former schemas as one of the present schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def current(document: Any) -> Any:
    """A document of any schema as one of the present; a document that is not ours is returned unchanged, and refused when it is
    read.

    Schema 1 called what a network says ``demonstration``, whether or not the network was one.
    """
    if isinstance(document, Mapping) and document.get("schema") == 1:
        return {"network" if name == "demonstration" else name: value for name, value in document.items()} | {"schema": 2}
    return document
