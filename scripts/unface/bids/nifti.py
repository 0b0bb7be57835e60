"""NIfTI files without free text: the header is cleaned byte by byte, the voxels stay as they are.

Offsets are those of nifti1.h (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h).
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

HEADER_BYTES = 348
DATA_START = 352
"""Where voxels begin: after the header and four bytes that say there is no extension."""

TEXT_FIELDS = {
    "data_type": slice(4, 14),
    "db_name": slice(14, 32),
    "descrip": slice(148, 228),
    "aux_file": slice(228, 252),
    "intent_name": slice(328, 344),
}
"""Fields that hold free text; dcm2niix puts the time of the scan into descrip, ImageComments into aux_file."""

GZIP_LEVEL = 6


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


def without_text(image: bytes) -> bytes:
    """A NIfTI-1 image (header, voxels) with empty text fields and no extensions.

    Data type, scaling, qform and sform and every voxel stay byte by byte.

    Raises
    ------
    NotNiftiError
        If it is not a whole NIfTI-1 image in one file.
    """
    order = _byte_order(image)
    start = int(struct.unpack_from(f"{order}f", image, 108)[0])
    if start < HEADER_BYTES or start > len(image):
        raise NotNiftiError("the voxels begin outside the file")
    header = bytearray(image[:HEADER_BYTES])
    for place in TEXT_FIELDS.values():
        header[place] = bytes(place.stop - place.start)
    struct.pack_into(f"{order}f", header, 108, float(DATA_START))
    return bytes(header) + bytes(DATA_START - HEADER_BYTES) + image[start:]


def write_gz(path: Path, content: bytes) -> None:
    """Write gzip with neither name nor time, so that the same content gives the same bytes."""
    # wbits 31 asks zlib for a gzip header of its own: no name, time 0.
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        file.write(packer.compress(content))
        file.write(packer.flush())


def geometry(image: bytes) -> Geometry:
    """Shape and orientation of a NIfTI-1 image, from its sform.

    Raises
    ------
    NotNiftiError
        If it is not a NIfTI-1 image.
    """
    order = _byte_order(image)
    dimensions = struct.unpack_from(f"{order}8h", image, 40)
    rows = [struct.unpack_from(f"{order}4f", image, 280 + 16 * row) for row in range(3)]
    axes = ""
    for column in range(3):
        values = [row[column] for row in rows]
        largest = max(range(3), key=lambda index: abs(values[index]))
        axes += ("LR", "PA", "IS")[largest][values[largest] > 0]
    return Geometry(tuple(dimensions[1 : dimensions[0] + 1]), axes)


def _byte_order(image: bytes) -> str:
    if len(image) >= DATA_START and image[344:347] == b"n+1":
        for order in "<>":
            if struct.unpack_from(f"{order}i", image)[0] == HEADER_BYTES:
                return order
    raise NotNiftiError("no NIfTI-1 image in one file")
