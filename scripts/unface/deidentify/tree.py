"""A whole tree of files made clean, without Snakemake, in one process or several.

Two passes: the first collects each patient's identifiers from all files, the second rewrites and searches for them.
A patient is who has one PatientID; pseudonyms, UIDs and day shift depend on it and on the key alone.
"""

import gc
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeVar

from unface.deidentify import selection
from unface.deidentify.engine import (
    HEAD_MARGIN_BYTES,
    Engine,
    IdentifierLeftError,
    collect_encoded,
    read_bytes,
    read_header,
)
from unface.deidentify.identifiers import Collector
from unface.deidentify.profile import Profile
from unface.deidentify.splitter import Splitter, Unit
from unface.dicom.encoding import Encoded, UnreadableError, decode, element_at
from unface.identity.demographics import from_folders
from unface.identity.identifiers import Identifiers, add_names_of_paths, searchable
from unface.identity.pseudonyms import Key
from unface.run.folders import unreadable
from unface.run.settings import Deidentify

FEWEST_FILES, CHUNKS_A_PROCESS = 25, 8
"""What one process is given at a time: a share of the files, but not too few."""
HEAD_BYTES = 32_768
PATIENT_ID = 0x00100020
NO_PATIENT = ""
REMEMBERED = 64
"""The number of series, patients, folders and verdicts that are remembered: a tree may have any number of them."""

Refused = tuple[str, str]
"""A file by its path below the source, and why there is no clean one."""
Found = dict[str, Identifiers]
"""Identifiers by patient."""


@dataclass(frozen=True)
class Job:
    """What is to be done."""

    source: Path
    target: Path
    key: Key
    settings: Deidentify
    select: tuple[selection.Condition, ...] = ()


