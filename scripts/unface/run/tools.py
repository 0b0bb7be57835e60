"""Running programs from outside Python: time limits, quiet, and failures told apart.

What a program prints may quote its input, so it is returned to the caller and never logged.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unface.run.outcome import JobFailedError, MachineError, WithheldError

TO_CLEAN_UP_S = 5.0
"""How long before its job a program has to end: the alarm that ends a job kills no program that the job started."""


@dataclass(frozen=True)
class Finished:
    """How a program ended: its exit status, and what it printed."""

    status: int
    output: str


def find(program: str) -> str:
    """The program's path: beside this Python (where a wheel puts it) or on PATH.

    Parameters
    ----------
    program
        Its name, without a folder.

    Returns
    -------
    str
        Its path.

    Raises
    ------
    MachineError
        If it is not installed.
    """
    beside = Path(sys.executable).parent / program
    path = str(beside) if beside.exists() else shutil.which(program)
    if path is None:
        raise MachineError(f"the program {program} is not installed; `make` installs everything unface needs")
    return path


def run(
    arguments: Sequence[str | Path],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program to its end and return its status and output.

    Parameters
    ----------
    arguments
        The program and its arguments.
    timeout_s
        How long it may take, in seconds.
    cwd
        The folder to run in; the current one if not given.
    environment
        Variables to add to those of this process.

    Returns
    -------
    Finished
        Its status, and output and errors in one.

    Raises
    ------
    WithheldError
        `tool_timeout` past the time limit (the program and its children are killed), `tool_crashed` when it died
        of a fault of its own (a segmentation fault, an abort).
    JobFailedError
        When it was killed from outside, as for lack of memory, or the job's own time (`limits.limit`) is over first:
        another try may succeed, and has more of both.
    MachineError
        When its disk was full.
    """
    name = Path(arguments[0]).name
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    within_s = min(timeout_s, max(left - TO_CLEAN_UP_S, 0)) if left else timeout_s
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        output, _ = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        if within_s < timeout_s:
            raise JobFailedError(
                f"{name} did not finish in the time of its job; if it was at work, raise runtime"
            ) from None
        raise WithheldError("tool_timeout", f"{name} did not finish within {timeout_s:.0f} s") from None
    finally:
        # A group outlives its leader: also on Ctrl-C or SIGTERM nothing may go on writing below us.
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if "No space left on device" in output:
        raise MachineError(f"{name} found the disk full")
    if process.returncode in (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP):
        raise JobFailedError(
            f"{name} was killed by signal {-process.returncode}; if that was for lack of memory, raise mem_mb"
        )
    if process.returncode < 0:
        raise WithheldError("tool_crashed", f"{name} crashed with signal {-process.returncode}")
    return Finished(process.returncode, output)
