"""Grey levels: from values to bins 1, 2, …"""

from __future__ import annotations

import numpy as np

from .compiled import kernel
from .profile import Profile


def grey_levels(values: np.ndarray, profile: Profile) -> np.ndarray:
    """Bin number (n,) int32 from 1 of each value of a region (n,) float32.

    With ``bin_width`` the bins start at the multiple of it at or below the lowest value (IBSI fixed bin size starts at the
    lowest value instead); with ``bin_count`` they divide the range evenly. The edges are as precise as the values: PyRadiomics
    bins in single precision, and in double a value may fall on the other side of an edge.
    """
    if profile.bin_count is not None:
        edges = np.histogram_bin_edges(values, profile.bin_count)
        edges[-1] += 1
    else:
        low = values.min() - values.min() % profile.bin_width
        if profile.ibsi:
            fixed = profile.resegment is not None and profile.resegment_mode == "absolute"
            low = min(profile.resegment) if fixed else values.min()
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
