"""The Slicer-facing part of DMDP Training, one file per concern. No numerics here."""
