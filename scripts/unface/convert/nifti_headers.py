"""NIfTI files without free text: five fields of the header are emptied, the voxels stay as they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.orientations import aff2axcodes
from nibabel.wrapstruct import WrapStructError

from unface.run.packing import gzipped

HEADER_BYTES = 348
DATA_START = 352
"""Where voxels begin: after the header and four bytes that say there is no extension."""

TEXT_FIELDS = ("data_type", "db_name", "descrip", "aux_file", "intent_name")
"""Fields that hold free text; dcm2niix puts the time of the scan into descrip, ImageComments into aux_file."""


LARGEST_MM = 10_000.0
"""No image is longer; what is has no size. A grid of its field of view would fill the memory."""


class NoPlaceError(ValueError):
    """Voxels have no size, or no place in space, as far as the header says."""


class NotNiftiError(ValueError):
    """The file is no single-file NIfTI-1 image."""


@dataclass(frozen=True)
class Geometry:
    """What the header says of the grid: `shape` in voxels, and the way each voxel axis runs, such as `LPS`."""

    shape: tuple[int, ...]
    axes: str

    @property
    def volumes(self) -> int:
        """Images along the fourth axis."""
        return self.shape[3] if len(self.shape) > 3 else 1


def write_clean_gz(source: Path, target: Path) -> None:
    """Write a NIfTI-1 image as gzip with empty text fields and no extensions.

    Data type, scaling, qform and sform and every voxel stay byte by byte.

    Parameters
    ----------
    source
        An uncompressed NIfTI-1 image in one file.
    target
        The file to write; its folder is there.

    Raises
    ------
    NotNiftiError
        If `source` is no such image.
    """
    with source.open("rb") as image:
        header = _header(image.read(HEADER_BYTES))
        start = int(header["vox_offset"])
        if start < DATA_START:
            raise NotNiftiError("the voxels begin inside the header")
        for name in TEXT_FIELDS:
            header[name] = b""
        header["vox_offset"] = DATA_START
        content = bytearray(DATA_START + source.stat().st_size - start)
        content[:HEADER_BYTES] = header.binaryblock
        image.seek(start)
        image.readinto(memoryview(content)[DATA_START:])
    target.write_bytes(gzipped(content))


def geometry(source: Path) -> Geometry:
    """Read what the header says of the grid.

    Parameters
    ----------
    source
        An uncompressed NIfTI-1 image in one file.

    Returns
    -------
    Geometry
        Its shape in voxels and the way each voxel axis runs.

    Raises
    ------
    NotNiftiError
        If `source` is no such image.
    NoPlaceError
        If its voxels have no size or no place.
    """
    with source.open("rb") as image:
        header = _header(image.read(HEADER_BYTES))
    shape, affine = tuple(map(int, header.get_data_shape())), header.get_best_affine()
    with np.errstate(all="ignore"):
        extent_mm = np.linalg.norm(affine[:3, :3], axis=0) * np.array([*shape, 1, 1, 1][:3])
    # As written, a comparison with no number is false.
    if not (np.isfinite(affine).all() and (extent_mm > 0).all() and (extent_mm < LARGEST_MM).all()):
        raise NoPlaceError("voxels without size or place")
    axes: Any = aff2axcodes(affine)
    if None in axes:
        raise NoPlaceError("two axes that are one")
    return Geometry(shape, "".join(axes))


def _header(block: bytes) -> Any:
    try:
        header: Any = Nifti1Header(block, check=False)
    except WrapStructError:
        raise NotNiftiError("the file is shorter than a header") from None
    if header["magic"] != b"n+1" or header["sizeof_hdr"] != HEADER_BYTES:
        raise NotNiftiError("no NIfTI-1 image in one file")
    return header
