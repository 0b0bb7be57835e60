"""The stage deidentify: a session's raw DICOM becomes DICOM without identifiers, series by series."""

import csv
import hashlib
import json
import shutil
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import pydicom

from unface import __version__
from unface.dicom import identifiers as known
from unface.dicom import selection
from unface.dicom.profile import Action, Profile
from unface.dicom.records import RawFile, Series, SessionRecord
from unface.dicom.values import Values, padded, vocabulary
from unface.dicom.walker import UnreadableError, Walker, element, file_meta, read_file
from unface.outcome import MACHINE_ERRORS, WithheldError, Work
from unface.pseudonyms import Key
from unface.settings import Deidentify

ACTIONS = get_args(Action)


class IdentifierLeftError(Exception):
    """A rewritten header still holds one of the subject's own identifiers."""


def deidentify_session(
    work: Work,
    *,
    record: Path,
    identifiers: Path,
    key: Key,
    select: Sequence[selection.Condition],
    settings: Deidentify,
) -> None:
    """Write the clean DICOM of a session below `work.folder`, and its known answers to `identifiers`.

    Leaves `dicom/<series>/<000001>.dcm`, `series.json` (the state of each series) and `files.tsv` (one row a file).

    Parameters
    ----------
    record
        The session's record, as the inventory wrote it.
    identifiers
        Where the session's known answers go, readable by their owner alone.
    select
        Conditions that decide which series may enter.

    Raises
    ------
    WithheldError
        `input_missing` or `input_changed` if a raw file is not what the inventory saw.
    """
    session = SessionRecord.read(record)
    profile = Profile(settings)
    # First of all: the rule's output has to be there however the stage ends.
    answers = _known_answers(session, profile)
    known.write(identifiers, answers)
    for series in session.series:
        for file in series.files:
            _check_unchanged(series, file)
    secrets = known.Secrets(answers, vocabulary())
    values = Values(key, key.shift_days(session.identity), profile, secrets)
    rewriting = _Rewriting(Walker(profile, values), secrets, _additions(key.subject(session.identity), profile))
    states = []
    rows: list[dict[str, Any]] = []
    for series in session.series:
        state, reason = rewriting.series(series, work.folder / "dicom" / series.series, select, rows)
        if state == "withheld":
            work.withhold("identifier_left", f"{series.series}: {reason}")
        files = len(series.files)
        group = series.merge_group
        states.append({"series": series.series, "merge_group": group, "state": state, "reason": reason, "files": files})
    (work.folder / "series.json").write_text(json.dumps(states, indent=1) + "\n", encoding="utf-8")
    _write_rows(work.folder / "files.tsv", rows)
    work.measurements["series"] = dict(sorted(Counter(state["state"] for state in states).items()))
    work.measurements["files"] = len(rows)
    work.tools["pydicom"] = pydicom.__version__


def _check_unchanged(series: Series, file: RawFile) -> None:
    try:
        now = Path(file.path).stat()
    except OSError as error:
        if error.errno in MACHINE_ERRORS:
            raise
        raise WithheldError(
            "input_missing", f"a raw file of {series.series} is gone; run `snakemake inventory` again"
        ) from None
    if (now.st_size, now.st_mtime_ns) != (file.bytes, file.mtime_ns):
        raise WithheldError(
            "input_changed", f"a raw file of {series.series} changed since; run `snakemake inventory` again"
        )


def _known_answers(session: SessionRecord, profile: Profile) -> dict[str, list[str]]:
    """The identifiers of every raw header of the session, damaged files included as far as they can be read."""
    answers = known.empty_answers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for series in session.series:
            for file in series.files:
                try:
                    dataset = pydicom.dcmread(file.path, stop_before_pixels=True, force=True)
                    known.collect(dataset, answers, profile.options)
                except OSError as error:
                    if error.errno in MACHINE_ERRORS:
                        raise
                except Exception:
                    # Damaged beyond reading; the rewriting refuses it on its own.
                    continue
    return known.usable(answers)


