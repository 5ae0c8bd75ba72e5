"""How a value of one type is kept in a parameter node: nodes as references, enums by name, everything else as text."""

from __future__ import annotations

import enum
import pathlib
import types
import typing

import slicer

from .annotations import Default

PLAIN = (str, int, float, bool, pathlib.Path)
ABSENT = ".isNone"  # beside a parameter that may be None


class Parameter:
    """One annotated member of a wrapper class.

    ``types`` are the types it may have without None, ``optional`` says whether it may be None. Raises TypeError for a type that
    cannot be kept.
    """

    def __init__(self, name: str, annotation, *default):
        self.name = name
        kind, *notes = typing.get_args(annotation) if hasattr(annotation, "__metadata__") else (annotation,)
        union = typing.get_origin(kind) in (typing.Union, types.UnionType)
        members = typing.get_args(kind) if union else (kind,)
        self.types = tuple(member for member in members if member is not type(None))
        self.isNode = all(_isNode(member) for member in self.types)
        self.optional = self.isNode or len(self.types) < len(members)
        if not self.isNode and (len(self.types) != 1 or not _isKept(self.types[0])):
            raise TypeError(f"{name}: {kind} cannot be kept in a parameter node")
        self.validators = [note for note in notes if hasattr(note, "validate")]
        given = [note for note in notes if isinstance(note, Default)]
        self._default = Default(*default) if default else given[0] if given else Default(generator=self._plainDefault)

    @property
    def type(self):
        """The type of what is not a node; None where the value may be missing, as no widget shows that."""
        return None if self.isNode or self.optional else self.types[0]

    @property
    def default(self):
        return self._default.value

    def _plainDefault(self):
        if self.optional:
            return None
        kind = self.types[0]
        return next(iter(kind)) if issubclass(kind, enum.Enum) else kind()

    def isIn(self, node) -> bool:
        return bool(node.HasParameter(self.name))

    def read(self, node):
        if self.isNode:
            return node.GetNodeReference(self.name)
        if self.optional and node.GetParameter(self.name + ABSENT):
            return None
        kind, text = self.types[0], node.GetParameter(self.name)
        if issubclass(kind, enum.Enum):
            return kind[text]
        return text == "True" if kind is bool else kind(text)

    def write(self, node, value) -> None:
        self._check(value)
        with slicer.util.NodeModify(node):
            if self.isNode:
                node.SetParameter(self.name, "")
                node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
                return
            if self.optional:
                node.SetParameter(self.name + ABSENT, "1" if value is None else "")
            text = value.name if isinstance(value, enum.Enum) else "" if value is None else str(value)
            node.SetParameter(self.name, text)

    def _check(self, value) -> None:
        if value is None and self.optional:
            return
        allowed = (int, float) if self.types == (float,) else self.types
        if not isinstance(value, allowed):
            raise TypeError(f"{self.name} takes {' or '.join(t.__name__ for t in self.types)}, not {value!r}")
        for validator in self.validators:
            validator.validate(value)


def _isNode(kind) -> bool:
    return isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)


def _isKept(kind) -> bool:
    return isinstance(kind, type) and (kind in PLAIN or issubclass(kind, enum.Enum))
