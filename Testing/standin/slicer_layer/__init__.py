"""What slicer-core lacks of Slicer's Python layer; its modules are found as ``slicer.<name>`` once installed."""
