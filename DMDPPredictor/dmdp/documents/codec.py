"""From JSON to frozen dataclasses and back, by the annotations of their fields.

Reading checks: whatever is not of the annotated type is refused with its place in the document, as in
``models[0].cohorts[2].n: found text, expected a whole number``. Members that a class does not know are ignored, so that a
document may say more than this version reads.

Fields may be ``str``, ``int``, ``float`` (finite), ``bool``, ``None``, ``Any`` (plain JSON), ``Literal``, ``tuple``, ``Mapping``
with text as its keys, another dataclass, ``Annotated[…, Tagged(…)]`` for one of several dataclasses, and unions of these. A class
may name in ``derived`` what a document says beside its fields: properties, and constants of the class. They are written before
the fields; of these a whole number, such as the number of the schema, must agree when a document is read. With ``sparse`` a class
leaves out fields that have their default.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from ..reading import Unread, why

T = TypeVar("T")
Reader = Callable[[Any, str], Any]

SCALARS: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    NoneType: "null",
}
COUNTS = {1: "one", 2: "two", 3: "three", 4: "four"}


@dataclass(frozen=True, eq=False)
class Tagged:
    """Of which of ``kinds`` (dataclasses by their word, such as a registry) an object is, by its ``member``; ``otherwise`` is the
    word of one that does not say it."""

    member: str
    kinds: Mapping[str, type]
    otherwise: str


class Malformed(Unread):
    """A document is not of its type: the message says where in it, what was found, and what was expected."""


def parse(content: str | bytes) -> Any:
    """JSON as plain values. Raises :class:`Malformed` if it is none."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Malformed(why(error)) from error


def read(kind: type[T], document: Any, place: str = "") -> T:
    """A document as a value of the dataclass ``kind``; ``place`` is where in a larger document it stands.

    Raises :class:`Malformed`.
    """
    return _reader(cast(Any, kind))(document, place)


def hints_of(kind: type) -> dict[str, Any]:
    """The annotations of a class, resolved, notes in them included."""
    return get_type_hints(kind, include_extras=True)


def plain(value: Any) -> Any:
    """A value of dataclasses, tuples, mappings and scalars as plain JSON; the inverse of :func:`read`."""
    if is_dataclass(value):
        said = {name: plain(getattr(value, name)) for name in getattr(value, "derived", ())}
        kept = (field for field in fields(value) if not _left_out(value, field))
        return said | {field.name: plain(getattr(value, field.name)) for field in kept}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def json_text(value: Any) -> str:
    """A document as it is written to a file: indented JSON without NaN, ending in a line break."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def default_of(field: Field) -> Any:
    """The default of a field; ``MISSING`` if it has none."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def _left_out(value: Any, field: Field) -> bool:
    return getattr(value, "sparse", False) and getattr(value, field.name) == default_of(field)


@cache
def _reader(kind: Any) -> Reader:
    """What reads a value of an annotation: a function of the value and its place."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value, place: value
    if origin is Annotated:
        return _tagged_reader(kind, arguments[1])
    if is_dataclass(kind):
        return _object_reader(kind)
    if origin is Literal:
        return _checked(kind, lambda value: value in arguments)
    if origin in (Union, UnionType):
        return _union_reader(kind, arguments)
    if origin is tuple:
        return _list_reader(kind, arguments)
    if origin is Mapping or origin is dict:
        return _mapping_reader(kind, arguments[1])
    return _checked(kind, lambda value: _is_scalar(value, kind))


def _checked(kind: Any, fits: Callable[[Any], bool]) -> Reader:
    def reader(value: Any, place: str) -> Any:
        if not fits(value):
            raise _malformed(value, place, kind)
        return value

    return reader


def _is_scalar(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, int) or (isinstance(value, float) and isfinite(value))
    return isinstance(value, kind)


def _union_reader(kind: Any, options: tuple[Any, ...]) -> Reader:
    """The first option that a scalar fits; else the option that is a list, or the one that is an object, as the value is."""
    simple = [_reader(option) for option in options if option in SCALARS]
    others = [option for option in options if option not in SCALARS]

    def reader(value: Any, place: str) -> Any:
        for one in simple:
            try:
                return one(value, place)
            except Malformed:
                continue
        if isinstance(value, list | tuple | Mapping):
            is_list = not isinstance(value, Mapping)
            for option in others:
                if len(others) == 1 or (get_origin(option) is tuple) == is_list:
                    return _reader(option)(value, place)
        raise _malformed(value, place, kind)

    return reader


def _tagged_reader(kind: Any, tagged: Tagged) -> Reader:
    def reader(value: Any, place: str) -> Any:
        if not isinstance(value, Mapping):
            raise _malformed(value, place, kind)
        word = value.get(tagged.member, tagged.otherwise)
        if not isinstance(word, str) or word not in tagged.kinds:
            raise _malformed(word, _member(place, tagged.member), Literal[tuple(tagged.kinds)])
        return _reader(tagged.kinds[word])(value, place)

    return reader


def _list_reader(kind: Any, items: tuple[Any, ...]) -> Reader:
    any_length = items[-1] is Ellipsis

    def reader(value: Any, place: str) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple) or not (any_length or len(value) == len(items)):
            raise _malformed(value, place, kind)
        kinds = items[:1] * len(value) if any_length else items
        return tuple(_reader(one)(inner, f"{place}[{i}]") for i, (one, inner) in enumerate(zip(kinds, value, strict=True)))

    return reader


def _mapping_reader(kind: Any, inner: Any) -> Reader:
    def reader(value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise _malformed(value, place, kind)
        return {key: _reader(inner)(one, _member(place, key)) for key, one in value.items()}

    return reader


def _object_reader(kind: Any) -> Reader:
    hints = hints_of(kind)
    constants = {name: getattr(kind, name) for name in getattr(kind, "derived", ()) if type(getattr(kind, name)) is int}

    def reader(value: Any, place: str) -> Any:
        if not isinstance(value, Mapping):
            raise _malformed(value, place, kind)
        for name, constant in constants.items():
            if value.get(name) != constant:
                raise Malformed(f"{_member(place, name)}: found {found(value.get(name))}, expected {constant}")
        return kind(**{field.name: _field(field, value, place) for field in fields(kind) if not _absent(field, value)})

    def _absent(field: Field, value: Mapping[str, Any]) -> bool:
        return field.name not in value and default_of(field) is not MISSING

    def _field(field: Field, value: Mapping[str, Any], place: str) -> Any:
        inner = _member(place, field.name)
        if field.name not in value:
            raise Malformed(f"{inner}: missing, expected {expected(hints[field.name])}")
        return _reader(hints[field.name])(value[field.name], inner)

    return reader


def _member(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _malformed(value: Any, place: str, kind: Any) -> Malformed:
    return Malformed(f"{place or 'the document'}: found {found(value)}, expected {expected(kind)}")


def found(value: Any) -> str:
    """What a value is, in words. Numbers, booleans and null are quoted, as they identify no patient; text is not."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, str):
        return "text"
    return f"a list of {len(value)}" if isinstance(value, list | tuple) else "an object"


def expected(kind: Any) -> str:
    """What an annotation asks for, in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return " or ".join(map(expected, arguments))
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is tuple and arguments[-1] is Ellipsis:
        return "a list"
    if origin is tuple:
        same = set(arguments) == {float} or set(arguments) == {int}
        return f"{COUNTS.get(len(arguments), len(arguments))} {'numbers' if same else 'values'}"
    return SCALARS.get(kind, "an object")
