"""Export of a finished result: report, tables, and DICOM objects of the patient's study, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..atomic import EXPORT, result_folder
from ..errors import InputError, MissingPackage
from ..intake.source import Given, ImageSource
from ..progress import Progress, part, silent
from ..results.reader import ResultFolder
from .format import Export
from .formats import DICOM_FORMATS, FORMATS, format_named, nothing, obstacle
from .from_scene import SceneRemains
from .listing import images_of, write_list
from .outcome import Exported, NotWritten, Outcome
from .remains import is_remains

COST_A_FORMAT = (InputError, MissingPackage)


def export_result(
    result: str | Path,
    out: str | Path,
    formats: Sequence[str] = DICOM_FORMATS,
    *,
    ct: Given | None = None,
    pet: Given | None = None,
    progress: Progress = silent,
    overwrite: bool = False,
) -> Outcome:
    """Write a result of ``dmdp predict`` into the folder ``out``; says what was written, and what was not and why.

    ``result`` is the folder that ``dmdp predict`` wrote, or what a saved scene holds of one (:mod:`dmdp.report.remains`).
    ``formats`` are names of :data:`dmdp.report.formats.FORMATS`. The DICOM ones need ``ct`` and ``pet``, folders with the DICOM
    series (or the whole study) that the result was made from; that they are is proven by their voxels, so that no result lands
    in another patient's study. What is missing for one format (a package, the DICOM series, heatmaps) costs that format alone;
    a defect of the DICOM series costs the DICOM formats, which stand or fall together.

    ``out`` may be new, empty, or an earlier export of the same images (or, with ``overwrite``, of others), whose files are
    replaced; other files in it stay. It lies apart from the result and the series.

    Raises :class:`UsageError` for an unknown format, :class:`OutputError` if ``out`` cannot be written,
    :class:`InputError` subclasses if the result cannot be used, and, if no format could be written, the reason:
    :class:`MissingPackage` or an :class:`InputError` subclass. Whatever is raised, ``out`` is as it was.
    """
    progress(0.0, "reading the result")
    for name in formats:
        format_named(name)
    path = Path(result).expanduser()
    source = SceneRemains.read(path) if is_remains(path) else ResultFolder.read(path)
    images = source.result.prediction.images
    obstacles = {
        name: obstacle(name, ct, pet, images) or source.obstacle(FORMATS[name].needs) for name in FORMATS if name in formats
    }
    missing = {name: error for name, error in obstacles.items() if error is not None}
    target = Path(out).expanduser().absolute()
    objects = [name for name in obstacles if name in DICOM_FORMATS and name not in missing]
    read = [given for given in (ct, pet) if given] if objects else []
    inputs = [path, *(folder for given in read for folder in ImageSource.of(given).read_from)]
    with result_folder(target, EXPORT, overwrite=overwrite, keep_others=True, inputs=inputs) as aside:
        aside.made_from(images_of(source.result.prediction))
        export = Export(source, aside.folder, ct, pet, part(progress, 0.1, 0.95))
        written: dict[Path, tuple[str, Exported]] = {}  # with the format that asked for it first: two may share a file
        for name in obstacles:
            if name in missing:
                continue
            try:
                for item in FORMATS[name].write(FORMATS[name], export):
                    written.setdefault(item.path, (name, item))
            except COST_A_FORMAT as error:
                missing.update(dict.fromkeys(objects if name in objects else [name], error))
                for path in [path for path, (asker, _item) in written.items() if asker in missing]:
                    written.pop(path)
                    path.unlink()
        files = tuple(item for _asker, item in written.values())
        outcome = Outcome(files, tuple(NotWritten(name, missing[name]) for name in FORMATS if name in missing))
        if not written:
            raise nothing(outcome.not_written)
        write_list(aside.folder, outcome)
        progress(0.98, "done, moving the export into place")
    progress(1.0, "exported")
    return replace(outcome, written=tuple(replace(item, path=target / item.path.name) for item in outcome.written))
