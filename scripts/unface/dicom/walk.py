"""Every file below one share of a folder, in the same order on each run."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """A file that was found; `problem` says why it must not be opened, if so."""

    path: str
    bytes: int = 0
    mtime_ns: int = 0
    problem: str | None = None


def shard_of(name: str, shards: int) -> int:
    """Which of so many shards an entry of the raw folder falls into, by its name alone."""
    digest = hashlib.sha256(os.fsencode(name)).digest()
    return int.from_bytes(digest[:8], "big") % shards


def walk(root: Path, shard: int, shards: int) -> Iterator[Place]:
    """Files below those entries of `root` that fall into the shard.

    Links are not followed: one that stays inside leads to what is found anyway, one that leaves leads to what the user
    did not name. They, and what is neither file nor folder, are found with a problem.
    """
    with os.scandir(root) as entries:
        mine = [entry for entry in entries if shard_of(entry.name, shards) == shard]
    yield from _in_order(mine)


def _in_order(entries: list[os.DirEntry[str]]) -> Iterator[Place]:
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.is_symlink():
            yield Place(entry.path, problem="a link, which is not followed")
        elif entry.is_dir():
            try:
                with os.scandir(entry.path) as below:
                    inside = list(below)
            except OSError as error:
                yield Place(entry.path, problem=unreadable(error))
            else:
                yield from _in_order(inside)
        elif not entry.is_file():
            yield Place(entry.path, problem="neither file nor folder")
        else:
            try:
                stat = entry.stat()
            except OSError as error:
                yield Place(entry.path, problem=unreadable(error))
            else:
                yield Place(entry.path, stat.st_size, stat.st_mtime_ns)


def unreadable(error: OSError) -> str:
    """What kept a file from being read, without its path."""
    return f"cannot be read: {os.strerror(error.errno or 0)}"
