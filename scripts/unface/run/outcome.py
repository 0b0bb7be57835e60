"""How a stage of one session ends: ok or withheld, with reasons, digests and measurements.

One place for the contract of every per-session stage. Bad data ends as `withheld` and the cohort goes on. A fault of
the machine (a full disk, no memory, a signal) fails the job, for Snakemake to try again; a session whose jobs fail at
every try is withheld. The folder appears whole or not at all. `outcome.json` says how it went and holds no identifier,
no time and no path of the machine.
"""

import errno
import json
import logging
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from unface.run.files import sha256
from unface.run.layout import Layout
from unface.run.limits import TRIES
from unface.run.sessions import SessionId

log = logging.getLogger("unface")

FILE = "outcome.json"

REASONS = {
    "input_missing": "a raw file named by the inventory is gone",
    "input_changed": "a raw file changed since the inventory",
    "unreadable": "a raw file is damaged and cannot be read in full",
    "identifier_left": "a header still held one of the subject's own identifiers after de-identification",
    "nothing_left": "no series is left to convert",
    "ambiguous": "a series matches several mapping rules",
    "unmapped": "a series matches no mapping rule",
    "incomplete": "an acquisition has missing slices or volumes",
    "conversion_failed": "dcm2niix could not convert a series",
    "not_bids": "a mapping rule gives a name that BIDS does not know",
    "registration_failed": "a head could not be aligned with the template, so where its face is stays unknown",
    "face_left": "part of a face is left after defacing",
    "brain_cut": "defacing would remove brain",
    "brain_near": "the cut comes nearer to the brain than the settings allow, though it removes none of it",
    "needs_review": "a check is undecided and a person has to look",
    "defaced_before": "an image shows no face although its field of view holds one: a person has to say why",
    "sides_unsure": "two images of the session seem to have left and right exchanged: a person has to look",
    "rated_fail": "a person looked at a defaced image and rated it as failed",
    "engine_missing": "the defacing engine that the settings name is not installed",
    "morphometry_failed": "brain volumes could not be measured",
    "morphometry_changed": "defacing changed brain volumes by more than the limits",
    "identifier_found": "one of the subject's own identifiers stands in a file that would be released",
    "sidecar_key": "a sidecar holds a key that may not be released",
    "nifti_header": "a NIfTI header holds free text or an extension",
    "file_name": "a file's name is not one that may be released",
    "identifier_like": "text of the form of an identifier (a date, UID or person name) stands in a file",
    "unaudited": "a file that would be released cannot be checked in full",
    "provenance": "a result does not come from today's settings, code and inputs",
    "bids_invalid": "the BIDS validator finds an error in the session",
    "job_failed": "the session's jobs failed at every try: killed, out of memory or time, or a disk's error",
    "tool_timeout": "a tool did not finish in time",
    "tool_crashed": "a tool crashed on this session's data",
    "crashed": "unface itself broke on this session's data; the traceback lies in restricted/tracebacks",
}
"""Every code that a session can be withheld for, with what it means."""

MACHINE_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ENOMEM,
    errno.EMFILE,
    errno.ENFILE,
    errno.EROFS,
    errno.ESTALE,
    errno.EAGAIN,
}
"""Errors of the machine and not of the data: the job fails, and Snakemake tries it again."""


FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Errors of the machine that every session meets: none is withheld for them, however often they come."""


class WithheldError(Exception):
    """The session's data do not allow this stage: it ends as withheld.

    `sentence` says what is wrong and what to do, in pseudonyms only: never a header's value or a raw path.
    """

    def __init__(self, code: str, sentence: str) -> None:
        assert code in REASONS, code
        super().__init__(sentence)
        self.reason = Reason(code, sentence)


class JobFailedError(Exception):
    """The machine failed and the data did not: another try may succeed. The message names no identifier."""


class MachineError(JobFailedError):
    """The machine fails whatever the session: a disk is full, a program is not installed."""


@dataclass(frozen=True)
class Reason:
    """Why a session is withheld: a code of `REASONS`, a sentence without identifiers, the stage that found it."""

    code: str
    sentence: str
    stage: str = ""


@dataclass(frozen=True)
class Outcome:
    """What `outcome.json` holds.

    `fingerprint` holds the digests of settings and code that the stage ran with, `inputs` the digest of each input,
    `outputs` the sha256 of each file by its path from the folder.
    """

    stage: str
    subject: str
    session: str
    state: Literal["ok", "withheld"]
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    measurements: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> SessionId:
        """Whose outcome it is."""
        return SessionId(self.subject, self.session)

    @property
    def ok(self) -> bool:
        """Whether nothing withheld the session in this stage or before."""
        return self.state == "ok"


def read(folder: Path) -> Outcome:
    """The outcome of a stage's folder.

    Parameters
    ----------
    folder
        The stage's folder (`Layout.stage`).

    Returns
    -------
    Outcome
        What its `outcome.json` holds.

    Raises
    ------
    JobFailedError
        If there is none, or it is cut short: the stage has to run again.
    """
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        content["reasons"] = tuple(Reason(**reason) for reason in content["reasons"])
        content["notes"] = tuple(content["notes"])
        return Outcome(**content)
    except (OSError, ValueError, KeyError, TypeError):
        raise JobFailedError(f"{folder.name}/{FILE} is missing or damaged: remove that folder and run again") from None


NOTHING_BESIDE: Mapping[str, Path] = {}


class Work:
    """What a stage works with: its folder, and where it says how it went."""

    SCRATCH = ".scratch"

    def __init__(self, stage: str, session: SessionId, folder: Path) -> None:
        self.stage = stage
        self.session = session
        self.folder = folder
        self.scratch = folder / self.SCRATCH
        self.reasons: list[Reason] = []
        self.notes: list[str] = []
        self.tools: dict[str, str] = {}
        self.inputs: dict[str, str] = {}
        self.measurements: dict[str, Any] = {}

    def withhold(self, code: str, sentence: str) -> None:
        """Withhold the session and go on: what the stage writes stays for review. See also `WithheldError`.

        Parameters
        ----------
        code
            One of `REASONS`.
        sentence
            What is wrong and what to do, in pseudonyms only.
        """
        assert code in REASONS, code
        reason = Reason(code, sentence, self.stage)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def note(self, sentence: str) -> None:
        """Something a curator should know that withholds nothing.

        Parameters
        ----------
        sentence
            For readers, in pseudonyms only.
        """
        if sentence not in self.notes:
            self.notes.append(sentence)


def run_stage(
    stage: str,
    session: SessionId,
    work: Callable[[Work], None],
    *,
    layout: Layout,
    fingerprint: Mapping[str, str],
    sources: Iterable[str] = (),
    files: Iterable[Path] = (),
    attempt: int = 1,
    beside: Mapping[str, Path] = NOTHING_BESIDE,
) -> Outcome:
    """Run one stage of one session and leave its whole folder, `outcome.json` included.

    Parameters
    ----------
    stage
        Names the folder, `layout.stage(stage, session)`, which is made whole by a rename at the end.
    session
        The session.
    work
        The stage itself: writes below `Work.folder`, keeps temporary files in `Work.scratch`.
    layout
        Where everything of the run lies.
    fingerprint
        `settings` and `code` digests (`run.fingerprints.fingerprint`).
    sources
        Stages that this one builds on. If one is withheld, its reasons are passed on and nothing is done.
    files
        Further input files, such as the session's record.
    attempt
        Number of this attempt at the stage in this run of the workflow, from 1. Past `TRIES`, what would fail the job
        once more withholds the session, so that it does not stop the cohort.
    beside
        Where a folder that the stage makes below its own goes in the end, by its name; there is always one. It is
        among the outputs as any other, and may be removed once it was read.

    Returns
    -------
    Outcome
        What `outcome.json` holds.

    Raises
    ------
    JobFailedError
        If the machine failed; its message holds no identifier.
    MemoryError
        If memory ran out, and Snakemake is to try again.
    OSError
        Within alone: it leaves as a `JobFailedError`, without the path that it names.
    """
    os.umask(0o077)
    # Absolute, because tools are started inside their scratch folder.
    folder = layout.stage(stage, session).absolute()
    folders = [layout.stage(name, session) for name in sources]
    part: Path | None = None
    try:
        part, killed = _begin(folder)
        task = Work(stage, session, part)
        try:
            if _all_ok(task, folders, files):
                if killed and attempt > TRIES:
                    raise JobFailedError("killed, as for lack of memory or past its time limit")
                _attempt(task, work, layout.tracebacks)
        except (JobFailedError, MemoryError, OSError) as error:
            if attempt <= TRIES or isinstance(error, MachineError) or getattr(error, "errno", 0) in FULL_DISK:
                raise
            _drop_results(task)
            task.withhold("job_failed", f"{stage} failed at every try: {_said(error)}; see docs/faults.md")
        # Gone if a later job has begun the same work, after this one's controller or node was given up.
        shutil.rmtree(task.scratch)
        outcome = Outcome(
            stage=stage,
            subject=session.subject,
            session=session.session,
            state="withheld" if task.reasons else "ok",
            reasons=tuple(task.reasons),
            notes=tuple(task.notes),
            fingerprint=dict(fingerprint),
            inputs=task.inputs,
            tools=task.tools,
            outputs={
                _from(folder, path.relative_to(part), beside): sha256(path)
                for path in sorted(part.rglob("*"))
                if path.is_file()
            },
            measurements=task.measurements,
        )
        (part / FILE).write_text(json.dumps(asdict(outcome), indent=1, sort_keys=True) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        for name, place in beside.items():
            (part / name).mkdir(exist_ok=True)
            shutil.rmtree(place, ignore_errors=True)
            (part / name).rename(place)
        part.rename(folder)
    except OSError as error:
        raise JobFailedError(f"{stage} of {session.name}: {_said(error)}") from None
    finally:
        if part:
            shutil.rmtree(part, ignore_errors=True)
    _say(outcome)
    return outcome


def _from(folder: Path, path: Path, beside: Mapping[str, Path]) -> str:
    """The path from a stage's folder of what it made at `path` below it."""
    place = beside.get(path.parts[0])
    return str(path) if place is None else os.path.relpath(place.joinpath(*path.parts[1:]), folder)


