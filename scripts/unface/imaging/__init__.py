"""Volumes in space: images on grids, resampling, reading and writing NIfTI."""
