"""The command `deidentify_dicom.py`: one file or a whole tree, by the engine of the workflow.

Two passes: the first collects each patient's identifiers from all files, the second rewrites and searches for them.
A patient is who has one PatientID; pseudonyms, UIDs and day shift depend on it and on the key alone.
"""

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import yaml

from unface.dicom import selection
from unface.dicom.demographics import from_folders
from unface.dicom.encoding import Encoded, UnreadableError, decode, element_at
from unface.dicom.engine import HEAD_MARGIN_BYTES, Engine, IdentifierLeftError, collect_encoded, read_bytes, read_header
from unface.dicom.explain import profile_table
from unface.dicom.identifiers import Answers, Collector, usable
from unface.dicom.profile import Profile
from unface.dicom.splitter import Splitter, Unit
from unface.pseudonyms import Key
from unface.settings import PROJECT, Deidentify, SettingsError, check

CHUNK_FILES = 200
CHUNKS_A_PROCESS = 2
HEAD_BYTES = 32_768
PATIENT_ID, SERIES = 0x00100020, 0x0020000E
NO_PATIENT = ""


@dataclass(frozen=True)
class Job:
    """What every worker knows."""

    source: Path
    target: Path
    key: Key
    settings: Deidentify
    select: tuple[selection.Condition, ...] = ()


@dataclass
class Found:
    """What the first pass found in some files: identifiers by patient."""

    patients: dict[str, Answers] = field(default_factory=dict)

    def add(self, other: "Found") -> None:
        for patient, answers in other.patients.items():
            mine = self.patients.setdefault(patient, {})
            for kind, values in answers.items():
                mine.setdefault(kind, set()).update(values)


def main(arguments: list[str]) -> int:
    """Run the command; returns the exit status: 0 when every file is clean, 1 when some were refused, 2 on misuse."""
    options = _parser().parse_args(arguments)
    if options.profile:
        return _print_profile(options.config)
    problem = _problem(options.source, options.target)
    if problem:
        return _misuse(problem)
    source, target = options.source.resolve(), options.target.resolve()
    try:
        settings, select = _settings(options.config)
    except (OSError, SettingsError, yaml.YAMLError) as error:
        return _misuse(f"--config: {error}")
    root = source if source.is_dir() else source.parent
    job = Job(root, target, Key.load_or_make(options.key or Path("unface.key")), settings, select)
    files = list(tree(source))
    try:
        refused = run(job, files, options.processes, sys.stderr)
    except SettingsError as error:  # A value that an override's attribute cannot hold.
        return _misuse(f"--config: {error}")
    for name, reason in refused:
        print(f"refused: {name!r}: {reason}", file=sys.stderr)
    print(f"{len(files) - len(refused)} files written, {len(refused)} refused", file=sys.stderr)
    return 1 if refused else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deidentify_dicom.py", description="De-identify DICOM by PS3.15 Annex E.")
    parser.add_argument("source", metavar="IN", type=Path, nargs="?", help="a file or a folder tree; read only")
    parser.add_argument("target", metavar="OUT", type=Path, nargs="?", help="folder for the clean files; not inside IN")
    parser.add_argument(
        "--config", type=Path, help="a config.yaml of unface; its blocks `deidentify` and `select` count"
    )
    parser.add_argument("--profile", action="store_true", help="print what happens to each attribute and why, and end")
    parser.add_argument("--key", type=Path, help="the key file (default: unface.key here); made if there is none")
    parser.add_argument("--processes", type=int, default=1, help="how many processes (default: 1)")
    return parser


def _problem(source: Path | None, target: Path | None) -> str:
    """What is wrong with IN and OUT; nothing if they will do."""
    if source is None or target is None:
        return "IN and OUT are needed"
    if not source.exists():
        return "IN does not exist"
    inside = target.resolve() == source.resolve() or source.resolve() in target.resolve().parents
    return "OUT may not be inside IN" if inside else ""


def _print_profile(config: Path | None) -> int:
    try:
        settings, _ = _settings(config)
        print(profile_table(Profile(settings)), end="")
    except (OSError, SettingsError, yaml.YAMLError) as error:
        return _misuse(f"--config: {error}")
    return 0


def _misuse(sentence: str) -> int:
    print(f"deidentify_dicom.py: {sentence}", file=sys.stderr)
    return 2


def _settings(config: Path | None) -> tuple[Deidentify, tuple[selection.Condition, ...]]:
    content = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    if config is not None:
        content.update(yaml.safe_load(config.read_text(encoding="utf-8")) or {})
    check(content)
    return Deidentify.of(content["deidentify"]), tuple(content["select"])


def tree(source: Path) -> Iterator[Path]:
    """The regular files of a tree in order; links are not followed, so none can lead out of it."""
    if source.is_file():
        yield source
        return
    yield from map(Path, _below(str(source)))


