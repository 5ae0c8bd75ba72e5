"""``qt`` as PythonQt offers it, on PySide6.

What differs between the two is reproduced by patching attribute access of QObject: properties are plain attributes
(``label.text = "x"``), setters stay beside them, signals are connected by C++ signature (``connect("clicked()", f)``), and a
name that a running Slicer does not have raises AttributeError instead of making a new attribute. Enums are whole numbers.
Exceptions in slots, which Qt swallows, are kept in ``raised``. Settings lie in a temporary folder.
"""

from __future__ import annotations

import enum
import functools
import inspect
import os
import tempfile
import traceback
import xml.etree.ElementTree as ElementTree

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYSIDE6_OPTION_PYTHON_ENUM", "3")  # enums as int, before PySide6

import slicer_api
import truth
from dialogs import QDesktopServices, QFileDialog, QMessageBox  # noqa: F401
from PySide6 import QtCore, QtGui, QtUiTools, QtWidgets

raised: list[str] = []
stand_ins: dict[str, type] = {}  # classes of the application's own widgets, by name

_get = QtCore.QObject.__getattribute__
_connect, _disconnect = QtCore.QObject.connect, QtCore.QObject.disconnect
_METHODS_IN_PYTHONQT = ("sizeHint", "minimumSizeHint")  # virtual: Shiboken looks them up by name
_COMMON = frozenset(dir(QtWidgets.QWidget)) | {"className", "connect", "disconnect", "delete", "name"}


def stand_in(cls: type) -> type:
    """Offer a class as the application's own of that name, in .ui files too."""
    stand_ins[cls.__name__] = cls
    return cls


@functools.cache
def _properties(cls: type, meta) -> dict[str, bool]:
    """Writable or not, by the name of the property."""
    found = (meta.property(i) for i in range(meta.propertyCount()))
    return {p.name(): p.isWritable() for p in found if p.name() not in _METHODS_IN_PYTHONQT}


def _of(instance) -> dict[str, bool]:
    return _properties(type(instance), _get(instance, "metaObject")())


def _ours(cls: type) -> bool:
    return stand_ins.get(cls.__name__) is cls


@functools.cache
def _allowed(cls: type) -> frozenset[str]:
    """The public names of one of our own classes: those listed for it and for the classes below it, and QWidget's."""
    listed = [slicer_api.names(base.__name__) or () for base in cls.__mro__]
    return frozenset().union(_COMMON, _own(QtWidgets.QWidget), _own(QtCore.QObject), *listed)


def _refuse(instance, name: str) -> None:
    """Raise for a public name that the class does not have in a running Slicer."""
    for cls in type(instance).__mro__:
        if _ours(cls):
            if name in slicer_api.QT6_ONLY or (name not in _allowed(cls) and not _inherited(cls, name)):
                raise AttributeError(f"{cls.__name__} has no '{name}' in Slicer")
            return
        if name in cls.__dict__ and not cls.__module__.startswith("PySide6"):  # what a subclass in Python adds
            return
        listed = slicer_api.names(cls.__name__)
        newer = listed is not None and (name in slicer_api.QT6_ONLY or name in _own(cls)) and name not in listed
        if newer and name in dir(cls):
            raise AttributeError(f"{cls.__name__} has no '{name}' in Slicer")


def _inherited(cls: type, name: str) -> bool:
    """Whether a name is that of the Qt class below ours."""
    return any(name in base.__dict__ for base in cls.__mro__ if base.__module__.startswith("PySide6"))


@functools.cache
def _own(cls: type) -> frozenset[str]:
    """Properties, signals and slots that a Qt class itself adds."""
    meta = cls.staticMetaObject
    properties = {meta.property(i).name() for i in range(meta.propertyOffset(), meta.propertyCount())}
    methods = {bytes(meta.method(i).name()).decode() for i in range(meta.methodOffset(), meta.methodCount())}
    return frozenset(properties | methods)


def _getattribute(self, name: str):
    if name[0] == "_" or name in ("metaObject", "property", "setProperty", "parent"):
        return _get(self, name)
    if name in ("connect", "disconnect"):
        return functools.partial(_by_signature if name == "connect" else _forget, self)
    name = "objectName" if name == "name" else name
    try:
        properties = _of(self)
    except (RuntimeError, AttributeError):  # not constructed yet, or deleted in C++
        return _get(self, name)
    _refuse(self, name)
    if name in properties:
        value = _get(self, "property")(name)
        return value.value if isinstance(value, enum.Enum) and not isinstance(value, int) else value
    if name.encode() in [bytes(b) for b in _get(self, "dynamicPropertyNames")()]:
        return _get(self, "property")(name)
    return _get(self, name)


def _setattr(self, name: str, value) -> None:
    if name[0] == "_":
        _store(self, name, value)
        return
    if QUiLoader.busy and isinstance(value, QtCore.QObject):  # PySide's loader names the children on their parent
        return
    name = "objectName" if name == "name" else name
    try:
        properties = _of(self)
    except (RuntimeError, AttributeError):
        _store(self, name, value)
        return
    _refuse(self, name)
    if name in properties:
        if not properties[name] or not _get(self, "setProperty")(name, list(value) if isinstance(value, tuple) else value):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be set to {value!r}")
    elif name.encode() in [bytes(b) for b in _get(self, "dynamicPropertyNames")()]:
        _get(self, "setProperty")(name, value)
    elif isinstance(value, QtCore.SignalInstance):  # PySide keeps bound signals on the instance
        _store(self, name, value)
    else:
        raise AttributeError(f"{type(self).__name__} has no property '{name}'")


