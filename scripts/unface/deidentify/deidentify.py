"""The stage deidentify: a session's raw DICOM becomes DICOM without identifiers, series by series."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydicom

from unface.deidentify import clock, selection
from unface.deidentify.clean_files import Deidentifier, IdentifierLeftError, SegmentCounts
from unface.deidentify.clock import Clock
from unface.deidentify.collect import IdentifierCollector, collect_file
from unface.deidentify.profile import Profile
from unface.deidentify.raw_files import read_bytes
from unface.deidentify.records import CLEAN_DICOM
from unface.deidentify.rewrite import ACTIONS, counted
from unface.deidentify.splitter import HeaderSplitter
from unface.deidentify.survey import Survey
from unface.dicom.encoding import UnreadableError
from unface.identity.demographics import Demographics, from_folders
from unface.identity.identifiers import Identifiers, add_names_of_paths, searchable, write_identifiers
from unface.identity.pseudonyms import Key
from unface.inventory.records import RawFile, Series, SessionRecord
from unface.run.files import table_text, write_whole
from unface.run.outcome import MACHINE_ERRORS, WithheldError, Work
from unface.run.settings import Deidentify


def deidentify_session(
    work: Work,
    *,
    record: Path,
    identifiers: Path,
    key: Key,
    select: Sequence[selection.Condition],
    settings: Deidentify,
) -> None:
    """Write the clean DICOM of a session below `work.folder`, and its identifiers to `identifiers`.

    Leaves `dicom/<series>/<000001>.dcm`, `series.json` (the state of each series), `patient.json` (sex and age) and
    `files.tsv` (one row a file).

    Parameters
    ----------
    work
        The stage's work.
    record
        The session's record, as the inventory wrote it.
    identifiers
        Where the session's identifiers go, readable by their owner alone.
    key
        Gives pseudonyms, UIDs and the days that dates are shifted by.
    select
        Conditions that decide which series may enter.
    settings
        The settings of de-identification.

    Raises
    ------
    WithheldError
        `input_missing` or `input_changed` if a raw file is not what the inventory saw.
    """
    session = SessionRecord.read(record)
    profile = Profile(settings)
    # First of all: the rule's output has to be there however the stage ends.
    collected, splitters, excluded, moments = _first_pass(session, profile, select)
    named = add_names_of_paths(collected, (Path(file.path) for series in session.series for file in series.files))
    searched = searchable(collected)
    # Two jobs at once, one of them left over by a dead controller, must not write into one another's file.
    write_identifiers(work.scratch / identifiers.name, searched)
    identifiers.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (work.scratch / identifiers.name).replace(identifiers)
    work.measurements["named_folders"] = named
    _check_unchanged(session)
    demographics = _demographics(session, settings)
    pseudonym = key.subject(session.identity)
    deidentifier = Deidentifier(profile, key, session.identity, pseudonym, searched, demographics, Clock.of(moments))
    survey = Survey(key, deidentifier.rewriter)
    rewriting = _Rewriting(deidentifier, splitters, excluded, survey)
    states = []
    rows: list[dict[str, Any]] = []
    for series in session.series:
        state, reason = rewriting.series(series, work.folder / CLEAN_DICOM / series.series, rows)
        if state == "withheld":
            work.withhold("identifier_left", f"{series.series}: {reason}")
        files = len(series.files)
        group = series.merge_group
        states.append({"series": series.series, "merge_group": group, "state": state, "reason": reason, "files": files})
    # Once more: until here each file was read twice.
    _check_unchanged(session)
    (work.folder / "series.json").write_text(json.dumps(states, indent=1) + "\n", encoding="utf-8")
    write_whole(work.folder / "files.tsv", table_text(("series", "file", *ACTIONS), rows), mode=0o600)
    survey.write(work.folder)
    _note_patient(work.folder)
    work.measurements["series"] = dict(sorted(Counter(state["state"] for state in states).items()))
    work.measurements["files"] = len(rows)
    work.tools["pydicom"] = pydicom.__version__


def _demographics(session: SessionRecord, settings: Deidentify) -> Demographics:
    """Sex and age from `subjects.tsv`, else from the names of the session's folders."""
    years = settings.age_band_years
    demographics = Demographics.of(session.demographics, years)
    for series in session.series:
        for file in series.files[:1]:
            demographics = demographics.or_else(from_folders(settings.folder_pattern, Path(file.path), years))
    return demographics


