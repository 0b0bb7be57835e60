"""The stage deidentify: a session's raw DICOM becomes DICOM without identifiers, series by series."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydicom

from unface.deidentify import selection
from unface.deidentify.engine import Engine, IdentifierLeftError, Met, collect_file, read_bytes
from unface.deidentify.identifiers import Collector
from unface.deidentify.profile import MOVED_TIMES, Profile
from unface.deidentify.rewrite import ACTIONS, counted
from unface.deidentify.splitter import Splitter
from unface.deidentify.survey import Survey
from unface.deidentify.values import first_minute
from unface.dicom.encoding import UnreadableError
from unface.dicom.standard import keyword_of
from unface.identity import identifiers as known
from unface.identity.demographics import Demographics, from_folders
from unface.identity.pseudonyms import Key
from unface.inventory.records import RawFile, Series, SessionRecord
from unface.run.files import table_text, write_whole
from unface.run.layout import Layout
from unface.run.outcome import MACHINE_ERRORS, Outcome, WithheldError, Work, run_stage
from unface.run.sessions import SessionId
from unface.run.settings import Deidentify

STAGE = "deidentify"
DICOM = "dicom"
"""The clean images, a folder for each series."""


def deidentify(
    layout: Layout,
    session: SessionId,
    *,
    fingerprint: Mapping[str, str],
    select: Sequence[selection.Condition],
    settings: Deidentify,
    attempt: int = 1,
) -> Outcome:
    """Run the stage: its folder, the clean DICOM beside it, and the session's identifiers, however it ends.

    Raises as `run.outcome.run_stage` does, whose parameters `fingerprint` and `attempt` are.
    """
    record, identifiers = layout.record(session), layout.identifiers(session)
    done = run_stage(
        STAGE,
        session,
        lambda work: deidentify_session(
            work, record=record, identifiers=identifiers, key=Key.load(layout.key), select=select, settings=settings
        ),
        layout=layout,
        fingerprint=fingerprint,
        files=[record],
        attempt=attempt,
        # Conversion alone reads the images, and they may go before the outcome does.
        beside={DICOM: layout.clean_dicom(session)},
    )
    if not identifiers.exists():
        # The session was stopped before its headers were read; the audit never sees it.
        known.write_identifiers(identifiers, {})
    return done


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
    record
        The session's record, as the inventory wrote it.
    identifiers
        Where the session's identifiers go, readable by their owner alone.
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
    found, splitters, excluded, times = _first_pass(session, profile, select)
    named = known.add_names_of_paths(found, (Path(file.path) for series in session.series for file in series.files))
    answers = known.searchable(found)
    # Two jobs at once, one of them left over by a dead controller, must not write into one another's file.
    known.write_identifiers(work.scratch / identifiers.name, answers)
    identifiers.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (work.scratch / identifiers.name).replace(identifiers)
    work.measurements["named_folders"] = named
    _check_unchanged(session)
    people = _demographics(session, settings)
    engine = Engine(profile, key, session.identity, key.subject(session.identity), answers, people, first_minute(times))
    survey = Survey(key, engine.walker)
    rewriting = _Rewriting(engine, splitters, excluded, survey)
    states = []
    rows: list[dict[str, Any]] = []
    for series in session.series:
        state, reason = rewriting.series(series, work.folder / DICOM / series.series, rows)
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
    found = Demographics.of(session.demographics, years)
    for series in session.series:
        for file in series.files[:1]:
            found = found.or_else(from_folders(settings.folder_pattern, Path(file.path), years))
    return found


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
                    "input_missing", f"a raw file of {series.series} is gone; run `snakemake inventory` again"
                ) from None
            if (now.st_size, now.st_mtime_ns) != (file.bytes, file.mtime_ns):
                raise WithheldError(
                    "input_changed", f"a raw file of {series.series} changed since; run `snakemake inventory` again"
                )


def _first_pass(
    session: SessionRecord, profile: Profile, select: Sequence[selection.Condition]
) -> tuple[known.Identifiers, dict[str, Splitter], dict[str, str], set[str]]:
    """Look at every raw header: the session's identifiers, why a series stays out, by series, and the session's times.

    Damaged files give what can be read of them; the rewriting refuses them on its own.
    """
    collector = Collector(profile.options)
    clocks = [keyword_of(tag) for tag in MOVED_TIMES] if profile.moves_times else []
    times: set[str] = set()
    wanted = [*selection.keywords(select), *clocks]
    splitters = {series.series: Splitter() for series in session.series}
    excluded: dict[str, str] = {}
    for series in session.series:
        for number, file in enumerate(series.files):
            try:
                units, implicit = collect_file(
                    Path(file.path), collector, splitters[series.series], by_pydicom=number == 0
                )
                fields = selection.fields(units, implicit, wanted) if units else {}
                if reason := selection.excluded(fields, select):
                    excluded.setdefault(series.series, reason)
                times.update(time for name in clocks for time in fields.get(name, ()))
            except OSError as error:
                if error.errno in MACHINE_ERRORS:
                    raise
    return collector.answers, splitters, excluded, times


class _Rewriting:
    """Rewrites the files of a session's series and searches every new header for the subject's identifiers."""

    def __init__(
        self,
        engine: Engine,
        splitters: Mapping[str, Splitter],
        excluded: Mapping[str, str],
        survey: Survey,
    ) -> None:
        self.engine = engine
        self.splitters = splitters
        self.excluded = excluded
        self.survey = survey
        self.met: Met = {}

    def series(self, series: Series, folder: Path, rows: list[dict[str, Any]]) -> tuple[str, str]:
        """Rewrite one series; returns its state and the reason, and adds a row for each file."""
        if reason := self.excluded.get(series.series, ""):
            return "excluded", reason
        broken = [file for file in series.files if file.problem]
        if broken:
            return "unreadable", f"{len(broken)} of {len(series.files)} files: {broken[0].problem}"
        folder.mkdir(parents=True)
        self.met = {}
        mine: list[dict[str, Any]] = []
        try:
            for number, file in enumerate(series.files, start=1):
                target = folder / f"{number:06d}.dcm"
                mine.append({"series": series.series, "file": target.name, **self._file(series, file, target)})
        except UnreadableError as error:
            state, reason = "unreadable", str(error)
        except IdentifierLeftError:
            state, reason = (
                "withheld",
                "a header still held one of the subject's identifiers: an override can remove it",
            )
        else:
            rows.extend(mine)
            for (implicit, sop_class), units in self.met.items():
                self.survey.add(units, implicit, sop_class)
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
        clean = self.engine.clean(data, self.splitters[series.series], self.met)
        clean.write(target)
        return counted(clean.counts)


def _note_patient(folder: Path) -> None:
    """Note what the clean headers say of the patient, for the dataset's table: the images may be gone by then."""
    first = next(iter(sorted((folder / DICOM).glob("*/*.dcm"))), None)
    if first:
        names = ["PatientSex", "PatientAge"]
        header = pydicom.dcmread(first, stop_before_pixels=True, specific_tags=list(names))
        noted = {name: str(header.get(name) or "") for name in names}
        (folder / "patient.json").write_text(json.dumps(noted) + "\n", encoding="utf-8")
