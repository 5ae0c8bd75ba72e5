"""The Slicer-facing side of DMDPPredictor: nodes to cases, jobs, and results to nodes. No numerics here."""
