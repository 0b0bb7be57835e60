"""Archives of DICOM among the raw files, unpacked so that every stage finds files.

A member's name is never used as a path: members become numbered files in a folder of unface's own, so that nothing can
be written anywhere else. What an archive may unpack to is limited, and links, devices and archives within archives
stay packed.
"""

import hashlib
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path
from typing import IO

from unface.run.folders import Place, unreadable
from unface.run.unread import DAMAGED, ENCRYPTED, TOO_LARGE

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BOMB_RATIO = 200
"""An archive may unpack to at most this many times its size; CT and MR images reach 3 to 20."""
BOMB_FLOOR_BYTES = 1 << 30
CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file of an archive: where it was unpacked to, or why not; `name` as the archive has it."""

    name: str
    place: Place


def is_archive(path: str) -> bool:
    """Whether a file's name is that of an archive.

    Parameters
    ----------
    path
        The name, or a path that ends with it.

    Returns
    -------
    bool
        Whether it has one of the `ENDINGS`, in any case.
    """
    return path.lower().endswith(ENDINGS)


def folder_for(archive: Place, unpacked: Path) -> Path:
    """Where an archive's members go.

    Parameters
    ----------
    archive
        Where it lies, its size and its time.
    unpacked
        The folder of all that is unpacked.

    Returns
    -------
    Path
        Another folder for another state of the archive.
    """
    state = f"{archive.path}\0{archive.bytes}\0{archive.mtime_ns}"
    return unpacked / hashlib.sha256(state.encode("utf-8", "surrogateescape")).hexdigest()[:20]


def unpack(archive: Place, unpacked: Path, floor_bytes: int = BOMB_FLOOR_BYTES) -> list[Member]:
    """Unpack an archive's files as `000001`, `000002` ... with the archive's own time.

    An archive that breaks off, or that would unpack beyond the limit, gives the members up to there and one more with
    the problem.

    Parameters
    ----------
    archive
        Where it lies, its size and its time.
    unpacked
        The folder of all that is unpacked; the archive gets a folder inside it (`folder_for`).
    floor_bytes
        Every archive may unpack to as much, whatever its size.

    Returns
    -------
    list of Member
        In the order in which the archive has them.

    Raises
    ------
    OSError
        If the disk is full, or the archive cannot be opened.
    """
    folder = folder_for(archive, unpacked)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    left = max(floor_bytes, BOMB_RATIO * archive.bytes)
    members: list[Member] = []
    try:
        for name, content, problem in _contents(archive.path):
            number = f"{len(members) + 1:06d}"
            if content is None:
                members.append(Member(name, Place(str(folder / number), problem=problem)))
                continue
            size = _copy(content, part / number, left)
            left -= size
            os.utime(part / number, ns=(archive.mtime_ns, archive.mtime_ns))
            members.append(Member(name, Place(str(folder / number), size, archive.mtime_ns)))
    except _TooBigError:
        members.append(Member("", Place(archive.path, problem=TOO_LARGE)))
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:
            if error.filename != archive.path:
                raise  # the disk that takes what is unpacked
            members.append(Member("", Place(archive.path, problem=unreadable(error))))
        else:
            members.append(Member("", Place(archive.path, problem=DAMAGED)))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return members


class _TooBigError(Exception):
    """The limit is reached."""


_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    NotImplementedError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    LZMAError,
)
"""What damaged archives raise: gzip and bzip2 an OSError without a number."""


def _contents(path: str) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
    """Each member's name and content, or why it stays packed."""
    if path.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.is_dir():
                    continue
                problem = "an archive inside an archive" if is_archive(entry.filename) else None
                if entry.flag_bits & 1:
                    problem = ENCRYPTED
                if problem:
                    yield entry.filename, None, problem
                    continue
                with archive.open(entry) as content:
                    yield entry.filename, content, None
        return
    with tarfile.open(path, mode="r|*") as tar:
        for member in tar:
            if member.isdir():
                continue
            file = tar.extractfile(member) if member.isreg() else None
            problem = "a link or device in an archive" if file is None else None
            if is_archive(member.name):
                file, problem = None, "an archive inside an archive"
            yield member.name, file, problem


def _copy(content: IO[bytes], target: Path, limit: int) -> int:
    """Write a member to a file and return how many bytes it has; `_TooBigError` where it reaches the limit."""
    size = 0
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while size < limit and (chunk := content.read(CHUNK)):
            file.write(chunk)
            size += len(chunk)
    if size >= limit:
        target.unlink()
        raise _TooBigError
    return size
