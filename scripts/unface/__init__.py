"""unface: raw DICOM of a cohort in, a BIDS dataset that may be published out."""

__version__ = "0.1.0"
