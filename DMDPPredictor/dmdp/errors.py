"""Errors that a person can act on: what was found, what was expected, what to do.

Every error that bad input can cause is a :class:`DmdpError`. Its subclass decides the exit code of the command line;
its ``code`` is a stable word for programs. Messages never carry a patient's name, birth date or identifier,
and of a path its last part alone (:func:`base_name`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

IN_SLICER = "DMDP_IN_SLICER"  # set for the child processes that run in Slicer's own Python


def base_name(path: str | os.PathLike[str]) -> str:
    """How every message names a path of the user's: by its last part alone, as folders often bear the names of patients."""
    return Path(path).name or os.fspath(path)


class DmdpError(Exception):
    """Base of all expected failures.

    Parameters
    ----------
    code: stable machine-readable word, e.g. ``suv.missing_tag``
    found: what was met
    expected: what would have been right
    remedy: what the person can do now
    """

    exit_code = 1

    def __init__(self, code: str, found: str, expected: str, remedy: str):
        self.code, self.found, self.expected, self.remedy = code, found, expected, remedy
        super().__init__(f"{found} Expected: {expected} What to do: {remedy}")

    def __reduce__(self):
        """Errors keep their class and words when they come from another process, even if a subclass has another constructor."""
        return remade, (type(self), self.code, self.found, self.expected, self.remedy), self.__dict__

    def to_json(self) -> dict[str, str]:
        """The object that the JSON job protocol carries."""
        return {
            "type": type(self).__name__,
            "code": self.code,
            "found": self.found,
            "expected": self.expected,
            "remedy": self.remedy,
        }


def remade(kind: type[DmdpError], code: str, found: str, expected: str, remedy: str) -> DmdpError:
    """An error of a ``kind`` with these words, whatever the parameters of its own constructor are."""
    error = kind.__new__(kind)
    DmdpError.__init__(error, code, found, expected, remedy)
    return error


class UsageError(DmdpError):
    """The command was called wrongly."""

    exit_code = 2


class InputError(DmdpError):
    """The patient's data cannot be used."""

    exit_code = 3


class DicomError(InputError):
    """A DICOM folder, series or file cannot be used."""


class SuvError(InputError):
    """SUV cannot be computed from what the PET headers say."""


class GeometryError(InputError):
    """Images or masks do not lie in one space, or outside one another."""


class ImageMissing(InputError):
    """A step needs an image that the patient does not have."""


class LesionError(InputError):
    """The lesion is empty, too small, or the seed is not in one."""


class OutputError(InputError):
    """Results cannot be written where they were asked for."""


class ModelError(DmdpError):
    """A model bundle is damaged, unsafe, or does not fit this version."""

    exit_code = 4


class OutOfMemory(DmdpError):
    """The machine has too little memory for this step."""

    exit_code = 5


class Cancelled(DmdpError):
    """The person, or the program above, stopped the job."""

    exit_code = 6

    def __init__(self) -> None:
        super().__init__(
            "cancelled", "The job was cancelled.", "a job that runs to its end.", "Start it again if you want its result."
        )


class MissingPackage(DmdpError):
    """A Python package that this step needs cannot be imported.

    ``extra`` is the extra of this project that brings it. A child process of Slicer (:data:`IN_SLICER` is in its environment)
    is told what to do there.
    """

    exit_code = 7

    def __init__(self, package: str, purpose: str, extra: str | None = None):
        self.package = package
        super().__init__(
            "package.missing",
            f"The Python package '{package}' cannot be imported; it is needed for {purpose}.",
            f"'{package}' to be installed in this Python.",
            _in_slicer(package) if os.environ.get(IN_SLICER) else _install(package, extra),
        )


def _install(package: str, extra: str | None) -> str:
    return f"Install it: pip install 'dmdp[{extra}]'" if extra else f"Install it: pip install {package}"


def _in_slicer(package: str) -> str:
    if package == "torch":
        return "Install the PyTorch extension with Slicer's Extensions Manager."
    typed = f"slicer.util.pip_install('{package}')"
    return f"Allow its installation when DMDP Predictor asks, or type {typed} in Slicer's Python console."


def error_from_json(document: Mapping[str, str]) -> DmdpError:
    """The inverse of :meth:`DmdpError.to_json`: an error of the same class, with the same words.

    Raises ``KeyError`` if a field is missing.
    """
    kind = globals().get(document["type"])
    error = DmdpError.__new__(kind if isinstance(kind, type) and issubclass(kind, DmdpError) else DmdpError)
    DmdpError.__init__(error, document["code"], document["found"], document["expected"], document["remedy"])
    return error
