"""The JSON Schema (draft 2020-12) of a document, from the annotations and docstrings of its dataclasses."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from .codec import Tagged, default_of, hints_of

DRAFT = "https://json-schema.org/draft/2020-12/schema"
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}


def schema_of(kind: type) -> dict[str, Any]:
    """The schema of a dataclass that :func:`dmdp.documents.codec.read` reads; inner classes stand under ``$defs``."""
    inner: dict[str, Any] = {}
    whole = _object(kind, inner)
    return {"$schema": DRAFT, "title": kind.__name__, **whole, "$defs": dict(sorted(inner.items()))}


def _of(kind: Any, inner: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return {}
    if origin is Annotated:
        return {"anyOf": list(_tagged(arguments[1], inner))}
    if isinstance(kind, type) and is_dataclass(kind):
        if kind.__name__ not in inner:
            inner[kind.__name__] = {}  # a class may hold itself
            inner[kind.__name__] = _object(kind, inner)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, UnionType):
        return _union(arguments, inner)
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], inner)}
    if origin is tuple:
        count = len(arguments)
        return {"type": "array", "prefixItems": [_of(one, inner) for one in arguments], "minItems": count, "maxItems": count}
    if origin is Mapping or origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], inner)}
    return {"type": TYPES[kind]}


def _tagged(tagged: Tagged, inner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for word, kind in tagged.kinds.items():
        told = {} if word == tagged.otherwise else {"required": [tagged.member]}
        yield {**_of(kind, inner), "properties": {tagged.member: {"const": word}}, **told}


def _union(options: tuple[Any, ...], inner: dict[str, Any]) -> dict[str, Any]:
    if all(option in TYPES for option in options):
        return {"type": [TYPES[option] for option in options]}
    return {"anyOf": [_of(option, inner) for option in options]}


def _object(kind: Any, inner: dict[str, Any]) -> dict[str, Any]:
    hints = hints_of(kind)
    derived = {name: _derived(kind, name, inner) for name in getattr(kind, "derived", ())}
    own = {field.name: _of(hints[field.name], inner) for field in fields(kind)}
    required = [field.name for field in fields(kind) if default_of(field) is MISSING]
    description = " ".join(inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0].split())
    return {"description": description, "type": "object", "properties": derived | own, "required": [*derived, *required]}


def _derived(kind: Any, name: str, inner: dict[str, Any]) -> dict[str, Any]:
    value = getattr(kind, name)
    if isinstance(value, property):
        return _of(get_type_hints(value.fget)["return"], inner)
    return {"const": value} if isinstance(value, int) else {"type": TYPES[type(value)]}
