"""What a job may use of its machine: tries, time, memory. What hangs or fills memory ends its job alone."""

import os
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TRIES = 2
"""How often one run of the workflow tries a stage of a session. One more job of the same stage then gives up."""

KILLED_FIRST = 500
"""Of -1000 to 1000: where memory runs out all the same, the kernel takes a job and not the controller (man 5 proc)."""


def scaled(amount: int) -> Callable[[object, int], int]:
    """A resource of a rule that grows with each try; the job after the last one only gives up, which takes little.

    Parameters
    ----------
    amount
        What the first try gets: MB or minutes.

    Returns
    -------
    callable
        Gives the amount of a try, by its number from 1, as Snakemake asks for it.
    """
    return lambda wildcards, attempt: amount * (attempt if attempt <= TRIES else 1)


def attempt(_wildcards: object, attempt: int) -> int:
    """Number of this attempt at a rule's job, from 1; for the rule's script.

    Parameters
    ----------
    _wildcards
        Snakemake gives them; they do not count.
    attempt
        The number.

    Returns
    -------
    int
        The same number.
    """
    return attempt


def limit(*, minutes: float, memory_mb: float) -> None:
    """Bound this process and the programs that it starts.

    Parameters
    ----------
    minutes
        The process is killed after this time, wherever it hangs: a handler would wait for native code to return.
    memory_mb
        What the job asked for. It may allocate twice as much, since not all that is allocated is used; then it gets a
        `MemoryError`.
    """
    signal.setitimer(signal.ITIMER_REAL, minutes * 60)
    most = int(memory_mb * 2 * 2**20)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    with suppress(OSError):
        Path(f"/proc/{os.getpid()}/oom_score_adj").write_text(str(KILLED_FIRST), encoding="ascii")
