"""Progress of a long training for a person: the time left, and curves that are redrawn as it goes on."""

from __future__ import annotations

import time
from pathlib import Path

from dmdp.progress import Progress

from .curves import draw_curves

REDRAW_S = 20.0


def live(progress: Progress, folder: Path, clock=time.monotonic) -> Progress:
    """``progress`` with an estimate of the time left, that redraws the curves in ``folder`` every twenty seconds at most."""
    started, drawn = clock(), clock()
    first: float | None = None

    def report(share: float, words: str) -> None:
        nonlocal first, drawn
        now = clock()
        first = share if first is None else first  # what an earlier, stopped run had done costs no time now
        if share - first > 0.01:
            left = (now - started) / (share - first) * (1 - share)
            words += f"; about {left / 60:.0f} min left in all"
        if now - drawn > REDRAW_S:
            draw_curves(folder)
            drawn = now
        progress(share, words)

    return report
