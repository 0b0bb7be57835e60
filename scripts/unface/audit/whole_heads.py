"""Images outside the anatomy that are fine and wide enough to show a face: a name alone makes no image faceless.

What BIDS files as functional, diffusion, perfusion or fieldmap is released without defacing, for at the voxels that are
usual there hardly anybody was ever recognised. A T1w whose mapping rule gives it such a name is a face all the same.
"""

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from unface.audit.candidates import Heads, is_image, suffix
from unface.audit.files import Finding
from unface.audit.streams import inflate, nifti_header

FINE_MM = 1.95
"""Voxels are fine if each edge is shorter. Field maps, bold and diffusion of 2 mm are not, however 2 mm is rounded."""
HEAD_MM = (100.0, 150.0, 150.0)
"""The least extents of a field of view that holds a head with its face, the shortest first: a slab holds none."""


def check(files: Mapping[str, tuple[str, Path]], heads: Heads) -> Iterator[Finding]:
    """Images that would leave as they were converted although they may show a face.

    Parameters
    ----------
    files
        Stage and file by path in the dataset.
    heads
        Which images have to be defaced, and which suffixes the user says show no face.

    Yields
    ------
    Finding
        `face_left`, with what to do.
    """
    for path, (stage, file) in files.items():
        if stage == "convert" and is_image(path) and suffix(path) not in heads.faceless and _may_show_a_face(file):
            yield (
                "face_left",
                f"{path} has the voxels and the field of view of a whole head and was not defaced: give it a name in "
                "anat in the mapping rules, or its suffix to deface.suffixes, or to audit.faceless if it shows no face",
            )


def _may_show_a_face(file: Path) -> bool:
    """Whether voxels are fine and the field of view is that of a head; also where the header does not say."""
    try:
        header = nifti_header(next(inflate(file), b""))
    except (ValueError, zlib.error):
        return False  # The check of the file itself says what is wrong with it.
    voxel_mm = np.abs(header["pixdim"][1:4].astype(float))
    if not (np.isfinite(voxel_mm) & (voxel_mm > 0)).all():
        return True
    extent_mm = voxel_mm * header["dim"][1:4]
    return bool((voxel_mm < FINE_MM).all() and (np.sort(extent_mm) >= HEAD_MM).all())
