"""Archives of DICOM among the raw files, unpacked so that every stage finds files.

A member's name is never used as a path: members become numbered files in a folder of unface's own, so that nothing can
be written anywhere else. What an archive may unpack to is limited, and links, devices and archives within archives
stay packed.
"""

import errno
import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from unface.run.folders import Place, unreadable

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
BOMB_RATIO = 200
"""An archive may unpack to at most this many times its size; CT and MR images reach 3 to 20."""
BOMB_FLOOR_BYTES = 1 << 30
ENTRY_BYTES = 4096
"""What each entry counts for beside its bytes, be it empty: so much of a disk, or of the memory, it takes at least."""
CHUNK = 1 << 20
DAMAGED, TOO_BIG = "an archive that is damaged", "an archive that unpacks to more than its limit"


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

    An archive that breaks off, that cannot be read, or that would unpack beyond the limit gives the members up to
    there and one more with the problem.

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
        If the members cannot be written: the disk is full.
    """
    folder = folder_for(archive, unpacked)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    left = max(floor_bytes, BOMB_RATIO * archive.bytes)
    members: list[Member] = []
    try:
        for name, content, problem in _contents(archive.path):
            left = _without(left, ENTRY_BYTES)
            if content is None and problem is None:
                continue
            number = f"{len(members) + 1:06d}"
            if content is None:
                members.append(Member(name, Place(str(folder / number), problem=problem)))
                continue
            size = _copy(content, part / number, left)
            left -= size
            os.utime(part / number, ns=(archive.mtime_ns, archive.mtime_ns))
            members.append(Member(name, Place(str(folder / number), size, archive.mtime_ns)))
    except _UnusableError as error:
        members.append(Member("", Place(archive.path, problem=str(error))))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    return members


def _without(left: int, used: int) -> int:
    """What is left of the limit; `_UnusableError` where it is reached."""
    if used >= left:
        raise _UnusableError(TOO_BIG)
    return left - used


class _UnusableError(Exception):
    """An archive is of no use from here on; the message is the reason."""


@contextmanager
def _reading() -> Iterator[None]:
    """Whatever reading an archive ends with is the archive's fault; writing its members stays outside of this."""
    try:
        yield
    except OSError as error:
        # zipfile seeks where a damaged table sends it (EINVAL); gzip and bzip2 raise errors without a number.
        damaged = error.errno in (None, errno.EINVAL)
        raise _UnusableError(DAMAGED if damaged else unreadable(error)) from None
    except MemoryError:
        raise _UnusableError("an archive that takes more memory than this job has") from None
    except Exception:
        # zipfile and tarfile meet damage with errors of every kind.
        raise _UnusableError(DAMAGED) from None


def _contents(path: str) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
    """Each entry's name and content, or why it stays packed; neither for a folder."""
    entries = _zip_entries(path) if path.lower().endswith(".zip") else _tar_entries(path)
    while True:
        with _reading():
            entry = next(entries, None)
        if entry is None:
            return
        yield entry


def _zip_entries(path: str) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            problem = "an archive inside an archive" if is_archive(entry.filename) else None
            if entry.flag_bits & 1:
                problem = "an encrypted member of an archive"
            # `is_dir` trips over an empty name.
            if entry.filename.endswith("/"):
                yield entry.filename, None, None
            elif problem:
                yield entry.filename, None, problem
            else:
                with archive.open(entry) as content:
                    yield entry.filename, content, None


def _tar_entries(path: str) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
    with tarfile.open(path, mode="r|*") as tar:
        for member in tar:
            # What tarfile remembers of each member would fill the memory.
            tar.members = []  # type: ignore[attr-defined]
            if member.isdir():
                yield member.name, None, None
            elif is_archive(member.name):
                yield member.name, None, "an archive inside an archive"
            else:
                content = tar.extractfile(member) if member.isreg() else None
                yield member.name, content, None if content else "a link or device in an archive"


def _copy(content: IO[bytes], target: Path, limit: int) -> int:
    """Write a member to a file and return how many bytes it has; `_UnusableError` leaves no file."""
    size = 0
    try:
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while True:
                with _reading():
                    chunk = content.read(CHUNK)
                if not chunk:
                    return size
                size += len(chunk)
                if size >= limit:
                    raise _UnusableError(TOO_BIG)
                file.write(chunk)
    except _UnusableError:
        target.unlink()
        raise
