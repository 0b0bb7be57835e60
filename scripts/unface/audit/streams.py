"""Reading what is inside compressed images, piece by piece, with nothing cut in two and nothing left out."""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from nibabel import nifti1, nifti2
from numpy.typing import NDArray

CHUNK = 1 << 24
OVERLAP = 4096
"""Longer than any value of a header but free text, in UTF-16."""


def nifti_header(first: bytes) -> Any:
    """The header of a NIfTI-1 or NIfTI-2 file in either byte order.

    Parameters
    ----------
    first
        How the uncompressed file begins; more than the header.

    Returns
    -------
    numpy.void
        A record with the fields of `nifti1.header_dtype` or `nifti2.header_dtype`.

    Raises
    ------
    ValueError
        If there is none.
    """
    for layout, magic in ((nifti1.header_dtype, b"n+1"), (nifti2.header_dtype, b"n+2")):
        for typed in (layout.newbyteorder("<"), layout.newbyteorder(">")):
            if len(first) >= typed.itemsize + 4:
                header = np.frombuffer(first[: typed.itemsize], typed)[0]
                if int(header["sizeof_hdr"]) == typed.itemsize and bytes(header["magic"]).startswith(magic):
                    return header
    raise ValueError("no NIfTI header")


def text_fields(header: Any) -> list[str]:
    """All fields of text, with those that NIfTI left over from Analyze and that readers pass over.

    Parameters
    ----------
    header
        Of `nifti_header`.

    Returns
    -------
    list of str
        Their names in the record.
    """
    return [name for name in header.dtype.names if header.dtype[name].kind == "S" and name != "magic"]


def voxel_bytes(header: Any) -> int:
    """How many bytes the voxels take.

    Parameters
    ----------
    header
        Of `nifti_header`.

    Returns
    -------
    int
        By the header's shape and type.
    """
    shape = [int(length) for length in header["dim"]]
    types: Any = nifti1.data_type_codes
    return math.prod(shape[1 : shape[0] + 1]) * int(types.dtype[int(header["datatype"])].itemsize)


def read_voxels(file: Path) -> NDArray[Any]:
    """The stored voxels of a compressed NIfTI file, unscaled.

    Parameters
    ----------
    file
        A `.nii.gz`.

    Returns
    -------
    (i, j, k[, ...]) array
        Of the type and byte order in which they are stored.

    Raises
    ------
    ValueError, KeyError, zlib.error
        If the file is damaged.
    """
    data = b"".join(inflate(file))
    header = nifti_header(data)
    types: Any = nifti1.data_type_codes
    typed = types.dtype[int(header["datatype"])].newbyteorder(header.dtype["dim"].base.byteorder)
    shape = [int(length) for length in header["dim"]][1 : int(header["dim"][0]) + 1]
    return np.frombuffer(data, typed, math.prod(shape), int(header["vox_offset"])).reshape(shape, order="F")


@dataclass(frozen=True)
class Part:
    """A piece of a stream that begins with the end of the piece before it, so that nothing is cut in two.

    Attributes
    ----------
    data : bytes
        That end, and the piece.
    new : int
        Bytes of the piece alone.
    """

    data: bytes
    new: int


def raw(file: Path) -> Iterator[bytes]:
    """Read a file as it stands.

    Parameters
    ----------
    file
        Of any kind.

    Yields
    ------
    bytes
        Pieces of `CHUNK` bytes, the last one shorter.
    """
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK):
            yield piece


def overlapping(pieces: Iterator[bytes]) -> Iterator[Part]:
    """Let each piece begin with the end of what came before it.

    Parameters
    ----------
    pieces
        Of one stream, in order.

    Yields
    ------
    Part
        One for each piece; `OVERLAP` bytes are repeated.
    """
    end = b""
    for piece in pieces:
        yield Part(end + piece, len(piece))
        end = (end + piece)[-OVERLAP:]


def inflate(file: Path) -> Iterator[bytes]:
    """What a gzip file holds, piece by piece.

    Parameters
    ----------
    file
        With a single member.

    Yields
    ------
    bytes
        At most `CHUNK` bytes at a time.

    Raises
    ------
    ValueError
        If it holds a second member, or bytes behind its end, or is cut short.
    """
    member = zlib.decompressobj(wbits=31)
    for piece in raw(file):
        if member.eof:
            raise ValueError("bytes behind its end")
        waiting = piece
        while waiting and not member.eof:
            if inflated := member.decompress(waiting, CHUNK):
                yield inflated
            waiting = member.unconsumed_tail
        if member.unused_data:
            raise ValueError("bytes behind its end")
    if not member.eof:
        raise ValueError("cut short")
