"""What writes each format of an export; a package that a format needs is imported when it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError, MissingPackage
from ..intake.source import Given
from ..progress import Progress
from ..results import layout
from ..results.reader import ResultFolder
from .outcome import Exported

if TYPE_CHECKING:
    from .dicom.objects import Objects
    from .formats import Format
    from .from_scene import SceneRemains

TABLES: Mapping[str, str] = {layout.FEATURES: "PET features, a table", layout.CT_FEATURES: "features of the CT regions, a table"}
OPTIONAL = frozenset({layout.CT_FEATURES})  # absent if the CT has no regions, or their package was missing


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


def copies(item: Format, export: Export, files: Sequence[str] | Mapping[str, str]) -> Iterator[Exported]:
    """Files of the result as they are, with what each holds; all are read before the first is written."""
    present = [file for file in files if file not in OPTIONAL or export.source.content(file) is not None]
    contents = {file: export.content(file) for file in present}
    for file, content in contents.items():
        yield export.put(item, file, content, files[file] if isinstance(files, Mapping) else None)


def pdf(item: Format, export: Export) -> Iterator[Exported]:
    """The page of the result, printed."""
    page = export.content(layout.REPORT).decode("utf-8")
    try:
        from .pdf.document import render_pdf
    except ImportError as error:
        raise MissingPackage("reportlab", item.title, "pdf") from error
    yield export.put(item, "report.pdf", render_pdf(page))


def segmentations(item: Format, export: Export) -> Iterator[Exported]:
    """The lesion on the PET, and the lesion and its regions on the CT."""
    yield export.objects.lesion_on_pet[1]
    yield export.objects.lesion_on_ct()


def structured_report(item: Format, export: Export) -> Iterator[Exported]:
    """The report, and the lesion on the PET, to which it refers."""
    yield export.objects.lesion_on_pet[1]
    yield export.objects.report(item.title)


def parametric_maps(item: Format, export: Export) -> Iterator[Exported]:
    """A map for each heatmap."""
    return export.objects.maps()
