"""NIfTI files without free text: the header is cleaned byte by byte, the voxels stay as they are.

Offsets are those of nifti1.h (https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h).
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from unface.packing import gzipped

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

    Raises
    ------
    NotNiftiError
        If `source` is not a NIfTI-1 image in one file.
    """
    with source.open("rb") as image:
        header, start = _clean_header(image.read(DATA_START))
        content = bytearray(DATA_START + source.stat().st_size - start)
        content[:DATA_START] = header
        image.seek(start)
        image.readinto(memoryview(content)[DATA_START:])
    target.write_bytes(gzipped(content))


def _clean_header(head: bytes) -> tuple[bytes, int]:
    """The header without text or extension, and where the voxels begin in the source."""
    order = _byte_order(head)
    start = int(struct.unpack_from(f"{order}f", head, 108)[0])
    if start < DATA_START:
        raise NotNiftiError("the voxels begin inside the header")
    header = bytearray(head[:HEADER_BYTES])
    for place in TEXT_FIELDS.values():
        header[place] = bytes(place.stop - place.start)
    struct.pack_into(f"{order}f", header, 108, float(DATA_START))
    return bytes(header) + bytes(DATA_START - HEADER_BYTES), start


def geometry(source: Path) -> Geometry:
    """Shape and orientation of an uncompressed NIfTI-1 image, from its sform.

    Raises
    ------
    NotNiftiError
        If it is not a NIfTI-1 image.
    """
    with source.open("rb") as image:
        head = image.read(DATA_START)
    order = _byte_order(head)
    dimensions = struct.unpack_from(f"{order}8h", head, 40)
    rows = [struct.unpack_from(f"{order}4f", head, 280 + 16 * row) for row in range(3)]
    axes = ""
    for column in range(3):
        values = [row[column] for row in rows]
        largest = max(range(3), key=lambda index: abs(values[index]))
        axes += ("LR", "PA", "IS")[largest][values[largest] > 0]
    return Geometry(tuple(dimensions[1 : dimensions[0] + 1]), axes)


def _byte_order(head: bytes) -> str:
    if len(head) >= DATA_START and head[344:347] == b"n+1":
        for order in "<>":
            if struct.unpack_from(f"{order}i", head)[0] == HEADER_BYTES:
                return order
    raise NotNiftiError("no NIfTI-1 image in one file")
