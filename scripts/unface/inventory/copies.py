"""Which files are copies of others. One SOPInstanceUID is no proof: faulty programs write one for many images."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unface.dicom import fields
from unface.dicom.elements import PIXELS
from unface.dicom.encoding import UnreadableError, decode, element_at
from unface.dicom.headers import NotDicomError, read_header
from unface.run.files import sha256

NO_COPY = "another file has its SOPInstanceUID and other content"
"""What is wrong with files that must not have one UID."""
MOST_WHOLE = 16
"""Files that one which broke off is compared with: where all have one UID, none stands out."""
_CHUNK = 1 << 20

Entry = list[Any]
"""A file in a scan: path, bytes, time of change, what is wrong with it, instance number, UID, frames."""


def apart(entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
    """Tell files of one SOPInstanceUID apart.

    Parameters
    ----------
    entries
        Those of one series, in the order in which they are to be kept.

    Returns
    -------
    kept : list of list
        One for each content; where there are several, each says what is wrong.
    copies : list of str
        Paths of the others.
    """
    kept: list[Entry] = []
    copies: list[str] = []
    known: set[str] = set()
    for entry in entries:
        contents = _contents(entry[0])
        if known.isdisjoint(contents) and not (entry[3] and _broke_off(entry, kept)):
            kept.append(entry)
        else:
            copies.append(entry[0])
        known |= contents
    if len(kept) > 1:
        kept = [[*entry[:3], entry[3] or NO_COPY, *entry[4:]] for entry in kept]
    return kept, copies


def _contents(path: str) -> set[str]:
    """Digests of a file and of the image in it: where one is that of another file, the two are copies."""
    try:
        whole = sha256(Path(path))
        return {whole, _image(path) or whole}
    except OSError:
        return {path}  # What cannot be read is shown to be no copy.


def _image(path: str) -> str | None:
    """Digest of all that tells an image: what is read of its header, and its pixels; None for what is no whole one."""
    try:
        header = read_header(path, fields.WANTED)
        if header.problem:
            return None
        encoded = decode(Path(path).read_bytes())
        at, end = encoded.start, len(encoded.data)
        while at < end:
            tag, _, body, after = element_at(encoded.data, at, end, encoded.implicit)
            if tag in PIXELS:
                values = sorted((tag, value.strip(b" \0")) for tag, value in header.values.items() if tag >> 16 > 2)
                digest = hashlib.sha256(repr((values, header.frames, encoded.transfer_syntax)).encode())
                digest.update(memoryview(encoded.data)[body:after])
                return digest.hexdigest()
            at = after
    except (NotDicomError, UnreadableError):
        pass
    return None


def _broke_off(entry: Entry, kept: Sequence[Entry]) -> bool:
    """Whether a file holds the beginning of another one, of those that have its instance number, if it has one."""
    alike = [other for other in kept if entry[4] in (0, other[4]) and entry[1] < other[1]]
    return any(_begins(entry[0], other[0]) for other in alike[:MOST_WHOLE])


def _begins(path: str, whole: str) -> bool:
    try:
        with Path(path).open("rb") as first, Path(whole).open("rb") as second:
            while part := first.read(_CHUNK):
                if part != second.read(len(part)):
                    return False
    except OSError:
        return False
    return True
