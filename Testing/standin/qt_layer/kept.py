"""Properties of stand-in widgets that keep their value and do nothing else."""

from __future__ import annotations

from PySide6 import QtCore


def kept(kind, attribute: str, default, notify: str = ""):
    """A property that keeps its value in ``attribute``; a change emits the signal named ``notify``, if there is one."""

    def write(self, value):
        changed = value != self.__dict__.get(attribute, default)
        self.__dict__[attribute] = value
        if changed and notify:
            getattr(self, notify).emit(value)

    return QtCore.Property(kind, lambda self: self.__dict__.get(attribute, default), write)
