"""Images outside the anatomy that may show a face by their voxels and field of view: a name alone makes none faceless.

What BIDS files as functional, diffusion, perfusion or fieldmap is released without defacing, for at the voxels that are
usual there hardly anybody was ever recognised. A T1w whose mapping rule gives it such a name is a face all the same.
So may be an image whose header says what no scanner makes: it tells nothing about what the voxels show.
"""

import math
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unface.audit.candidates import Heads, is_image, suffix
from unface.audit.files import Finding
from unface.audit.streams import inflate, nifti_header

FINE_MM = 1.95
"""Voxels are fine if each edge is shorter. Field maps, bold and diffusion of 2 mm are not, however 2 mm is rounded."""
HEAD_MM = (100.0, 150.0, 150.0)
"""The least extents of a field of view that holds a head with its face, the shortest first: a slab holds none."""

VOXEL_MM = (0.1, 20.0)
"""Edges of the voxels of scanners for people, and for specimens of their brains."""
WIDEST_MM, LONGEST_MM = 700.0, 2500.0
"""Fields of view: across the bore, and along it, as of a whole body. A second side longer than the first is none."""
FARTHEST_MM = 3000.0
"""How far the first voxel may lie from the scanner's middle."""
OFF_BY = 0.05
"""Share by which the sizes that a header gives twice may differ; cosine of the angle by which axes may be skewed."""
THINNEST = 4
"""An image of fewer slices but many volumes may be a head whose slices lost their positions."""


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
        if stage == "convert" and is_image(path) and suffix(path) not in heads.faceless:
            yield from (("face_left", f"{path} {sentence}") for sentence in _doubts(file))


def _doubts(file: Path) -> Iterator[str]:
    """Why an image may show a face, if it may."""
    try:
        header = nifti_header(next(inflate(file), b""))
    except (ValueError, zlib.error):
        return  # The check of the file itself says what is wrong with it.
    voxel_mm = np.abs(header["pixdim"][1:4].astype(float))
    shape = [max(int(length), 1) for length in header["dim"][1 : max(int(header["dim"][0]), 0) + 1]]
    counts = np.array([*shape, 1, 1, 1][:3])
    if strange := _no_scanner_makes(header, voxel_mm, counts):
        yield (
            f"has {strange}, which no scanner makes, so nobody knows what it shows: look at it, then leave its series "
            "out by a mapping rule, or add its suffix to audit.faceless if it shows no face"
        )
    elif _is_head(voxel_mm, counts) or _is_pile_of_slices(voxel_mm, counts, math.prod(shape[3:])):
        yield (
            "has the voxels and the field of view of a whole head and was not defaced: give it a name in anat in the "
            "mapping rules, or its suffix to deface.suffixes, or to audit.faceless if it shows no face"
        )


def _is_head(voxel_mm: NDArray[np.float64], counts: NDArray[Any]) -> bool:
    """Whether voxels are fine and the field of view is that of a head."""
    return bool((voxel_mm < FINE_MM).all() and (np.sort(voxel_mm * counts) >= HEAD_MM).all())


def _is_pile_of_slices(voxel_mm: NDArray[np.float64], counts: NDArray[Any], volumes: int) -> bool:
    """Whether volumes of hardly any slices may be the slices of one head, which all say that they lie in one place."""
    if counts[2] >= THINNEST:
        return False
    # How far apart the slices are nobody knows then: as far as is fine.
    return _is_head(np.append(voxel_mm[:2], FINE_MM * 0.999), np.append(counts[:2], counts[2] * volumes))


def _no_scanner_makes(header: Any, voxel_mm: NDArray[np.float64], counts: NDArray[Any]) -> str:
    """What of an image's geometry no scanner makes; empty if all is plausible."""
    low, high = VOXEL_MM
    # dcm2niix takes the thickness of a single slice from what it finds.
    sizes = voxel_mm[(counts > 1) | ~(voxel_mm > 0)]
    if not np.isfinite(voxel_mm).all() or (sizes < low).any() or (sizes > high).any():
        return "voxels of an impossible size"
    _, widest, longest = np.sort(np.where(counts > 1, voxel_mm * counts, 0.0))
    if widest > WIDEST_MM or longest > LONGEST_MM:
        return "an impossible field of view"
    affine = _affine(header)
    if affine is None:
        return ""
    if not np.isfinite(affine).all() or (np.abs(affine[:, 3]) > FARTHEST_MM).any():
        return "an impossible position"
    edges = np.linalg.norm(affine[:, :3], axis=0)
    if (np.abs(edges - voxel_mm) > OFF_BY * voxel_mm).any():
        return "voxels of two sizes"
    axes = affine[:, :3] / edges
    return "skewed axes" if (np.abs(axes.T @ axes - np.eye(3)) > OFF_BY).any() else ""


def _affine(header: Any) -> NDArray[np.float64] | None:
    """The rows of the image's transform as far as the header holds one as a matrix; None where it does not."""
    if int(header["sform_code"]) <= 0:
        return None
    return np.array([header["srow_x"], header["srow_y"], header["srow_z"]], dtype=float)
