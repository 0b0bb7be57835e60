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
from unface.deidentify.clean_files import Deidentifier, IdentifierLeftError
from unface.deidentify.clock import KEYWORDS, Clock, moments_of
from unface.deidentify.collect import IdentifierCollector, collect_encoded
from unface.deidentify.profile import Profile
from unface.deidentify.raw_files import HEAD_MARGIN_BYTES, read_bytes, read_header
from unface.deidentify.splitter import HeaderSplitter, Segment
from unface.dicom.encoding import Encoded, UnreadableError, decode, element_at
from unface.identity.demographics import from_folders
from unface.identity.identifiers import Identifiers, add_names_of_paths, searchable
from unface.identity.pseudonyms import Key
from unface.run.folders import unreadable, walk
from unface.run.settings import Deidentify

FEWEST_FILES, CHUNKS_A_PROCESS = 25, 8
"""What one process is given at a time: a share of the files, but not too few."""
HEAD_BYTES = 32_768
PATIENT_ID = 0x00100020
NO_PATIENT = ""
REMEMBERED = 64
"""The number of series, patients, folders and reasons that are remembered: a tree may have any number of them."""

Refused = tuple[str, str]
"""A file by its path below the source, and why there is no clean one."""


@dataclass(frozen=True)
class Known:
    """What the first pass learns of a patient.

    Attributes
    ----------
    identifiers : dict
        Values by kind.
    moments : set of tuple
        Dates and times of the headers: all of a patient are moved alike.
    """

    identifiers: Identifiers
    moments: set[tuple[str, str]]


ByPatient = dict[str, Known]
"""What is known by PatientID."""
NOTHING = Known({}, set())


@dataclass(frozen=True)
class TreeJob:
    """What is to be done.

    Attributes
    ----------
    source : pathlib.Path
        The folder that the raw files lie in.
    target : pathlib.Path
        Where the clean files go.
    key : Key
        Gives pseudonyms, UIDs and the days that dates are shifted by.
    settings : Deidentify
        The settings of de-identification.
    select : tuple of mapping
        Conditions that decide which files may enter.
    """

    source: Path
    target: Path
    key: Key
    settings: Deidentify
    select: tuple[selection.Condition, ...] = ()


def find_files(source: Path) -> tuple[list[str], list[Refused]]:
    """List the regular files of a tree, in the same order on each run.

    Links are not followed, so none can lead out of the tree.

    Parameters
    ----------
    source
        A folder, or a single file.

    Returns
    -------
    list of str
        Paths of the files.
    list of tuple
        What must not be opened or cannot be.
    """
    if source.is_file():
        return [str(source)], []
    files: list[str] = []
    refused: list[Refused] = []
    try:
        for folder in walk(source, shard=0, shards=1):
            for place in folder.places:
                if place.problem is None:
                    files.append(place.path)
                else:
                    refused.append((os.path.relpath(place.path, source), place.problem))
    except OSError as error:
        refused.append((".", unreadable(error)))
    return files, refused


