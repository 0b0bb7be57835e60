"""Reading raw files: the whole, or no more than the header."""

import os
from collections.abc import Callable
from pathlib import Path

from unface.dicom.encoding import UnreadableError

HEAD_MARGIN_BYTES = 1024
"""How much more than the header of the file before is read of the next one: headers of a series differ little."""


def read_bytes(path: Path | str) -> bytes:
    """Read the whole of a file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    bytes
        Its content.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        return _read(handle, os.fstat(handle).st_size)
    finally:
        os.close(handle)


def read_header(path: Path | str, size: int, split: Callable[[bytes], bool]) -> None:
    """Give `split` the first bytes of a file, and the whole file where it says that these are not enough.

    Parameters
    ----------
    path
        The file.
    size
        How many bytes are read first.
    split
        Takes bytes from the file's beginning; returns whether the header ends in them. Where it raises
        `UnreadableError`, it is given the whole file too; what it raises then is let through.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        data = _read(handle, size)
        try:
            if split(data):
                return
        except UnreadableError:
            pass
        split(data + _read(handle, max(os.fstat(handle).st_size - len(data), 0)))
    finally:
        os.close(handle)


def _read(handle: int, size: int) -> bytes:
    """At most `size` bytes of a file, from where it is read."""
    data = os.read(handle, size)
    while len(data) < size:
        more = os.read(handle, size - len(data))
        if not more:
            break
        data += more
    return data
