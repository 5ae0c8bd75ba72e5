"""Grey levels: from values to bins 1, 2, …"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .compiled import kernel

if TYPE_CHECKING:
    from .settings import Settings

MOST_LEVELS = 10_000_000
MOST_BYTES = 2**29  # of the counts of pairs; the features of these take several times as much


def too_many_levels(what: str, levels: int | None, profile: Settings | None) -> InputError:
    """The error for settings that part the values of ``what`` into more grey ``levels`` than can be counted."""
    width = "" if profile is None or profile.bin_count else f"With a bin width of {profile.bin_width:g} "
    has = f"{width}{what} has {levels or 'more'} grey levels{'' if levels else ' than its values are precise'}"
    return InputError(
        "radiomics.levels",
        f"{has[0].upper()}{has[1:]}: too many to be counted in memory.",
        "a bin width (binWidth, bin_width) that parts the values into some 16 to 128 levels.",
        "Choose a larger bin width, or a number of bins (binCount, bin_count).",
    )


def check_levels(directions: int, present: np.ndarray, profile: Settings) -> None:
    """Raise :class:`InputError` if the pairs of grey levels ``present`` in so many ``directions`` are too many to count."""
    if directions * 8 * (len(present) ** 2 + 4 * int(present[-1])) > MOST_BYTES:
        raise too_many_levels("a region", len(present), profile)


def grey_levels(values: np.ndarray, profile: Settings) -> np.ndarray:
    """Bin number (n,) int32 from 1 of each value of a region (n,) float32.

    With ``bin_width`` the bins start at the multiple of it at or below the lowest value (IBSI fixed bin size starts at the
    lowest value instead); with ``bin_count`` they divide the range evenly. The edges are as precise as the values: PyRadiomics
    bins in single precision, and in double a value may fall on the other side of an edge. Raises :class:`InputError` if the
    bins are too many, or narrower than the values are precise, or if these are not finite.
    """
    reach = float(np.ptp(values))
    number = profile.bin_count or reach / profile.bin_width
    if not np.isfinite(reach):
        raise InputError(
            "radiomics.not_finite",
            "A region has values that are not finite after filtering.",
            "finite values.",
            "Leave out the filter, or interpolate linearly.",
        )
    narrow = profile.bin_count is None and profile.bin_width < 4 * np.spacing(float(np.abs(values).max()))
    if number > MOST_LEVELS or narrow:
        raise too_many_levels("a region", None if narrow else int(number), profile)
    if profile.bin_count is not None:
        edges = np.histogram_bin_edges(values, profile.bin_count)
        edges[-1] += 1
    else:
        low = values.min() - values.min() % profile.bin_width
        if profile.ibsi:
            absolute = profile.resegment_mode == "absolute"
            low = min(profile.resegment) if absolute and profile.resegment is not None else values.min()
        edges = np.arange(low, values.max() + 2 * profile.bin_width, profile.bin_width)
        if len(edges) == 1:
            edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    return _digitized(values, edges.astype(float), float(edges[1] - edges[0]))


@kernel
def _digitized(values, edges, width):
    """The number of ``edges`` (evenly spaced but for rounding) at or below each value: guessed by division, then corrected."""
    found = np.empty(len(values), np.int32)
    low, last = edges[0], len(edges)
    for n in range(len(values)):
        bin = min(max(int((values[n] - low) / width) + 1, 0), last)
        while bin < last and values[n] >= edges[bin]:
            bin += 1
        while bin > 0 and values[n] < edges[bin - 1]:
            bin -= 1
        found[n] = bin
    return found
