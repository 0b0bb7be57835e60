"""Where unface's own words go: the log file of a job. They hold pseudonyms only."""

import atexit
import errno
import logging
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path


def log_to(path: str | Path) -> None:
    """Send the messages of the core to a job's log file, and exceptions as one line with no traceback.

    A traceback quotes the values it met, and Snakemake prints what a job prints: the stages keep tracebacks in
    `restricted/` (see `run.outcome`), and of what reaches this hook `sentence_of` says what may be said.

    Parameters
    ----------
    path
        The file, which is written anew.
    """
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(message)s"))
    # A full disk must not end in a traceback of the logging itself.
    logging.raiseExceptions = False
    logger = logging.getLogger("unface")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    sys.excepthook = _one_line
    atexit.register(_say_cost)


def _say_cost() -> None:
    """What the job took, with the programs that it ran; `admin.effort` reads it.

    Snakemake's own `benchmark` looks every half minute and misses what comes after its last look: up to half.
    """
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu_s = sum(used.ru_utime + used.ru_stime for used in both)
    logging.getLogger("unface").info("CPU %.2f s, memory %.0f MB", cpu_s, max(used.ru_maxrss for used in both) / 1024)


def sentence_of(error: BaseException) -> str:
    """What may be said of an error: unface's own words, or what the operating system calls it; never another message.

    Parameters
    ----------
    error
        What ended the job.

    Returns
    -------
    str
        One line without an identifier.
    """
    kind = type(error)
    if kind.__module__.startswith("unface."):
        return f"{kind.__name__}: {error}"
    if isinstance(error, MemoryError):
        return f"{kind.__name__}: there is not enough memory"
    # str(error) would name the path, which may be a raw one. Some errors have a number of their own or none.
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"{kind.__name__}: {os.strerror(error.errno)}{_setting_of(error)}"
    return f"{kind.__name__} (its message is not shown: it may hold an identifier)"


_places: dict[str, str] = {}


def name_places(places: Mapping[str, str | None]) -> None:
    """Say which settings name the folders that a job works in, for errors of the operating system.

    Parameters
    ----------
    places
        Folders by the name of their setting; None where it is not set.
    """
    _places.clear()
    _places.update({setting: os.path.realpath(folder) for setting, folder in places.items() if folder})


def _setting_of(error: OSError) -> str:
    """Below which of these folders it happened; empty where that is not known."""
    path = error.filename
    if not isinstance(path, str | bytes):
        return ""
    whole = os.path.realpath(os.fsdecode(path))
    inside = [setting for setting, folder in _places.items() if whole == folder or whole.startswith(f"{folder}/")]
    return f", in the folder that `{inside[0]}` names" if inside else ""


def _one_line(_kind: type[BaseException], error: BaseException, _: object) -> None:
    sentence = sentence_of(error)
    logging.getLogger("unface").error(sentence)
    print(sentence, file=sys.stderr)
