"""Where features are measured: the lesion's CT sub-regions and the shells round it, within the thorax."""

from .ct_regions import MEANINGS, REGION_COLOURS, Regions, ct_regions

__all__ = ["MEANINGS", "REGION_COLOURS", "Regions", "ct_regions"]