def _store(self, name: str, value) -> None:
    """``object.__setattr__`` by hand: CPython refuses the original once the bases are patched."""
    for cls in type(self).__mro__:
        descriptor = cls.__dict__.get(name)
        if descriptor is not None and hasattr(type(descriptor), "__set__"):
            type(descriptor).__set__(descriptor, self, value)
            return
    self.__dict__[name] = value


def _signal(instance, signature: str):
    """``valueChanged(double)`` → the bound PySide signal; raises where Slicer's class has no such signal."""
    wanted = signature.replace(" ", "")
    name = wanted.split("(")[0]
    ours = [cls for cls in type(instance).__mro__ if _ours(cls)]
    if any(wanted in slicer_api.methods(cls.__name__) for cls in ours):
        return _get(instance, name)
    if ours and not _inherited(ours[-1], name):
        raise AttributeError(f"{ours[0].__name__} has no signal '{signature}' in Slicer")
    _refuse(instance, name)
    meta = _get(instance, "metaObject")()
    if meta.indexOfSignal(bytes(QtCore.QMetaObject.normalizedSignature(wanted)).decode()) < 0:
        raise AttributeError(f"{type(instance).__name__} has no signal '{signature}'")
    signal, arguments = _get(instance, name), wanted[wanted.index("(") + 1 : -1]
    try:
        return signal[arguments] if arguments else signal
    except (IndexError, KeyError, TypeError):
        return signal


def _by_signature(self, signature, slot, *rest):
    if not isinstance(signature, str) or rest:  # PySide's own forms
        return _connect(signature, slot, *rest)
    given = 0 if signature.endswith("()") else signature.count(",") + 1

    def call(*arguments):
        try:
            return slot(*arguments[: min(given, _capacity(slot))])
        except Exception:
            raised.append(traceback.format_exc())
            return None

    _signal(self, signature).connect(call)
    self.__dict__.setdefault("_connected", []).append((signature, slot, call))
    return True


def _capacity(slot) -> int:
    parameters = inspect.signature(slot).parameters.values()
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return 99
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _forget(self, signature, slot):
    for connected in self.__dict__.get("_connected", []):
        if connected[:2] == (signature, slot):
            _signal(self, signature).disconnect(connected[2])
            self._connected.remove(connected)
            return True
    return False


def _patch() -> None:
    QtCore.QObject.__getattribute__ = _getattribute
    truth.install()
    for module in (QtCore, QtGui, QtWidgets):
        for cls in (getattr(module, name) for name in dir(module)):
            if isinstance(cls, type) and issubclass(cls, QtCore.QObject):  # Shiboken gives every type its own setter
                cls.__setattr__ = _setattr
    QtCore.QObject.className = lambda self: _get(self, "metaObject")().className()


_patch()
application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["standin"])
application.setOrganizationName("standin")
QtCore.QSettings.setDefaultFormat(QtCore.QSettings.IniFormat)
for _format in (QtCore.QSettings.IniFormat, QtCore.QSettings.NativeFormat):
    QtCore.QSettings.setPath(_format, QtCore.QSettings.UserScope, tempfile.mkdtemp(prefix="settings-"))


class QUiLoader(QtUiTools.QUiLoader):
    """Makes the stand-ins for ``<customwidget>`` classes, and the connections that carry MRML types."""

    busy = False

    def createWidget(self, className, parent=None, name=""):
        if className not in stand_ins:
            if className not in self.availableWidgets():
                raise RuntimeError(f"the .ui uses {className}, which nothing here stands in for")
            return super().createWidget(className, parent, name)
        widget = stand_ins[className](parent)
        widget.setObjectName(name)
        self._made = [*getattr(self, "_made", ()), widget]
        return widget

    def load(self, file, parent=None):
        root = ElementTree.parse(file.fileName()).getroot()
        quiet = QtCore.qInstallMessageHandler(lambda *message: None)  # Qt cannot know signals with MRML types
        QUiLoader.busy = True
        try:
            widget = super().load(file, parent)
        finally:
            QUiLoader.busy = False
            QtCore.qInstallMessageHandler(quiet)
        widget._kept = getattr(self, "_made", [])  # else Python forgets them
        children = {child.objectName: child for child in [widget, *widget.findChildren(QtCore.QObject)]}
        for connection in root.iter("connection"):
            sender, signal, receiver, slot = (connection.findtext(tag) for tag in ("sender", "signal", "receiver", "slot"))
            _signal(children[sender], signal).connect(getattr(children[receiver], slot.split("(")[0]))
        return widget


def __getattr__(name: str):
    for module in (QtCore, QtGui, QtWidgets):
        if hasattr(module, name):
            return getattr(module, name)
    raise AttributeError(f"qt has no '{name}'")
