"""The form of an export format, and what it is written from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..intake.source import Given
from ..progress import Progress
from ..results.reader import Part, ResultFolder
from .outcome import Exported

if TYPE_CHECKING:
    from .dicom.objects import Objects
    from .from_scene import SceneRemains


@dataclass(frozen=True)
class Format:
    """A format of an export.

    Attributes
    ----------
    name : str
        As in ``--format``.
    title : str
        For a person.
    write : callable
        From the format and an :class:`Export` to the files, each yielded after it was written. It raises
        :class:`dmdp.errors.InputError` subclasses or :class:`dmdp.errors.MissingPackage` if this result cannot be written so.
    needs : set of Part
        The parts of a result that it is made from, if a result may lack them.
    package, extra : str or None
        The pip package that it takes, and the extra of ours that brings it.
    dicom : bool
        Whether it needs the DICOM series of CT and PET; such formats stand or fall together.
    usual : bool
        Whether a person who names no format most likely means it; the panel ticks it.
    """

    name: str
    title: str
    write: Callable[[Format, Export], Iterator[Exported]]
    needs: Set[Part] = frozenset()
    package: str | None = None
    extra: str | None = None
    dicom: bool = False
    usual: bool = False


@dataclass(frozen=True, eq=False)
class Export:
    """What a format is written from.

    ``source`` is the result, whose files it gives as bytes; ``folder`` takes the new files; ``ct`` and ``pet`` are the DICOM
    series, None if the images came from no DICOM files.
    """

    source: ResultFolder | SceneRemains
    folder: Path
    ct: Given | None
    pet: Given | None
    progress: Progress

    @cached_property
    def objects(self) -> Objects:
        """The DICOM objects of the result, for the series, which are read now and proven to be those of the result.

        Raises :class:`MissingPackage` or :class:`InputError` subclasses.
        """
        from .dicom.objects import find_objects

        return find_objects(self.folder, self.source.result, self.ct, self.pet, self.progress)

    def content(self, file: str) -> bytes:
        """A file of the result; raises :class:`InputError` if the result lacks it."""
        content = self.source.content(file)
        if content is None:
            raise InputError(
                "export.incomplete",
                f"The result lacks '{file}'.",
                "the folder as 'dmdp predict' wrote it.",
                "Predict again, then export.",
            )
        return content

    def put(self, item: Format, file: str, content: bytes, holds: str | None = None) -> Exported:
        """Write a file of the format; ``holds`` says what is in it, the format's title if it is left out."""
        (self.folder / file).write_bytes(content)
        return Exported(self.folder / file, item.name, holds or item.title)