def deidentify_tree(job: TreeJob, files: list[str], processes: int, progress: TextIO | None = None) -> list[Refused]:
    """De-identify files, in one process or several.

    Parameters
    ----------
    job
        What is to be done.
    files
        Paths of the raw files (`find_files`).
    processes
        How many processes; the clean files are the same whatever the number.
    progress
        Where a bar is drawn, if it is a terminal.

    Returns
    -------
    list of tuple
        The files that there is no clean one of, and why.
    """
    worker = _Worker(job)
    gc.freeze()  # The tables stay anyway: no collection has to look at them, and copies of the process share them.
    size = max(FEWEST_FILES, -(-len(files) // (max(processes, 1) * CHUNKS_A_PROCESS)))
    chunks = [files[at : at + size] for at in range(0, len(files), size)]
    if processes <= 1 or len(chunks) <= 1:
        known = _merged(map(worker.collect, chunks))
        return _all(map(worker.rewrite, chunks, [known] * len(chunks)), len(chunks), progress)
    # The processes are copies of this one: what it has read they need not read, each by itself.
    worker.warm(files[0])
    with ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _start, (worker,)) as pool:
        known = _merged(pool.map(_collect, chunks))
        return _all(pool.map(_rewrite, chunks, [known] * len(chunks)), len(chunks), progress)


def _merged(parts: Iterable[ByPatient]) -> ByPatient:
    total: ByPatient = {}
    for part in parts:
        for patient, known in part.items():
            merged = total.setdefault(patient, Known({}, set()))
            for kind, values in known.identifiers.items():
                merged.identifiers.setdefault(kind, set()).update(values)
            merged.moments.update(known.moments)
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


class _Worker:
    """Does both passes over some of the files, and remembers what one pass learnt of a series for the other."""

    def __init__(self, job: TreeJob) -> None:
        self.job = job
        self.profile = Profile(job.settings)
        self._selected = set(selection.keywords(job.select))
        # The segments of a header keep what they were asked for first: both passes ask the same.
        self._wanted = tuple(dict.fromkeys([*sorted(self._selected), *KEYWORDS]))
        self._splitters: dict[bytes, HeaderSplitter] = {}
        self._deidentifiers: dict[str, Deidentifier] = {}
        self._folders: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._head_bytes = HEAD_BYTES

    def warm(self, path: str) -> None:
        """Read the tables and learn a header, without writing anything."""
        try:
            encoded, segments, patient, _ = self._head(path)
            self._deidentifier(path, patient, {}).clean_segments(encoded, segments, len(encoded.data))
        except (OSError, UnreadableError, IdentifierLeftError):
            pass  # The passes say so.
        # Nothing of it may stay: this one knew no identifiers.
        self._deidentifiers.clear()
        self._splitters.clear()

    def collect(self, files: Iterable[str]) -> ByPatient:
        """First pass: the identifiers that stand in some files and in the names of their folders."""
        collectors: dict[str, IdentifierCollector] = defaultdict(lambda: IdentifierCollector(self.profile.options))
        paths: dict[str, list[str]] = defaultdict(list)
        moments: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for path in files:
            try:
                encoded, segments, patient, first = self._head(path)
            except (OSError, UnreadableError):
                continue  # The second pass says so.
            collect_encoded(encoded, segments, collectors[patient], by_pydicom=first)
            paths[patient].append(path)
            if self.profile.moves_times:
                moments[patient].update(moments_of(selection.fields(segments, encoded.implicit, self._wanted)))
        for patient, collector in collectors.items():
            add_names_of_paths(collector.identifiers, paths[patient])
        return {patient: Known(collectors[patient].identifiers, moments[patient]) for patient in collectors}

    def rewrite(self, files: Iterable[str], known: ByPatient) -> list[Refused]:
        """Second pass: write the clean files; returns those refused."""
        refused: list[Refused] = []
        start = len(str(self.job.source).rstrip("/")) + 1
        for path in files:
            try:
                reason = self._file(path, path[start:], known)
            except (UnreadableError, IdentifierLeftError) as error:
                reason = str(error)
            except OSError as error:
                reason = os.strerror(error.errno or 0)
            except Exception as error:
                # One file's fault must not keep back the others; no word of an error may be passed on.
                reason = f"no DICOM image that can be made clean ({type(error).__name__})"
            if reason:
                refused.append((path[start:], reason))
        return refused

    def _file(self, path: str, below: str, known: ByPatient) -> str:
        """Write one clean file, or say why it stays out."""
        encoded = decode(read_bytes(path))
        segments, at, patient, _ = self._split(encoded)
        told = selection.fields(segments, encoded.implicit, self._wanted)
        fields = {name: told[name] for name in told if name in self._selected}
        reason = _known(self._reasons, repr(fields), lambda: selection.excluded(fields, self.job.select))
        if reason:
            return reason
        clean = self._deidentifier(path, patient, known).clean_segments(encoded, segments, at)
        folder, name = os.path.split(below)
        target = f"{_known(self._folders, folder, lambda: self._folder(folder))}/{self.job.key.label('path', name)}"
        clean.write(f"{target}.part")
        os.replace(f"{target}.part", f"{target}.dcm")  # noqa: PTH105 - a hot loop
        return ""

    def _head(self, path: str) -> tuple[Encoded, list[Segment], str, bool]:
        """A file's header, its patient, and whether it is its series' first; more is read where the header is long."""
        header: tuple[Encoded, list[Segment], str, bool] | None = None

        def split(data: bytes) -> bool:
            nonlocal header
            encoded = decode(data)
            segments, at, patient, first = self._split(encoded)
            header = encoded, segments, patient, first or (header is not None and header[3])
            self._head_bytes = min(HEAD_BYTES, at + HEAD_MARGIN_BYTES)
            return at < len(encoded.data)

        read_header(path, self._head_bytes, split)
        assert header is not None  # `split` was called, and did not raise the last time.
        return header

    def _split(self, encoded: Encoded) -> tuple[list[Segment], int, str, bool]:
        """Segments, where they end, the patient, and whether nothing was known of the series so far."""
        # The beginning of its SeriesInstanceUID element is enough to tell a series. Where that is missing, or given
        # twice, several patients share it: what was made of the one's elements is not what the other's need.
        at = encoded.data.find(b"\x20\0\x0e\0", 132, 65_536)
        series = encoded.data[at : at + 72] if at > 0 else b""
        splitter = _known(self._splitters, series, HeaderSplitter)
        first = not splitter.header_bytes
        segments, end = splitter.split(encoded)
        patient = _patient_of(segments, encoded.implicit)
        if first:
            splitter.owner = patient
        elif splitter.owner != patient:
            splitter = self._splitters[series] = HeaderSplitter()
            splitter.owner, first = patient, True
            segments, end = splitter.split(encoded)
        return segments, end, patient, first

    def _deidentifier(self, path: str, patient: str, known: ByPatient) -> Deidentifier:
        """What makes a patient's files clean."""

        def made() -> Deidentifier:
            key, settings = self.job.key, self.job.settings
            demographics = from_folders(settings.folder_pattern, Path(path), settings.age_band_years)
            of_patient = known.get(patient, NOTHING)
            own, clock = searchable(of_patient.identifiers), Clock.of(of_patient.moments)
            return Deidentifier(self.profile, key, patient, key.subject(patient), own, demographics, clock)

        return _known(self._deidentifiers, patient, made)

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


def _patient_of(segments: Iterable[Segment], implicit: bool) -> str:
    """The PatientID that segments hold, as Latin-1."""
    for segment in segments:
        if segment.tag <= PATIENT_ID:
            for part in segment.parts or (segment,):
                if part.tag == PATIENT_ID:
                    _, _, body, end = element_at(part.raw, 0, part.size, implicit)
                    return part.raw[body:end].strip(b"\0 ").decode("latin-1")
    return NO_PATIENT


_worker: _Worker
"""That of a process of the pool."""


def _start(worker: _Worker) -> None:
    global _worker  # noqa: PLW0603 - a process has one worker
    _worker = worker


def _collect(files: list[str]) -> ByPatient:
    return _worker.collect(files)


def _rewrite(files: list[str], known: ByPatient) -> list[Refused]:
    return _worker.rewrite(files, known)