def _additions(subject: str, profile: Profile) -> list[tuple[int, str, bytes]]:
    """The elements that every clean file gets: the pseudonym, and what was done (PS3.15 E.1.1, PS3.3 C.7.1.1)."""
    codes = b""
    for value, meaning in profile.codes:
        item = b"".join(
            element(tag, vr, padded(vr, text.encode()), False)
            for tag, vr, text in (
                (0x00080100, "SH", value),
                (0x00080102, "SH", "DCM"),
                (0x00080104, "LO", meaning),
            )
        )
        codes += b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item
    dates = "MODIFIED" if profile.shifts_dates else "UNMODIFIED" if profile.keeps_dates else "REMOVED"
    method = f"unface {__version__}: DICOM PS3.15 Table E.1-1"
    return [
        (0x00100010, "PN", padded("PN", subject.encode())),
        (0x00100020, "LO", padded("LO", subject.encode())),
        (0x00120062, "CS", b"YES "),
        (0x00120063, "LO", padded("LO", method.encode())),
        (0x00120064, "SQ", codes),
        (0x00280303, "CS", padded("CS", dates.encode())),
    ]


class _Rewriting:
    """Rewrites the files of a session's series and searches every new header for the subject's identifiers."""

    def __init__(self, walker: Walker, secrets: known.Secrets, additions: list[tuple[int, str, bytes]]) -> None:
        self.walker = walker
        self.secrets = secrets
        self.additions = additions

    def series(
        self, series: Series, folder: Path, select: Sequence[selection.Condition], rows: list[dict[str, Any]]
    ) -> tuple[str, str]:
        """Rewrite one series; returns its state and the reason, and adds a row for each file."""
        reason = selection.excluded(series.fields, select)
        if reason:
            return "excluded", reason
        broken = [file for file in series.files if file.problem]
        if broken:
            return "unreadable", f"{len(broken)} of {len(series.files)} files: {broken[0].problem}"
        folder.mkdir(parents=True)
        mine: list[dict[str, Any]] = []
        try:
            for number, file in enumerate(series.files, start=1):
                mine.append({"series": series.series, **self._file(Path(file.path), folder / f"{number:06d}.dcm")})
        except UnreadableError as error:
            state, reason = "unreadable", str(error)
        except IdentifierLeftError:
            state, reason = (
                "withheld",
                "a header still held one of the subject's identifiers: an override can remove it",
            )
        else:
            rows.extend(mine)
            return "ok", ""
        shutil.rmtree(folder)
        return state, reason

    def _file(self, source: Path, target: Path) -> dict[str, Any]:
        try:
            encoded = read_file(source)
        except OSError as error:
            if error.errno in MACHINE_ERRORS:
                raise
            raise UnreadableError("a file cannot be read") from None
        result = self.walker.rewrite(encoded, _encoded_alike(self.additions, encoded.implicit))
        if not encoded.sop_class or not result.sop_instance:
            raise UnreadableError("a file has no SOP class or instance")
        head = file_meta(encoded.sop_class, result.sop_instance, encoded.transfer_syntax) + bytes(result.header)
        if self.secrets.found((head + result.tail).lower()):
            raise IdentifierLeftError
        content = (head, encoded.data[slice(*result.pixels)], bytes(result.tail))
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for part in content:
                file.write(part)
                digest.update(part)
        counts = {action: result.counts[action] for action in ACTIONS}
        return {"file": target.name, **counts, "sha256": digest.hexdigest()}


def _encoded_alike(additions: list[tuple[int, str, bytes]], implicit: bool) -> list[tuple[int, str, bytes]]:
    """The additions for a data set of either encoding: only the items of a sequence differ."""
    return [(tag, vr, _implicit_items(value) if implicit and vr == "SQ" else value) for tag, vr, value in additions]


def _implicit_items(items: bytes) -> bytes:
    """Code items in implicit little endian: each element's VR and 16-bit length become a 32-bit length."""
    out, at = b"", 0
    while at < len(items):
        size = int.from_bytes(items[at + 4 : at + 8], "little")
        item, inner, end = b"", at + 8, at + 8 + size
        while inner < end:
            length = int.from_bytes(items[inner + 6 : inner + 8], "little")
            item += items[inner : inner + 4] + length.to_bytes(4, "little") + items[inner + 8 : inner + 8 + length]
            inner += 8 + length
        out += items[at : at + 4] + len(item).to_bytes(4, "little") + item
        at = end
    return out


def _write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["series", "file", *ACTIONS, "sha256"], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
