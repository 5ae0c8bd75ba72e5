"""A parameter's value as one wrapper knows it.

Read in Slicer (Base/Python/slicer/parameterNodeWrapper/wrapper.py, ``_CachedParameterWrapper``): every wrapper keeps the values
of its parameters, and each value follows the node by an observer of its own. Nothing else is read from the node. Where two
wrappers share a node, as ``getParameterNode()`` makes a new one at every call, what one writes reaches the other by these
observers only.

Seen on VTK's own list of observers (here it is VTK's): an observer is put *before* the last one of its priority, so that the
one that was there first is called last. Another observer of the same priority may therefore be called before a value has been
read anew. One of a lower priority comes after them all.
"""

from __future__ import annotations

import weakref

import slicer
import vtk

from .parameters import Parameter


class CachedValue:
    """Reads when it is made and when the node says that it was modified; writes through."""

    def __init__(self, parameter: Parameter, node):
        self._parameter, self._node, self._writing = parameter, node, False
        self._read()
        itself = weakref.ref(self)  # else the observer would keep it, and its wrapper would never be collected
        self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: itself()._modified())

    def __del__(self):
        self._node.RemoveObserver(self._tag)

    def write(self, value) -> None:
        self._writing = True
        try:
            with slicer.util.NodeModify(self._node):
                self._parameter.write(self._node, value)
                self._read()  # before any observer asks
        finally:
            self._writing = False

    def _modified(self):
        if not self._writing:
            self._read()

    def _read(self):
        if not self._parameter.isIn(self._node):  # a closed scene leaves an empty node
            self._parameter.write(self._node, self._parameter.default)
        self.value = self._parameter.read(self._node)
