"""Every folder below one share of the raw tree, in the same order on each run."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNITS_PER_SHARD = 4
DEEPEST = 3
"""Trees with few entries at the top are shared out further down, to this depth."""


@dataclass(frozen=True)
class Place:
    """A file that was found; `problem` says why it must not be opened, if so."""

    path: str
    bytes: int = 0
    mtime_ns: int = 0
    problem: str | None = None


@dataclass(frozen=True)
class Folder:
    """What lies directly in one folder."""

    path: str
    places: tuple[Place, ...]

    def digest(self) -> str:
        """Changes when a file is added, removed, or written again."""
        listing = "\0".join(f"{place.path}\1{place.bytes}\1{place.mtime_ns}\1{place.problem}" for place in self.places)
        return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()[:24]


def walk(root: Path, shard: int, shards: int) -> Iterator[Folder]:
    """Folders below those entries of `root` whose hashed names fall into the shard.

    Links are not followed: one that stays inside leads to what is found anyway, one that leaves leads to what the user
    did not name. They, and what is neither file nor folder, are places with a problem.

    Parameters
    ----------
    root
        The folder of raw files.
    shard
        The number of the share, from 0.
    shards
        How many shares there are.

    Yields
    ------
    Folder
        Each folder that holds a file, in the order of paths.
    """
    loose: dict[str, list[Place]] = {}
    folders = []
    for entry in _units(root, shards):
        if shards > 1 and _shard_of(os.path.relpath(entry.path, root), shards) != shard:
            continue
        if _is_folder(entry):
            folders.append(entry.path)
        else:
            loose.setdefault(os.path.dirname(entry.path), []).append(_place(entry))  # noqa: PTH120 - for each file
    for path, places in sorted(loose.items()):
        yield Folder(path, tuple(sorted(places, key=lambda place: place.path)))
    for path in sorted(folders):
        yield from _below(path)


def _units(root: Path, shards: int) -> list[os.DirEntry[str]]:
    """What is shared out: the entries of the tree's top, or of the levels below where the top has few."""
    units = list(os.scandir(root))
    for _ in range(DEEPEST - 1):
        if shards == 1 or len(units) >= UNITS_PER_SHARD * shards:
            break
        deeper: list[os.DirEntry[str]] = []
        for entry in units:
            inside = _entries(entry.path) if _is_folder(entry) else None
            deeper += [entry] if inside is None else inside
        units = deeper
    return units


def _shard_of(name: str, shards: int) -> int:
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8], "big") % shards


def _below(top: str) -> Iterator[Folder]:
    # Not by recursion, which ends at a depth that folders may have.
    waiting = [top]
    while waiting:
        path = waiting.pop()
        try:
            entries = sorted(os.scandir(path), key=lambda entry: entry.name)
        except OSError as error:
            yield Folder(path, (Place(path, problem=unreadable(error)),))
            continue
        folders = [entry.path for entry in entries if _is_folder(entry)]
        places = tuple(_place(entry) for entry in entries if not _is_folder(entry))
        if places:
            yield Folder(path, places)
        waiting += reversed(folders)


def _entries(path: str) -> list[os.DirEntry[str]] | None:
    try:
        return list(os.scandir(path))
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _place(entry: os.DirEntry[str]) -> Place:
    try:
        if entry.is_symlink():
            return Place(entry.path, problem="a link, which is not followed")
        if not entry.is_file():
            return Place(entry.path, problem="neither file nor folder")
        stat = entry.stat()
    except OSError as error:
        return Place(entry.path, problem=unreadable(error))
    return Place(entry.path, stat.st_size, stat.st_mtime_ns)


def unreadable(error: OSError) -> str:
    """What kept a file from being read, without its path.

    Parameters
    ----------
    error
        What the operating system said.

    Returns
    -------
    str
        A phrase for the list of unused files.
    """
    return f"cannot be read: {os.strerror(error.errno or 0)}"
