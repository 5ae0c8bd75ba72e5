"""Voxel grids, image files, and how one grid is carried onto another."""
