"""The regions in which features are measured: the lesion's CT sub-regions and the shells round it, within the thorax."""
