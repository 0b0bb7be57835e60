"""What the stages of this room leave for one another; a stage that only reads it starts without ANTs."""

MEASURES = "measures.tsv"
"""The measures of one session's images."""
REGIONS = "regions.tsv"
"""Beside the label images: what their numbers stand for."""
AGREEMENT = "agreement.tsv"
"""Those measures before and after defacing."""
LABELS = "labels"
"""Folder of the label images."""
TISSUES = ("csf", "gm", "wm")
"""In the order of their labels, from 1."""
