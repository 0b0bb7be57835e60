"""Looking before the first job at what would fail later: settings, tables, folders, space, programs, placeholders."""

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from unface.deidentify import overrides, selection
from unface.identity import withdrawn
from unface.inventory.label_words import read_confirmed
from unface.inventory.subjects import read_subjects
from unface.mapping.rule import RulesError
from unface.mapping.rules import load
from unface.measure.regions import Atlas, regions
from unface.release import data_dictionary, given_columns, validator
from unface.review import ratings
from unface.run import settings, tools
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError
from unface.run.settings import PROJECT, SettingsError, look_up, named_file

OK, NOTE, PROBLEM = "ok", "note", "problem"

LOOK_S = 5.0
"""How long the raw files are counted."""
ROOM = 2
"""A run takes about this much room, in sizes of the raw files: clean DICOM and images, before and after."""
START_S = 30

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    level : str
        `ok`, `note` (to be decided by a person) or `problem` (a run would fail, or withhold what need not be).
    about : str
        The setting or the program.
    sentence : str
        What was found. It holds no value of a table.
    """

    level: str
    about: str
    sentence: str


def before_scan(config: Config) -> None:
    """Read all that the inventory goes by: what is wrong with it is said before every header has been read.

    Parameters
    ----------
    config
        The checked settings.

    Raises
    ------
    SettingsError, RulesError, TableError
        If a file is missing, or is not what it has to be.
    """
    settings.dicom_folder(config)
    for read in (_rules, _label_words, _subjects, _dictionary):
        read(config)


def findings(config: Config, own: Config) -> Iterator[Finding]:
    """Look at all that the settings name, one thing after the other.

    Parameters
    ----------
    config
        The settings, all of them and checked (`run.settings.check`). Paths are relative to the working folder.
    own
        What the user's file says itself: what is missing there was not decided.

    Yields
    ------
    Finding
        In the order in which a run would meet them.
    """
    for setting, read in _READERS.items():
        yield from _read(setting, read, config)
    yield from _places(config)
    yield from _programs(config)
    yield _memory()
    yield from _placeholders(config, own)


def _folder(config: Config) -> str:
    with os.scandir(settings.dicom_folder(config)) as entries:
        if next(entries, None) is None:
            raise SettingsError("the folder is empty: name the one that holds the raw DICOM")
    return "can be read"


def _rules(config: Config) -> str:
    return f"{len(load(settings.mapping_rules(config)).rules)} mapping rules"


def _label_words(config: Config) -> str:
    return f"{len(read_confirmed(named_file(config, 'convert.label_words')))} words for labels"


def _subjects(config: Config) -> str:
    return f"{len(read_subjects(named_file(config, 'subjects')).patients)} patients"


def _ratings(config: Config) -> str:
    return f"{len(ratings.read(named_file(config, 'ratings')).by_shown)} ratings"


def _withdrawn(config: Config) -> str:
    layout = Layout(Path(config["results_dir"]))
    return f"{len(withdrawn.who_withdrew(layout, named_file(config, 'withdrawal.subjects')))} subjects are taken out"


def _dictionary(config: Config) -> str:
    columns = given_columns.read(named_file(config, "subjects"), config["deidentify"]["options"])
    data_dictionary.read(named_file(config, "release.data_dictionary"), columns)
    return "fits the columns of `subjects`"


def _overrides(config: Config) -> str:
    return f"{len(overrides.read(config['deidentify']['overrides']))} attributes"


def _select(config: Config) -> str:
    selection.check(config["select"])
    return f"{len(config['select'])} conditions"


def _atlas(config: Config) -> str:
    image, table = named_file(config, "measure.atlas"), named_file(config, "measure.atlas_labels")
    return f"{len(regions(Atlas(image, table)))} regions" if image and table else ""


def _external(config: Config) -> str:
    names = dict.fromkeys(("subject", "session", "image", "input", "output"), "x")
    measuring = config["measure"]
    for name in ("results", "command"):
        try:
            (measuring[name] or "").format_map(names)
        except (KeyError, IndexError, ValueError):
            known = ", ".join(f"{{{known}}}" for known in names)
            raise SettingsError(f"measure.{name} holds a placeholder that is none of {known}") from None
    if measuring["results"]:
        # As far as it is the same for every image.
        fixed = Path(measuring["results"].split("{")[0] + "x").parent
        if not fixed.is_dir():
            raise SettingsError(f"measure.results: there is no folder {fixed}")
    return "external results"


_READERS: Mapping[str, Callable[[Config], str]] = {
    "dicom_dir": _folder,
    "subjects": _subjects,
    "select": _select,
    "deidentify.overrides": _overrides,
    "convert.rules": _rules,
    "convert.label_words": _label_words,
    "ratings": _ratings,
    "measure.atlas": _atlas,
    "measure.engine": _external,
    "withdrawal.subjects": _withdrawn,
    "release.data_dictionary": _dictionary,
}
"""What each setting names, read by the room that will read it; each says in some words what is there."""
_UNUSED = {"measure.engine": "ants"}
"""Values, beside those that are empty, with which there is nothing to be read."""


def _read(setting: str, read: Callable[[Config], str], config: Config) -> Iterator[Finding]:
    value = look_up(config, setting)
    if setting != "dicom_dir" and (not value or value == _UNUSED.get(setting)):
        return
    try:
        yield Finding(OK, setting, read(config))
    except (SettingsError, RulesError, TableError, JobFailedError) as error:
        yield Finding(PROBLEM, setting, re.sub(f"^(config: )?({re.escape(setting)}:? )?", "", str(error)))
    except OSError as error:
        yield Finding(PROBLEM, setting, f"the file cannot be read: {error.strerror}")


def _places(config: Config) -> Iterator[Finding]:
    raw, results = Path(config["dicom_dir"] or ""), Path(config["results_dir"])
    try:
        settings.keep_apart(config)
    except SettingsError as error:
        yield Finding(PROBLEM, "results_dir", str(error).removeprefix("config: results_dir "))
        return
    standing = next(place for place in (results, *results.absolute().parents) if place.exists())
    if not (standing.is_dir() and os.access(standing, os.W_OK | os.X_OK) and _takes_files(standing)):
        sentence = f"{standing} cannot be written: name another folder, or make this one writable"
        yield Finding(PROBLEM, "results_dir", sentence)
        return
    yield Finding(OK, "results_dir", "can be written")
    free = shutil.disk_usage(standing).free
    size, unread, whole = _size(raw) if config["dicom_dir"] and raw.is_dir() else (0, 0, True)
    if unread:
        folders = "1 folder in it" if unread == 1 else f"{unread} folders in it"
        yield Finding(
            NOTE, "dicom_dir", f"{folders} cannot be read: make them readable, or whole subjects may be missing"
        )
    sizes = f"{decimal(free)} are free; the raw files have {'' if whole else 'more than '}{decimal(size)}"
    if free >= ROOM * size:
        yield Finding(OK, "space", sizes)
    else:
        level = PROBLEM if free < size else NOTE
        yield Finding(
            level, "space", f"{sizes}, and a run takes about {ROOM} times that; `keep_work: needed` takes less"
        )


def _takes_files(folder: Path) -> bool:
    """Whether a file can be made: root may write anywhere but on a file system that is read-only or full."""
    trial = folder / f".unface_check_{os.getpid()}"
    try:
        trial.write_bytes(b"x")
        trial.unlink()
    except OSError:
        return False
    return True


def _size(folder: Path) -> tuple[int, int, bool]:
    """Bytes below a folder, how many folders cannot be read, and whether all were counted in the time that there is."""
    end, total, unread, waiting = time.monotonic() + LOOK_S, 0, 0, [str(folder)]
    while waiting:
        if time.monotonic() > end:
            return total, unread, False
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            unread += 1  # the inventory says which
    return total, unread, True


def _programs(config: Config) -> Iterator[Finding]:
    for program, question in (("dcm2niix", "--version"), ("niimath", "--version"), (validator.PROGRAM, "--version")):
        yield _starts(program, question)
    defacing, measuring = config["deface"], config["measure"]
    if defacing["engine"] == "pydeface":
        yield _found("deface.engine", "pydeface")
        if shutil.which("flirt") is None or "FSLDIR" not in os.environ:
            yield Finding(PROBLEM, "deface.engine", "pydeface needs FSL: `flirt` is not on PATH or FSLDIR is not set")
    elif defacing["engine"] == "quickshear":
        yield _found("deface.engine", "quickshear")
    elif defacing["engine"] == "command":
        yield _found("deface.command", defacing["command"][0])
    if measuring["engine"] == "external" and measuring["command"] and not measuring["results"]:
        words = shlex.split(measuring["command"])
        yield _found("measure.command", words[0]) if words else Finding(PROBLEM, "measure.command", "is empty")


def _found(about: str, program: str) -> Finding:
    try:
        tools.find(program)
    except JobFailedError:
        return Finding(PROBLEM, about, f"the program {program} is not installed, or its folder is not on PATH")
    return Finding(OK, about, f"the program {program} is there")


def _starts(program: str, question: str) -> Finding:
    """Whether a program that every run needs is there and starts; its own exit status says nothing of that."""
    finding = _found(program, program)
    if finding.level == PROBLEM:
        return finding
    try:
        status = subprocess.run(
            [tools.find(program), question], stdin=subprocess.DEVNULL, capture_output=True, timeout=START_S, check=False
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        status = -1
    if status < 0 or status in (126, 127):
        return Finding(PROBLEM, program, f"is there and does not start: `{program} {question}` shows why")
    return Finding(OK, program, "starts")


def _memory() -> Finding:
    """The memory of this machine against what the heaviest rule asks for; on a cluster that of the nodes counts."""
    files = [PROJECT / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]
    asked = max(int(mb) for file in files for mb in re.findall(r"mem_mb=scaled\((\d+)\)", file.read_text("utf-8")))
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
    sentence = f"this machine has {decimal(int(has * 1e6))}; the largest job asks for {decimal(asked * 10**6)}"
    return Finding(OK if has >= asked else NOTE, "memory", sentence)


def _placeholders(config: Config, own: Config) -> Iterator[Finding]:
    """What a release says that nobody has decided yet."""
    release, decided = config["release"], own.get("release") or {}
    shipped = settings.read_file()["release"]
    for name in ("name", "license"):
        if release[name] == shipped[name] and name not in decided:
            yield Finding(NOTE, f"release.{name}", f"is not set: the release will say {shipped[name]!r}")
    if release["name"] == shipped["name"] and "name" in decided:
        yield Finding(NOTE, "release.name", f"is still {shipped['name']!r}")
    if not release["authors"]:
        yield Finding(NOTE, "release.authors", "is empty: the release will name nobody")