def tree(source: Path) -> tuple[list[str], list[Refused]]:
    """The regular files of a tree in order, and what must not be opened or cannot be.

    Links are not followed, so none can lead out of the tree.
    """
    if source.is_file():
        return [str(source)], []
    files: list[str] = []
    refused: list[Refused] = []
    waiting = [str(source)]
    while waiting:
        folder = waiting.pop()
        below: list[str] = []
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            refused.append((os.path.relpath(folder, source), unreadable(error)))
            continue
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                files.append(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
            else:
                what = "a link, which is not followed" if entry.is_symlink() else "neither file nor folder"
                refused.append((os.path.relpath(entry.path, source), what))
        waiting += reversed(below)
    return files, refused


def run(job: Job, files: list[str], processes: int, progress: TextIO | None = None) -> list[Refused]:
    """De-identify files; returns those refused."""
    worker = Worker(job)
    gc.freeze()  # The tables stay anyway: no collection has to look at them, and copies of the process share them.
    size = max(FEWEST_FILES, -(-len(files) // (max(processes, 1) * CHUNKS_A_PROCESS)))
    chunks = [files[at : at + size] for at in range(0, len(files), size)]
    if processes <= 1 or len(chunks) <= 1:
        found = _merged(map(worker.collect, chunks))
        return _all(map(worker.rewrite, chunks, [found] * len(chunks)), len(chunks), progress)
    # The processes are copies of this one: what it has read they need not read, each by itself.
    worker.warm(files[0])
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _start, (worker,)) as pool:
        found = _merged(pool.map(_collect, chunks))
        return _all(pool.map(_rewrite, chunks, [found] * len(chunks)), len(chunks), progress)


def _merged(parts: Iterable[Found]) -> Found:
    total: Found = {}
    for part in parts:
        for patient, answers in part.items():
            mine = total.setdefault(patient, {})
            for kind, values in answers.items():
                mine.setdefault(kind, set()).update(values)
    return total


def _all(parts: Iterable[list[Refused]], count: int, progress: TextIO | None) -> list[Refused]:
    """What all chunks refused; the bar moves on as they come in."""
    refused: list[Refused] = []
    for done, part in enumerate(parts, start=1):
        refused += part
        if progress is not None and progress.isatty():
            end = "\n" if done == count else ""
            print(f"\r{done * 100 // count:3d} % [{'#' * (done * 40 // count):40}]", end=end, file=progress, flush=True)
    return refused


class Worker:
    """Does both passes over some of the files, and remembers what one pass learnt of a series for the other."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.profile = Profile(job.settings)
        self._wanted = selection.keywords(job.select)
        self._splitters: dict[bytes, Splitter] = {}
        self._engines: dict[str, Engine] = {}
        self._folders: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._head_bytes = HEAD_BYTES

    def warm(self, path: str) -> None:
        """Read the tables and learn a header, without writing anything."""
        try:
            encoded, units, patient, _ = self._head(path)
            self._engine(path, patient, {}).clean_units(encoded, units, len(encoded.data))
        except (OSError, UnreadableError, IdentifierLeftError):
            pass  # The passes say so.
        # Nothing of it may stay: this engine knew no identifiers.
        self._engines.clear()
        self._splitters.clear()

    def collect(self, files: Iterable[str]) -> Found:
        """First pass: the identifiers that stand in some files and in the names of their folders."""
        collectors: dict[str, Collector] = defaultdict(lambda: Collector(self.profile.options))
        paths: dict[str, list[str]] = defaultdict(list)
        for path in files:
            try:
                encoded, units, patient, first = self._head(path)
            except (OSError, UnreadableError):
                continue  # The second pass says so.
            collect_encoded(encoded, units, collectors[patient], by_pydicom=first)
            paths[patient].append(path)
        for patient, collector in collectors.items():
            add_names_of_paths(collector.answers, paths[patient])
        return {patient: collector.answers for patient, collector in collectors.items()}

    def rewrite(self, files: Iterable[str], found: Found) -> list[Refused]:
        """Second pass: write the clean files; returns those refused."""
        refused: list[Refused] = []
        start = len(str(self.job.source).rstrip("/")) + 1
        for path in files:
            try:
                reason = self._file(path, path[start:], found)
            except UnreadableError as error:
                reason = str(error)
            except IdentifierLeftError:
                reason = "its new header still held one of the subject's identifiers"
            except OSError as error:
                reason = os.strerror(error.errno or 0)
            if reason:
                refused.append((path[start:], reason))
        return refused

    def _file(self, path: str, below: str, found: Found) -> str:
        """Write one clean file, or say why it stays out."""
        encoded = decode(read_bytes(path))
        units, at, patient, _ = self._split(encoded)
        fields = selection.fields(units, encoded.implicit, self._wanted)
        reason = _known(self._reasons, repr(fields), lambda: selection.excluded(fields, self.job.select))
        if reason:
            return reason
        clean = self._engine(path, patient, found).clean_units(encoded, units, at)
        folder, name = os.path.split(below)
        target = f"{_known(self._folders, folder, lambda: self._folder(folder))}/{self.job.key.label('path', name)}"
        clean.write(f"{target}.part")
        os.replace(f"{target}.part", f"{target}.dcm")  # noqa: PTH105 - a hot loop
        return ""

    def _head(self, path: str) -> tuple[Encoded, list[Unit], str, bool]:
        """A file's header, its patient, and whether it is its series' first; more is read where the header is long."""
        found: list[tuple[Encoded, list[Unit], str, bool]] = []

        def split(data: bytes) -> bool:
            encoded = decode(data)
            units, at, patient, first = self._split(encoded)
            found[:] = [(encoded, units, patient, first or (bool(found) and found[0][3]))]
            self._head_bytes = min(HEAD_BYTES, at + HEAD_MARGIN_BYTES)
            return at < len(encoded.data)

        read_header(path, self._head_bytes, split)
        return found[0]

    def _split(self, encoded: Encoded) -> tuple[list[Unit], int, str, bool]:
        """Units, where they end, the patient, and whether nothing was known of the series so far.

        The beginning of its SeriesInstanceUID element is enough to tell a series. Where that is missing, or given
        twice, several patients share it: what was made of the one's elements is not what the other's need.
        """
        at = encoded.data.find(b"\x20\0\x0e\0", 132, 65_536)
        series = encoded.data[at : at + 72] if at > 0 else b""
        splitter = _known(self._splitters, series, Splitter)
        first = not splitter.header_bytes
        units, end = splitter.split(encoded)
        patient = patient_of(units, encoded.implicit)
        if first:
            splitter.owner = patient
        elif splitter.owner != patient:
            splitter = self._splitters[series] = Splitter()
            splitter.owner, first = patient, True
            units, end = splitter.split(encoded)
        return units, end, patient, first

    def _engine(self, path: str, patient: str, found: Found) -> Engine:
        """The engine for a patient."""

        def made() -> Engine:
            answers = searchable(found.get(patient, {}))
            people = from_folders(self.job.settings.folder_pattern, Path(path), self.job.settings.age_band_years)
            return Engine(self.profile, self.job.key, patient, self.job.key.subject(patient), answers, people)

        return _known(self._engines, patient, made)

    def _folder(self, below: str) -> str:
        """Where the files of a folder go: every folder's name is a pseudonym of it."""
        folder = self.job.target.joinpath(*(self.job.key.label("path", part) for part in Path(below).parts))
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


_Name = TypeVar("_Name")
_Thing = TypeVar("_Thing")


def _known(things: dict[_Name, _Thing], name: _Name, make: Callable[[], _Thing]) -> _Thing:
    """What is known by a name, made where it is not; the oldest is forgotten where there are many."""
    thing = things.get(name)
    if thing is None:
        if len(things) >= REMEMBERED:
            del things[next(iter(things))]
        thing = things[name] = make()
    return thing


def patient_of(units: Iterable[Unit], implicit: bool) -> str:
    """The PatientID that units hold, as Latin-1."""
    for unit in units:
        if unit.tag <= PATIENT_ID:
            for part in unit.parts or (unit,):
                if part.tag == PATIENT_ID:
                    _, _, body, end = element_at(part.raw, 0, part.size, implicit)
                    return part.raw[body:end].strip(b"\0 ").decode("latin-1")
    return NO_PATIENT


_worker: Worker
"""That of a process of the pool."""


def _start(worker: Worker) -> None:
    global _worker  # noqa: PLW0603 - a process has one worker
    _worker = worker


def _collect(files: list[str]) -> Found:
    return _worker.collect(files)


def _rewrite(files: list[str], found: Found) -> list[Refused]:
    return _worker.rewrite(files, found)