def _check_unchanged(session: SessionRecord) -> None:
    """Raise `WithheldError` unless every raw file is as the inventory saw it."""
    for series in session.series:
        for file in series.files:
            try:
                now = Path(file.path).stat()
            except OSError as error:
                if error.errno in MACHINE_ERRORS:
                    raise
                raise WithheldError(
                    "input_missing", f"a raw file of {series.series} is gone; run `unface inventory` again"
                ) from None
            if (now.st_size, now.st_mtime_ns) != (file.bytes, file.mtime_ns):
                raise WithheldError(
                    "input_changed", f"a raw file of {series.series} changed since; run `unface inventory` again"
                )


def _first_pass(
    session: SessionRecord, profile: Profile, select: Sequence[selection.Condition]
) -> tuple[Identifiers, dict[str, HeaderSplitter], dict[str, str], set[tuple[str, str]]]:
    """Look at every raw header: identifiers, splitters and why a series stays out, both by series; and the times."""
    # Damaged files give what can be read of them; the rewriting refuses them on its own.
    collector = IdentifierCollector(profile.options)
    moments: set[tuple[str, str]] = set()
    wanted = list(dict.fromkeys([*selection.keywords(select), *(clock.KEYWORDS if profile.moves_times else ())]))
    splitters = {series.series: HeaderSplitter() for series in session.series}
    excluded: dict[str, str] = {}
    for series in session.series:
        for number, file in enumerate(series.files):
            try:
                segments, implicit = collect_file(
                    Path(file.path), collector, splitters[series.series], by_pydicom=number == 0
                )
                fields = selection.fields(segments, implicit, wanted) if segments else {}
                if reason := selection.excluded(fields, select):
                    excluded.setdefault(series.series, reason)
                if profile.moves_times:
                    moments.update(clock.moments_of(fields))
            except OSError as error:
                if error.errno in MACHINE_ERRORS:
                    raise
    return collector.identifiers, splitters, excluded, moments


class _Rewriting:
    """Rewrites the files of a session's series and searches every new header for the subject's identifiers."""

    def __init__(
        self,
        deidentifier: Deidentifier,
        splitters: Mapping[str, HeaderSplitter],
        excluded: Mapping[str, str],
        survey: Survey,
    ) -> None:
        self.deidentifier = deidentifier
        self.splitters = splitters
        self.excluded = excluded
        self.survey = survey
        self.counts: SegmentCounts = {}

    def series(self, series: Series, folder: Path, rows: list[dict[str, Any]]) -> tuple[str, str]:
        """Rewrite one series; returns its state and the reason, and adds a row for each file."""
        if reason := self.excluded.get(series.series, ""):
            return "excluded", reason
        broken = [file for file in series.files if file.problem]
        if broken:
            return "unreadable", f"{len(broken)} of {len(series.files)} files: {broken[0].problem}"
        folder.mkdir(parents=True)
        self.counts = {}
        series_rows: list[dict[str, Any]] = []
        try:
            for number, file in enumerate(series.files, start=1):
                target = folder / f"{number:06d}.dcm"
                series_rows.append({"series": series.series, "file": target.name, **self._file(series, file, target)})
        except UnreadableError as error:
            state, reason = "unreadable", str(error)
        except IdentifierLeftError as error:
            state, reason = "withheld", str(error)
        else:
            rows.extend(series_rows)
            for (implicit, sop_class), segments in self.counts.items():
                self.survey.add(segments, implicit, sop_class)
            return "ok", ""
        shutil.rmtree(folder)
        return state, reason

    def _file(self, series: Series, file: RawFile, target: Path) -> dict[str, Any]:
        try:
            data = read_bytes(Path(file.path))
        except OSError as error:
            if error.errno in MACHINE_ERRORS:
                raise
            raise UnreadableError("a file cannot be read") from None
        clean = self.deidentifier.clean(data, self.splitters[series.series], self.counts)
        clean.write(target)
        return counted(clean.counts)


def _note_patient(folder: Path) -> None:
    """Note what the clean headers say of the patient, for the dataset's table: the images may be gone by then."""
    first = next(iter(sorted((folder / CLEAN_DICOM).glob("*/*.dcm"))), None)
    if first:
        names = ["PatientSex", "PatientAge"]
        header = pydicom.dcmread(first, stop_before_pixels=True, specific_tags=list(names))
        noted = dict.fromkeys(names, "")
        for name in names:
            # A file may write them with another VR, as which their text is nothing.
            with suppress(ValueError, TypeError, ArithmeticError):
                noted[name] = str(header.get(name) or "")
        (folder / "patient.json").write_text(json.dumps(noted) + "\n", encoding="utf-8")
