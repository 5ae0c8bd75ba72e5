"""The functions that write the formats of an export; a package that a format needs is imported when it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..errors import MissingPackage
from ..results import layout
from .format import Export, Format
from .outcome import Exported

TABLES: Mapping[str, str] = {layout.FEATURES: "PET features, a table", layout.CT_FEATURES: "features of the CT regions, a table"}
OPTIONAL = frozenset({layout.CT_FEATURES})  # absent if the CT has no regions, or their package was missing


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
    """The lesion on the PET, and the lesion and its regions on the CT, as far as there are these images."""
    return export.objects.lesions()


def structured_report(item: Format, export: Export) -> Iterator[Exported]:
    """The report, and the lesion on the PET (without one, on the CT), to which it refers."""
    yield export.objects.leading_lesion()
    yield export.objects.report(item.title)


def parametric_maps(item: Format, export: Export) -> Iterator[Exported]:
    """A map for each heatmap."""
    return export.objects.maps()