def _begin(folder: Path) -> tuple[Path, bool]:
    """A new folder to work in, beside the stage's own; and whether an earlier job of the stage has left one.

    An earlier job may still run, unknown to a controller that was started again. Its folder is renamed first, which it
    cannot miss: of two jobs, the one that was started last leaves the result.

    Returns
    -------
    (Path, bool)
        The folder, and whether one was left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    left = list(folder.parent.glob(f".{folder.name}.*"))
    for path in left:
        gone = path.with_suffix(".gone")
        with suppress(FileNotFoundError):
            path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    (part / Work.SCRATCH).mkdir()
    return part, bool(left)


def _all_ok(task: Work, sources: Sequence[Path], files: Iterable[Path]) -> bool:
    """Note the digests of the inputs, and pass on what stopped the stages before; whether nothing did."""
    task.inputs |= {path.name: sha256(path) for path in files}
    before = [read(path) for path in sources]
    task.inputs |= {path.name: sha256(path / FILE) for path in sources}
    task.reasons.extend(dict.fromkeys(reason for outcome in before for reason in outcome.reasons))
    return all(outcome.ok for outcome in before)


def _attempt(task: Work, work: Callable[[Work], None], tracebacks: Path) -> None:
    """Do the stage's work; turn what the data caused into reasons, let through what the machine caused."""
    name = f"{task.session.name}_{task.stage}.txt"
    (tracebacks / name).unlink(missing_ok=True)
    before = os.environ.get("TMPDIR")
    try:
        # Libraries and tools put temporary files where TMPDIR says: never outside restricted/.
        os.environ["TMPDIR"] = tempfile.tempdir = str(task.scratch)
        work(task)
    except WithheldError as error:
        _drop_results(task)
        task.reasons.append(Reason(error.reason.code, error.reason.sentence, task.stage))
    except (JobFailedError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in MACHINE_ERRORS:
            raise
        if not task.scratch.exists():
            raise JobFailedError("another job has begun the same work") from None
        _drop_results(task)
        tracebacks.mkdir(mode=0o700, parents=True, exist_ok=True)
        (tracebacks / name).write_text(traceback.format_exc(), encoding="utf-8")
        sentence = f"{type(error).__name__} in {task.stage}; see restricted/tracebacks/{name}"
        task.reasons.append(Reason("crashed", sentence, task.stage))
    finally:
        tempfile.tempdir = None
        os.environ.pop("TMPDIR")
        if before is not None:
            os.environ["TMPDIR"] = before


def _drop_results(task: Work) -> None:
    for path in task.folder.iterdir():
        if path != task.scratch:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _said(error: BaseException) -> str:
    if isinstance(error, JobFailedError):
        return str(error)
    # str(error) would name the path, which may be a raw one.
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else type(error).__name__


def _say(outcome: Outcome) -> None:
    log.info("%s %s: %s", outcome.id.name, outcome.stage, outcome.state)
    for reason in outcome.reasons:
        log.info("  withheld (%s): %s", reason.code, reason.sentence)
    for note in outcome.notes:
        log.info("  note: %s", note)
