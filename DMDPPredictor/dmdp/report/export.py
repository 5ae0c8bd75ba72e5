"""A finished result leaves for others: report, tables, and DICOM objects of the patient's study, in one folder or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from .. import RESEARCH_USE_ONLY
from ..atomic import result_folder
from ..errors import InputError, MissingPackage
from ..progress import Progress, part, silent
from .formats import DICOM_FORMATS, FORMATS, Exported, obstacle
from .result import read_result

MARKER, PDF = "export.json", "report.pdf"
REPORT = "report.html"
COPIED = {  # format: file of the result, what it holds
    "html": {REPORT: FORMATS["html"].title},
    "json": {"prediction.json": FORMATS["json"].title},
    "csv": {"features.csv": "PET features, a table", "ct_features.csv": "features of the CT regions, a table"},
}
OPTIONAL = frozenset({"ct_features.csv"})  # absent where the CT has no regions, or their package was missing


def export_result(
    result: str | Path,
    out: str | Path,
    formats: Sequence[str] = DICOM_FORMATS,
    *,
    ct: str | Path | None = None,
    pet: str | Path | None = None,
    progress: Progress = silent,
) -> tuple[Exported, ...]:
    """Write a result of ``dmdp predict`` into the folder ``out`` and say what was written.

    ``formats`` are names of :data:`dmdp.report.formats.FORMATS`. The DICOM ones need ``ct`` and ``pet``, folders with the DICOM
    series (or the whole study) that the result was made from; that they are is proven by their voxels, so that no result lands
    in another patient's study. ``out`` may be new, empty, or an earlier export, which is replaced.

    Raises :class:`UsageError` for an unknown format, :class:`MissingPackage` where a format's package is absent,
    :class:`OutputError` where ``out`` cannot be written, :class:`InputError` subclasses where the result or the series cannot
    be used. Whatever is raised, ``out`` is as it was.
    """
    progress(0.0, "reading the result")
    found = read_result(result)
    for name in formats:
        error = obstacle(name, ct, pet)
        if error is not None:
            raise error
    chosen = [name for name in FORMATS if name in formats]
    target = Path(out).expanduser().absolute()
    with result_folder(target, marker=MARKER) as folder:
        written = list(_report(Path(result).expanduser(), folder, chosen))
        objects = [name for name in chosen if name in DICOM_FORMATS]
        if objects:
            from .dicom.objects import write_objects  # pydicom and highdicom

            written += write_objects(folder, objects, found, ct, pet, part(progress, 0.1, 0.95))
        _list(folder / MARKER, written)
        progress(0.98, "done, moving the export into place")
    progress(1.0, "exported")
    return tuple(replace(item, path=target / item.path.name) for item in written)


def _report(result: Path, folder: Path, formats: Sequence[str]) -> Iterator[Exported]:
    for name in formats:
        for file, holds in COPIED.get(name, {}).items():
            if file not in OPTIONAL or (result / file).exists():
                yield Exported(shutil.copy(_present(result / file), folder / file), name, holds)
        if name == "pdf":
            (folder / PDF).write_bytes(_pdf(_present(result / REPORT).read_text(encoding="utf-8")))
            yield Exported(folder / PDF, name, FORMATS[name].title)


def _pdf(page: str) -> bytes:
    try:
        from .pdf.document import render_pdf
    except ImportError as error:
        raise MissingPackage("reportlab", FORMATS["pdf"].title, "pdf") from error
    return render_pdf(page)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise InputError(
            "export.incomplete",
            f"The result lacks '{path.name}'.",
            "the folder as 'dmdp predict' wrote it.",
            "Predict again, then export.",
        )
    return path


def _list(path: Path, written: Sequence[Exported]) -> None:
    files = [
        {"file": item.path.name, "format": item.format, "holds": item.holds, "sop_instance_uid": item.uid} for item in written
    ]
    document = {"schema": 1, "research_use_only": RESEARCH_USE_ONLY, "files": files}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
