"""One controller on one results folder: Snakemake's own lock guards the folder it was started in, and no other.

The operating system frees the lock when its process ends, however it ends: after a kill nothing has to be unlocked.
"""

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


class LockError(Exception):
    """Another controller works on the results folder, or nobody can write there."""


def _take(file: IO[str]) -> None:
    # More than once: `unface status` tries the lock for a moment, to see whether it is held.
    for pause_s in (0.1, 0.2, 0.4):
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_s)
    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold(path: Path) -> None:
    """Take the lock until this process ends; a file system without locks (some parallel ones) is taken as free.

    Parameters
    ----------
    path
        The file that is locked (`Layout.lock`); it tells who holds it.

    Raises
    ------
    LockError
        If another process holds it, here or on another node of the same file system; or if it cannot be written.
    OSError
        If the file system fails in another way.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise LockError(f"the results folder {path.parent} cannot be written: {error.strerror}") from None
    try:
        _take(file)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise LockError(
            f"another snakemake works on {path.parent} ({holder}): wait for it, or end it. "
            f"If its node is gone for good, remove {path}."
        ) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    _held.append(file)
    try:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
    except OSError as error:
        raise LockError(f"the results folder {path.parent} cannot be written: {error.strerror}") from None
