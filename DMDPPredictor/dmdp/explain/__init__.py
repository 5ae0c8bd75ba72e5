"""Where did the network look? Heatmaps in the scanner's geometry."""
