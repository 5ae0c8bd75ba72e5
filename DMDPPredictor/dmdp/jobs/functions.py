"""Functions that other processes find by name, and the large inputs that they share within a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from ..errors import UsageError
from ..progress import Progress

Function = Callable[[Mapping[str, Any], Progress], Mapping[str, Any] | None]
"""Gets plain JSON and a progress, and answers plain JSON or nothing."""

Input = TypeVar("Input")
SEPARATOR, ROOT = ":", "dmdp"
_registered: dict[str, Function] = {}
_inputs: dict[str, Any] = {}


def piece_function(function: Function) -> Function:
    """Register a function of a module as ``module:name``, so that pieces can be done by it in any process.

    Its module belongs to ``dmdp`` or to a package whose name begins with ``dmdp_``. Raises ``ValueError`` for a function that no
    other process would find there.
    """
    if not function.__qualname__.isidentifier() or not _may_register(function.__module__):
        raise ValueError(f"{_name(function)} is no function of a module of dmdp or dmdp_…")
    _registered[_name(function)] = function
    return function


def function_name(function: Function) -> str:
    """The name of a registered function. Raises :class:`UsageError` if it is not registered."""
    name = _name(function)
    if _registered.get(name) is not function:
        raise _unknown(name)
    return name


def find_function(name: str) -> Function:
    """The registered function ``module:name``, whose module is imported if need be.

    Raises :class:`UsageError` for a name that no module of ours has registered.
    """
    module = name.partition(SEPARATOR)[0]
    if name not in _registered and _may_register(module):
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise  # a package that the module needs
    if name not in _registered:
        raise _unknown(name)
    return _registered[name]


def _name(function: Function) -> str:
    return f"{function.__module__}{SEPARATOR}{function.__qualname__}"


def _may_register(module: str) -> bool:
    package = module.partition(".")[0]
    return package == ROOT or package.startswith(f"{ROOT}_")


def _unknown(name: str) -> UsageError:
    return UsageError(
        "piece.function",
        f"There is no function '{name}' for pieces.",
        "the name module:function of one that is registered.",
        "Correct the name, or install the package that brings it.",
    )


def shared_input(key: str, load: Callable[[], Input]) -> Input:
    """What several pieces read and is large, such as a cohort; it is loaded once per process. ``key`` names its very content."""
    if key not in _inputs:
        _inputs[key] = load()
    return _inputs[key]


@contextmanager
def sharing(inputs: Mapping[str, Any]) -> Iterator[None]:
    """Within, the pieces that are done in this process get ``inputs`` by their keys, without loading them again."""
    _inputs.update(inputs)
    try:
        yield
    finally:
        for key in inputs:
            _inputs.pop(key, None)
