"""What measuring leaves for other stages and pages; what only reads it starts without ANTs."""

from pathlib import Path
from typing import Literal

from unface.run.image_names import NIFTI, stem

MEASURES = "measures.tsv"
"""The measures of one session's images."""
LABELS = "labels"
"""Folder of the label images."""
REGIONS = "regions.tsv"
"""Beside the label images: what their numbers stand for."""
Kind = Literal["tissue", "regions"]
"""Of label images."""
TISSUES = ("csf", "gm", "wm")
"""In the order of their labels, from 1."""


def labels_file(measured: Path, image: str | Path, kind: Kind) -> Path:
    """The labels of one image's voxels.

    Parameters
    ----------
    measured
        Folder of the session's measures.
    image
        The image measured, by its path or name.
    kind
        Which labels.

    Returns
    -------
    Path
        On a grid of its own; it may not exist, for another program's measures come without labels.
    """
    return measured / LABELS / f"{stem(image)}_{kind}{NIFTI}"
