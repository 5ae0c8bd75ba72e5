"""The part of Slicer's module Sample Data that other modules meet.

Read in Slicer's SampleData.py (main, 2026): sources are kept in ``slicer.modules.sampleDataSources``, a list for each category; a
single address makes lists of one, and all lists must be of one length (none at all, ``uris=None``, is a TypeError); a source that
prints like one that is there is not added again. The panel makes a QToolButton for each, named ``<sampleName>PushButton``, with
the file of the thumbnail as its icon; its click calls ``customDownloader(source)`` and ignores what that returns, or else
downloads. ``downloadFromSource`` (``SampleData.downloadSample`` in the console) knows nothing of ``customDownloader``: it fetches
the addresses.
"""

from __future__ import annotations

import os

import qt
import slicer

LISTS = ("uris", "fileNames", "nodeNames", "checksums", "loadFiles", "loadFileTypes")


class SampleDataSource:
    def __init__(self, sampleName=None, customDownloader=None, thumbnailFileName=None, **lists):
        self.sampleName, self.customDownloader, self.thumbnailFileName = sampleName, customDownloader, thumbnailFileName
        uris = lists.get("uris")
        for name in LISTS:
            value = lists.get(name)
            if isinstance(uris, str):
                value = [value]
            elif value is None and uris is not None and name != "fileNames":
                value = [None] * len(uris)
            setattr(self, name, value)
        if len({len(getattr(self, name)) for name in LISTS}) != 1:
            raise ValueError("All fields of a source must have the same length")

    def __str__(self):
        return "\n".join(f"{name}: {value}" for name, value in sorted(vars(self).items()))

    def __eq__(self, other):
        return str(self) == str(other)

    __hash__ = None


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataSource(category="Custom", **words):
        if not hasattr(slicer.modules, "sampleDataSources"):
            slicer.modules.sampleDataSources = {}
        sources = slicer.modules.sampleDataSources.setdefault(category, [])
        source = SampleDataSource(**words)
        if source not in sources:
            sources.append(source)

    def downloadFromSource(self, source):
        for uri in source.uris:
            raise ConnectionError(f"{uri}: there is no network here")
        return []


def button(source: SampleDataSource) -> qt.QToolButton:
    """The button of a source in the panel."""
    made = qt.QToolButton()
    made.text, made.name = source.sampleName, f"{source.sampleName}PushButton"
    if source.thumbnailFileName and os.path.exists(source.thumbnailFileName):
        made.setIcon(qt.QIcon(source.thumbnailFileName))
    made.connect("clicked()", lambda: (source.customDownloader or SampleDataLogic().downloadFromSource)(source))
    return made
