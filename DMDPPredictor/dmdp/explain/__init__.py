"""Which parts of the images the network used: heatmaps in the scanner's geometry."""
