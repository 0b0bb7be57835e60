"""Where unface's own words go: the log file of a job. They hold pseudonyms only."""

import atexit
import logging
import resource
import sys
from pathlib import Path


def log_to(path: str | Path) -> None:
    """Send the messages of the core to a job's log file, and exceptions as one line with no traceback.

    A traceback quotes the values it met, and Snakemake prints what a job prints: the stages keep tracebacks in
    `restricted/` (see `run.outcome`), and what reaches this hook says no more than its own message.

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


def _one_line(kind: type[BaseException], error: BaseException, _: object) -> None:
    own = kind.__module__.startswith("unface.")
    sentence = (
        f"{kind.__name__}: {error}" if own else f"{kind.__name__} (its message is not shown: it may hold an identifier)"
    )
    logging.getLogger("unface").error(sentence)
    print(sentence, file=sys.stderr)
