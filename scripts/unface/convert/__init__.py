"""Clean DICOM to BIDS: acquisitions, repeats, field maps, sidecars, NIfTI headers."""
