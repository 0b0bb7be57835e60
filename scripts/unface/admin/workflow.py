"""Starting Snakemake for the command `unface`: what it says goes into a log, and what went wrong is read from there."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from unface.admin.progress import SCREEN
from unface.run.layout import Layout
from unface.run.settings import PROJECT

LOGS = "unface"
"""The folder of the logs, beside those of the rules."""

_FRAME = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception)(?: in (?:file|rule) .*|):?$")
"""How Snakemake begins to say that a file of rules or its plan is wrong; the sentence follows in lines of its own."""
_MISUSE = re.compile(r"^(?:(?:__main__\.py|snakemake): error|Error): (.*)$", re.M)
_JOB = re.compile(r"^Error in rule (\w+):\n((?:[ \t]+.*\n?)*)", re.M)
_LAST_WORDS = re.compile(r"^\w*Error: (.*)\nRuleException:$", re.M)
"""What a job that failed says on its way out (`run.logs`)."""
_FINISHED = re.compile(r"^Finished jobid: (\d+)\b", re.M)
_COST = "CPU "
"""How the last line of a job's log begins (`run.logs`)."""
FEW = 3


@dataclass(frozen=True)
class Ended:
    """How Snakemake ended: its exit status, whether somebody stopped it, and all that it said."""

    status: int
    stopped: bool
    said: str

    @property
    def ran(self) -> bool:
        """Whether a job was done."""
        return _FINISHED.search(self.said) is not None

    @property
    def had_nothing_to_do(self) -> bool:
        """Whether all was done before."""
        return "Nothing to be done" in self.said

    def made(self, rule: str) -> bool:
        """Whether its plan had jobs of a rule.

        Parameters
        ----------
        rule
            The rule's name.

        Returns
        -------
        bool
            True also where these jobs failed.
        """
        return re.search(rf"^{rule} +\d+$", self.said, re.M) is not None


def run(
    target: str, settings: Path, log: Path, *, cores: int | None = None, profile: str | None = None, more: Sequence[str]
) -> Ended:
    """Run the workflow to its end, on a terminal with its progress.

    Parameters
    ----------
    target
        The rule to make; empty for what a plain `snakemake` makes.
    settings
        The settings file. The workflow runs in its folder, and paths in it are relative to that.
    log
        Where all that Snakemake says is added.
    cores
        How many cores; None leaves it to the profile.
    profile
        A profile in place of `profiles/default`.
    more
        Further arguments for Snakemake.

    Returns
    -------
    Ended
        Also after Ctrl-C: Snakemake then ends its jobs first.
    """
    command = [sys.executable, "-m", "snakemake", *([target] if target else [])]
    command += ["--snakefile", str(PROJECT / "Snakefile"), "--configfile", str(settings.absolute())]
    command += ["--directory", str(settings.absolute().parent)]
    command += [f"--cores={cores}"] if cores else []
    command += _with_profile(profile) if profile else []
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+", encoding="utf-8", errors="replace") as file:
        file.write(f"\n== {time.strftime('%Y-%m-%d %H:%M:%S')}: snakemake {target} {' '.join(more)}\n")
        file.flush()
        begin = file.tell()
        status, stopped = _followed([*command, "--nocolor", *more], file)
        # By the open file: a withdrawal may have removed the log from its folder.
        file.seek(begin)
        return Ended(status, stopped, file.read())


def _with_profile(name: str) -> list[str]:
    """Arguments for a profile: a folder of the user's, one of unface's own, or else one that Snakemake has to find."""
    # It takes the place of profiles/default, which Snakemake would put above it: that one is for a single machine.
    places = (Path(name), PROJECT / "profiles" / name)
    folder = next((place.resolve() for place in places if place.exists()), None)
    return [f"--workflow-profile={folder}"] if folder else [f"--profile={name}", "--workflow-profile=none"]


def _followed(command: Sequence[str], log: IO[str]) -> tuple[int, bool]:
    """Run a command with its words in the log; returns its exit status, and whether a signal came for this process."""
    screen = os.dup(sys.stderr.fileno()) if sys.stderr.isatty() else None
    environment = dict(os.environ) if screen is None else {**os.environ, SCREEN: str(screen)}
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            pass_fds=() if screen is None else (screen,),
            start_new_session=True,  # Ctrl-C reaches this process alone, and the command by it
        ) as process:
            with _passing_on(process) as signals:
                status = process.wait()
            return status, bool(signals)
    finally:
        if screen is not None:
            os.close(screen)


@contextmanager
def _passing_on(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Signals to this process are the command's and its jobs': they end, and this process after them."""
    signals: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        signals.append(number)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    kept = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield signals
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def problems(said: str, folder: Path, layout: Layout) -> list[str]:
    """What went wrong, in sentences of pseudonyms alone.

    Parameters
    ----------
    said
        What Snakemake said.
    folder
        Where it ran: the paths of logs that it names are relative to this.
    layout
        Where everything of the run lies.

    Returns
    -------
    list of str
        What is wrong with settings or arguments, or else which rule failed in which sessions, and why; empty where
        nothing of this can be read from it.
    """
    return _misuse(said) or _framed(said) or list(_failed(said, folder, layout))


def _misuse(said: str) -> list[str]:
    return [f"snakemake: {sentence}" for sentence in _MISUSE.findall(said)]


def _framed(said: str) -> list[str]:
    """The sentence below the last line that says where an error was met; nothing where it was met in a job."""
    lines = said.splitlines()
    begin = max((number for number, line in enumerate(lines) if _FRAME.match(line)), default=None)
    if begin is None or _JOB.search(said):
        return []
    sentences = []
    for line in lines[begin + 1 :]:
        if not line.strip() or line.startswith(('  File "', "Complete log")):
            break
        sentences.append(line.strip())
    return [" ".join(sentences)] if sentences else []


def _failed(said: str, folder: Path, layout: Layout) -> Iterator[str]:
    """A sentence for each rule whose jobs failed to the last try."""
    finished = set(_FINISHED.findall(said))
    logs: dict[str, list[Path]] = {}
    for rule, block in _JOB.findall(said):
        job = re.search(r"jobid: (\d+)", block)
        log = re.search(r"log: (.*?)(?: \(|$)", block, re.M)
        if log and not (job and job[1] in finished) and (path := folder / log[1]) not in logs.setdefault(rule, []):
            logs[rule].append(path)
    for rule, paths in logs.items():
        names = [path.stem for path in paths[:FEW]] + ([f"{len(paths) - FEW} more"] if paths[FEW:] else [])
        of = "" if names == ["cohort"] else f" of {', '.join(names)}"
        # On a full disk its log is empty.
        reason = _last_words(paths[0]) or next(iter(_LAST_WORDS.findall(said)), "")
        yield f"{rule}{of} failed{f': {reason}' if reason else ''}; see {layout.log(rule).parent}"


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    last = next((line for line in reversed(lines) if line.strip() and not line.startswith(_COST)), "")
    return re.sub(r"^\w*Error: ", "", last)
