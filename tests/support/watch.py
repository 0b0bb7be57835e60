"""Watching a folder: the names of all that is made in it, also of what is gone again a moment later."""

import ctypes
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MADE_IN_TMP = "made_in_tmp.txt"
"""Where a run leaves what was made in its TMPDIR."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_IN_CREATE, _IN_MOVED_TO = 0x100, 0x80
_HEAD = struct.Struct("iIII")


@contextmanager
def made_in(folder: Path) -> Iterator[list[str]]:
    """Names of files and folders made in `folder` itself; the list is filled at the end (inotify(7))."""
    names: list[str] = []
    watch = _LIBC.inotify_init1(os.O_NONBLOCK)
    if watch < 0 or _LIBC.inotify_add_watch(watch, os.fsencode(folder), _IN_CREATE | _IN_MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), "inotify")
    try:
        yield names
    finally:
        names += _read(watch)
        os.close(watch)


def _read(watch: int) -> Iterator[str]:
    while True:
        try:
            events = os.read(watch, 1 << 16)
        except BlockingIOError:
            return
        while events:
            *_, length = _HEAD.unpack_from(events)
            yield events[_HEAD.size : _HEAD.size + length].rstrip(b"\0").decode()
            events = events[_HEAD.size + length :]