def _below(folder: str) -> Iterator[str]:
    """The regular files of a folder, then those of its folders; a folder that cannot be read has none."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    yield from (entry.path for entry in entries if entry.is_file(follow_symlinks=False))
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)


def run(job: Job, files: list[Path], processes: int, progress: TextIO | None = None) -> list[tuple[str, str]]:
    """De-identify files; returns those refused, by their path below the source, with the reason."""
    total = Found()
    if processes <= 1:
        patients = _Patients()
        total = collect(job, files, patients)
        return rewrite(job, files, total, progress, patients)
    # Few chunks: each begins with a header that nothing is known of.
    size = max(CHUNK_FILES, -(-len(files) // (processes * CHUNKS_A_PROCESS)))
    chunks = [files[at : at + size] for at in range(0, len(files), size)]
    jobs = [job] * len(chunks)
    refused: list[tuple[str, str]] = []
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(collect, jobs, chunks):
            total.add(found)
        for number, part in enumerate(pool.map(rewrite, jobs, chunks, [total] * len(chunks))):
            refused += part
            _show(progress, number + 1, len(chunks))
    return refused


def _show(progress: TextIO | None, done: int, total: int) -> None:
    if progress is not None and total and progress.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done * 100 // total:3d} % [{'#' * (done * 40 // total):40}]", end=end, file=progress, flush=True)


class _Patients:
    """Splitters by series, and who a file belongs to."""

    def __init__(self) -> None:
        self.splitters: dict[bytes, Splitter] = defaultdict(Splitter)
        self.head_bytes = HEAD_BYTES
        """So much of the next file is read to collect identifiers."""

    def splitter(self, data: bytes) -> Splitter:
        """The splitter for a file's series; the beginning of its SeriesInstanceUID element is enough to tell."""
        at = data.find(b"\x20\0\x0e\0", 132, 65_536)
        return self.splitters[data[at : at + 72] if at > 0 else b""]


def patient_of(units: Iterable[Unit], implicit: bool) -> str:
    """The PatientID that units hold, as Latin-1."""
    for unit in units:
        if unit.tag <= PATIENT_ID:
            for part in unit.parts or (unit,):
                if part.tag == PATIENT_ID:
                    _, _, body, end = element_at(part.raw, 0, part.size, implicit)
                    return part.raw[body:end].strip(b"\0 ").decode("latin-1")
    return NO_PATIENT


def collect(job: Job, files: list[Path], patients: _Patients | None = None) -> Found:
    """First pass: the identifiers of some files. What `patients` learns of them helps the second pass."""
    profile = _profile(job.settings)
    patients = patients or _Patients()
    collectors: dict[str, Collector] = defaultdict(lambda: Collector(profile.options))
    for path in files:
        try:
            encoded, units, first = _head(path, patients)
        except (OSError, UnreadableError):
            continue  # The second pass says so.
        collector = collectors[patient_of(units, encoded.implicit)]
        collect_encoded(encoded, units, collector, by_pydicom=first)
    return Found({patient: collector.answers for patient, collector in collectors.items()})


def _head(path: Path, patients: _Patients) -> tuple[Encoded, list[Unit], bool]:
    """A file's header, and whether it is the first of its series; more is read only where the header is long."""
    found: list[tuple[Encoded, list[Unit], bool]] = []

    def split(data: bytes) -> bool:
        encoded = decode(data)
        splitter = patients.splitter(encoded.data)
        first = not splitter.header_bytes or (bool(found) and found[0][2])
        units, at = splitter.split(encoded.data, encoded.start, encoded.implicit, len(encoded.data))
        found[:] = [(encoded, units, first)]
        patients.head_bytes = min(HEAD_BYTES, at + HEAD_MARGIN_BYTES)
        return at < len(encoded.data)

    read_header(path, patients.head_bytes, split)
    return found[0]


def rewrite(
    job: Job, files: list[Path], found: Found, progress: TextIO | None = None, patients: _Patients | None = None
) -> list[tuple[str, str]]:
    """Second pass: write the clean files; returns those refused."""
    profile = _profile(job.settings)
    patients = patients or _Patients()
    engines: dict[str, Engine] = {}
    refused: list[tuple[str, str]] = []
    wanted = selection.keywords(job.select)
    folders: dict[str, str] = {}
    reasons: dict[str, str] = {}
    start = len(str(job.source)) + 1
    for number, path in enumerate(files):
        if number % 100 == 0:
            _show(progress, number, len(files))
        below = str(path)[start:]
        try:
            encoded = decode(read_bytes(path))
            splitter = patients.splitter(encoded.data)
            units, at = splitter.split(encoded.data, encoded.start, encoded.implicit, len(encoded.data))
            fields = selection.fields(units, encoded.implicit, wanted)
            judged = repr(fields)
            reason = reasons.get(judged)
            if reason is None:
                if len(reasons) >= CHUNK_FILES:
                    reasons.clear()
                reason = reasons[judged] = selection.excluded(fields, job.select)
            if reason:
                refused.append((below, reason))
                continue
            patient = patient_of(units, encoded.implicit)
            engine = engines.get(patient)
            if engine is None:
                answers = usable(found.patients.get(patient, {}))
                people = from_folders(job.settings.folder_pattern, path, job.settings.age_band_years)
                pseudonym = job.key.subject(patient)
                engine = engines[patient] = Engine(profile, job.key, patient, pseudonym, answers, people)
            clean = engine.clean_units(encoded, units, at)
            folder, name = os.path.split(below)
            if folder not in folders:
                folders[folder] = str(_folder(job, folder))
            target = f"{folders[folder]}/{job.key.label('path', name)}"
            clean.write(f"{target}.part")
            os.replace(f"{target}.part", f"{target}.dcm")  # noqa: PTH105
        except UnreadableError as error:
            refused.append((below, str(error)))
        except IdentifierLeftError:
            refused.append((below, "its new header still held one of the subject's identifiers"))
        except OSError as error:
            refused.append((below, os.strerror(error.errno or 0)))
    _show(progress, len(files), len(files))
    return refused


def _folder(job: Job, below: str) -> Path:
    """Where the files of a folder go: every folder's name is a pseudonym of it."""
    folder = job.target.joinpath(*(job.key.label("path", part) for part in Path(below).parts))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


_PROFILES: dict[int, Profile] = {}


def _profile(settings: Deidentify) -> Profile:
    """The profile of some settings, made once a process."""
    key = hash((settings.options, repr(sorted(settings.overrides.items())), settings.age_band_years))
    if key not in _PROFILES:
        _PROFILES[key] = Profile(settings)
    return _PROFILES[key]
