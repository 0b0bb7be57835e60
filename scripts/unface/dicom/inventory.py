"""The inventory of a cohort: what the scans found, as sessions, series and protocol groups."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.bids import protocols
from unface.bids.criteria import values_of
from unface.bids.protocols import Acquisition
from unface.bids.rules import load
from unface.dicom import fields
from unface.dicom.records import RawFile, Series, SessionRecord, merged_fields, union, write_if_changed
from unface.dicom.scan import scan
from unface.dicom.subjects import SubjectsError, SubjectTable, normalised, read_subjects
from unface.layout import Layout
from unface.pseudonyms import Key

__all__ = ["Summary", "collect", "scan"]

NOBODY = re.compile(r"[*?x#0._ -]*|(anon(ymous|ymized|ymised)?|unknown|none|na|n/a|null|nobody|patient|test|removed)")
"""Patient IDs that stand for no one: many people may share them."""


@dataclass
class _Found:
    """One series as the scans found it, over all shards."""

    patient: str
    study: str
    series: str
    values: dict[str, list[Any]] = field(default_factory=dict)
    positions: set[str] = field(default_factory=set)
    images: int = 0
    mosaic_slices: int = 0
    files: list[tuple[RawFile, int, str]] = field(default_factory=list)

    def add(self, line: dict[str, Any]) -> None:
        for name, values in line["values"].items():
            known = self.values.setdefault(name, [])
            known.extend(value for value in values if value not in known)
        self.positions.update(line["positions"])
        self.images += line["images"]
        self.mosaic_slices = max(self.mosaic_slices, line["mosaic_slices"])
        self.files += [(RawFile(*entry[:4]), entry[4], entry[5]) for entry in line["files"]]

    def first(self, *names: str) -> str:
        """The first value found of the first of these fields that has one."""
        return next((str(value) for name in names for value in self.values.get(name, ())), "")

    def fields(self) -> dict[str, Any]:
        """Header values as a record holds them: no patient's own, computed ones added."""
        kept: dict[str, Any] = {}
        for name, values in self.values.items():
            if name in fields.FIRST_ONLY:
                kept[name] = min(values, key=str)
            elif name in fields.KEYWORDS:
                kept[name] = union(values)
        if "SequenceName" not in kept and "PulseSequenceName" in kept:
            kept["SequenceName"] = kept["PulseSequenceName"]
        slices = self.mosaic_slices or len(self.positions)
        if slices:
            kept["Slices"] = slices
            kept["Volumes"] = self.images if self.mosaic_slices else max(1, round(self.images / slices))
        return kept

    def number(self) -> int:
        numbers = [value for value in self.values.get("SeriesNumber", ()) if isinstance(value, int)]
        return min(numbers, default=0)


@dataclass(frozen=True)
class Summary:
    """What an inventory came to."""

    files: int
    dicom: int
    unused: dict[str, int]
    copies: int
    broken: int
    subjects: int
    sessions: int
    series: int
    groups: dict[str, int]
    gone: int
    nameless: int
    unlisted: int
    doubtful: int

    def __str__(self) -> str:
        other = ", ".join(f"{count} {reason}" for reason, count in sorted(self.unused.items()))
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.groups.items()))
        lines = [
            f"{self.files} files: {self.dicom} DICOM" + (f", {other}" if other else ""),
            f"{self.subjects} subjects, {self.sessions} sessions, {self.series} series",
            f"{sum(self.groups.values())} protocol groups: {states or 'none'}",
        ]
        notes = (
            (self.copies, "files are copies of others and are left out"),
            (self.broken, "DICOM files are not whole; their sessions will say so"),
            (self.nameless, "studies have no patient ID of their own; each counts as a subject"),
            (self.unlisted, "patients do not stand in the table of subjects and got labels from the key"),
            (self.doubtful, "patient IDs have more than one birth date: look at restricted/linkage.tsv"),
            (self.gone, "sessions of the last inventory were not found again"),
        )
        lines += [f"{count} {sentence}" for count, sentence in notes if count]
        lines.append("Look at protocols.tsv (restricted/protocols.tsv shows the names too), then run snakemake again.")
        return "\n".join(lines) + "\n"


def collect(scans: Iterable[Path], layout: Layout, key: Key, subjects: Path | None, rules: Path) -> Summary:
    """Make sessions of what the scans found and write every table of the inventory.

    Files whose content does not change stay untouched, so a second inventory disturbs no session but those that
    changed.

    Parameters
    ----------
    scans
        Files that `scan` wrote, one a shard.
    subjects
        The project's table of subjects, if it has one.
    rules
        The mapping rules, for what `protocols.tsv` says of each group.

    Raises
    ------
    SubjectsError, RulesError
        If the table or the rules are wrong.
    """
    mapping = load(rules)
    table = read_subjects(subjects)
    found, unused = _read_scans(scans)
    copies = _take_out_copies(found)
    unused += [(path, "a copy of another file") for path in copies]
    people = _People(found, key, table)
    records = [
        _record(subject, session, members, people) for (subject, session), members in sorted(people.sessions.items())
    ]
    gone = _write_sessions(layout, records)
    acquisitions = [acquisition for record in records for acquisition in _acquisitions(record)]
    groups = protocols.group_acquisitions(acquisitions, mapping, key)
    secrets = _secret_words(found)
    write = write_if_changed
    public = [protocols.public_row(group, secrets) for group in groups]
    write(layout.protocols, tsv(protocols.PUBLIC_COLUMNS, public))
    restricted = [protocols.restricted_row(group) for group in groups]
    write(layout.protocols_restricted, tsv(protocols.RESTRICTED_COLUMNS, restricted), mode=0o600)
    group_of = {
        (a.subject, a.session, name): group.group for group in groups for a in group.members for name in a.series
    }
    write(layout.inventory, _inventory_table(records, group_of), mode=0o600)
    write(layout.linkage, people.linkage_table(), mode=0o600)
    unused_rows = [{"path": path, "reason": reason} for path, reason in sorted(unused)]
    write(layout.files_unused, tsv(("path", "reason"), unused_rows), mode=0o600)
    _write_session_list(layout, records)
    dicom = sum(len(one.files) for one in found) + len(copies)
    return Summary(
        files=dicom + len(unused) - len(copies),
        dicom=dicom,
        unused=dict(Counter(reason for _, reason in unused if reason != "a copy of another file")),
        copies=len(copies),
        broken=sum(file.problem is not None for one in found for file, _, _ in one.files),
        subjects=len({record.subject for record in records}),
        sessions=len(records),
        series=sum(len(record.series) for record in records),
        groups=dict(Counter(group.match.state for group in groups)),
        gone=gone,
        nameless=people.nameless,
        unlisted=people.unlisted,
        doubtful=people.doubtful,
    )


def _read_scans(scans: Iterable[Path]) -> tuple[list[_Found], list[tuple[str, str]]]:
    found: dict[tuple[str, str, str], _Found] = {}
    unused: list[tuple[str, str]] = []
    for path in sorted(scans):
        with path.open(encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                if "unused" in line:
                    unused.append((line["unused"], line["reason"]))
                    continue
                values = line["values"]
                names = [str((values.get(name) or [""])[0]) for name in ("PatientID", "StudyInstanceUID")]
                identity = (normalised(names[0]), names[1], str(values["SeriesInstanceUID"][0]))
                found.setdefault(identity, _Found(*identity)).add(line)
    return [found[identity] for identity in sorted(found)], unused


def _take_out_copies(found: Sequence[_Found]) -> list[str]:
    """Take files out that hold an instance another file of the series holds already; return their paths."""
    copies = []
    for one in found:
        seen: dict[str, tuple[RawFile, int, str]] = {}
        for entry in sorted(one.files, key=lambda entry: (entry[0].problem is not None, entry[0].path)):
            if entry[2] and entry[2] in seen:
                copies.append(entry[0].path)
            else:
                seen[entry[2] or entry[0].path] = entry
        one.files = list(seen.values())
    return copies


class _People:
    """Who the patients are: identities, labels, and the sessions that series belong to."""

    def __init__(self, found: Sequence[_Found], key: Key, table: SubjectTable) -> None:
        self.key = key
        self.table = table
        self.identities: dict[str, str] = {}
        self.sessions: dict[tuple[str, str], list[_Found]] = {}
        self.linkage: set[tuple[str, ...]] = set()
        days = _study_days(found)
        nameless, unlisted = set(), set()
        births: dict[str, set[str]] = {}
        for one in found:
            anonymous = NOBODY.fullmatch(one.patient) is not None
            given = table.names(one.patient, one.study)
            if given.subject is None and anonymous:
                nameless.add(one.study or one.series)
            elif given.subject is None:
                unlisted.add(one.patient)
            if not anonymous and one.first("PatientBirthDate"):
                births.setdefault(one.patient, set()).add(one.first("PatientBirthDate"))
            identity = self._identity(one, given.subject, anonymous)
            day = days[one.patient, one.study]
            subject = self._subject(identity, given.subject)
            session = given.session or key.session(identity, day)
            self.sessions.setdefault((subject, session), []).append(one)
            who = (one.first("PatientID"), one.first("PatientName"), one.first("PatientBirthDate"))
            self.linkage.add((subject, session, *who, one.first("StudyDate"), one.study))
        self.nameless = len(nameless)
        self.unlisted = len(unlisted) if table.patients else 0
        self.doubtful = sum(len(dates) > 1 for dates in births.values())

    @staticmethod
    def _identity(one: _Found, given: str | None, anonymous: bool) -> str:
        """What the pseudonyms of a subject are derived from."""
        if given is not None:
            return f"subject:{given}"
        return f"study:{one.study or one.series}" if anonymous else f"patient:{one.patient}"

    def _subject(self, identity: str, given: str | None) -> str:
        label = given or self.key.subject(identity)
        if self.identities.setdefault(label, identity) != identity:
            raise SubjectsError(
                f"the label {label} would stand for two subjects: give one of them another in the table of subjects"
            )
        return label

    def identity_of(self, subject: str) -> str:
        return self.identities[subject]

    def linkage_table(self) -> str:
        columns = ("subject", "session", "patient_id", "patient_name", "birth_date", "study_date", "study_uid")
        return tsv(columns, [dict(zip(columns, row, strict=True)) for row in sorted(self.linkage)])


def _study_days(found: Iterable[_Found]) -> dict[tuple[str, str], str]:
    """The day of each study, once for all its series; a study without a date stands for itself."""
    days: dict[tuple[str, str], str] = {}
    for one in found:
        names = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
        dates = [text for name in names if re.fullmatch(r"(19|20)\d{6}", text := one.first(name).replace(".", ""))]
        if dates:
            study = (one.patient, one.study)
            days[study] = min(days.get(study, dates[0]), dates[0])
    for one in found:
        days.setdefault((one.patient, one.study), one.study or one.series)
    return days


def _record(subject: str, session: str, members: list[_Found], people: _People) -> SessionRecord:
    started: dict[str, tuple[str, str]] = {}
    for one in members:
        when = (one.first("StudyDate", "SeriesDate"), one.first("SeriesTime", "AcquisitionTime"))
        started[one.study] = min(started.get(one.study, when), when)
    members = sorted(members, key=lambda one: (started[one.study], one.study, one.number(), _began(one), one.series))
    contents = [one.fields() for one in members]
    groups = _merge_groups(contents)
    series = [
        Series(
            series=f"s{index:03d}",
            merge_group=group,
            fields=content,
            files=tuple(file for file, _, _ in sorted(one.files, key=lambda entry: (entry[1], entry[0].path))),
        )
        for index, (one, content, group) in enumerate(zip(members, contents, groups, strict=True), start=1)
    ]
    return SessionRecord(subject, session, people.identity_of(subject), tuple(series))


def _began(one: _Found) -> str:
    return min((str(value) for value in one.values.get("AcquisitionTime", ())), default="")


def _merge_groups(contents: Sequence[dict[str, Any]]) -> list[str]:
    """Number the acquisitions of a session; series that are one acquisition share a number.

    Siemens XA exports one acquisition as classic files in several series: their SeriesNumbers are 1000 times that of
    the acquisition and counting, and all else, the series' time included, is the same.
    """
    numbers: dict[tuple[Any, ...], int] = {}
    result = []
    for index, content in enumerate(contents):
        number = content.get("SeriesNumber")
        split = isinstance(number, int) and number > 1000 and "MFSPLIT" in values_of(content.get("ImageType"))
        same: tuple[Any, ...] = (index,)
        if split and isinstance(number, int) and content.get("SeriesTime"):
            names = ("StudyInstanceUID", "SeriesTime", "SeriesDescription", "ProtocolName", "ImageType", "SOPClassUID")
            same = (number // 1000, *(json.dumps(content.get(name)) for name in (*names, "Rows", "Columns")))
        result.append(f"g{numbers.setdefault(same, len(numbers) + 1):03d}")
    return result


def _acquisitions(record: SessionRecord) -> Iterator[Acquisition]:
    groups: dict[str, list[Series]] = {}
    for series in record.series:
        groups.setdefault(series.merge_group, []).append(series)
    for members in groups.values():
        names = tuple(series.series for series in members)
        content = merged_fields(members)
        if len(members) > 1:
            content["Volumes"] = sum(int(series.fields.get("Volumes", 1)) for series in members)
        yield Acquisition(record.subject, record.session, names, content)


def _write_sessions(layout: Layout, records: Sequence[SessionRecord]) -> int:
    """Write the records; take away those of sessions that are no longer found, and return how many."""
    current = {layout.record(record.subject, record.session) for record in records}
    for record in records:
        record.write(layout.record(record.subject, record.session))
    folder = layout.record("x", "x").parent
    stale = sorted(path for path in folder.glob("*.json") if path not in current)
    for path in stale:
        path.unlink()
    return len(stale)


def _write_session_list(layout: Layout, records: Sequence[SessionRecord]) -> None:
    rows = [
        {
            "subject": record.subject,
            "session": record.session,
            "series": str(len(record.series)),
            "acquisitions": str(len({series.merge_group for series in record.series})),
            "files": str(sum(len(series.files) for series in record.series)),
            "problems": str(sum(file.problem is not None for series in record.series for file in series.files)),
        }
        for record in records
    ]
    write_if_changed(layout.sessions, tsv(("subject", "session", "series", "acquisitions", "files", "problems"), rows))


INVENTORY_FIELDS = (
    *("Modality", "Manufacturer", "ManufacturerModelName", "SeriesNumber", "SeriesDescription", "ProtocolName"),
    *("SequenceName", "ScanningSequence", "ImageType", "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle"),
    *("Rows", "Columns", "Slices", "Volumes", "SeriesTime", "StudyInstanceUID", "SeriesInstanceUID"),
)


def _inventory_table(records: Sequence[SessionRecord], groups: dict[tuple[str, str, str], str]) -> str:
    columns = ("subject", "session", "series", "merge_group", "protocol", "files", "problems", *INVENTORY_FIELDS)
    rows = []
    for record in records:
        for series in record.series:
            named = (record.subject, record.session, series.series)
            problems = Counter(file.problem for file in series.files if file.problem)
            rows.append(
                dict(zip(columns[:3], named, strict=True))
                | {"merge_group": series.merge_group, "protocol": groups[named], "files": str(len(series.files))}
                | {"problems": ", ".join(f"{count} {problem}" for problem, count in sorted(problems.items()))}
                | {name: protocols.text_of(series.fields.get(name)) for name in INVENTORY_FIELDS}
            )
    return tsv(columns, rows)


def _secret_words(found: Iterable[_Found]) -> frozenset[str]:
    """Words of the patients' own identifiers that no public table may show."""
    words: set[str] = set()
    for one in found:
        for name in ("PatientID", "PatientName", "PatientBirthDate"):
            for value in one.values.get(name, ()):
                words.update(word for word in re.findall(r"[a-z0-9]+", str(value).lower()) if len(word) > 3)
    return frozenset(words)


def tsv(columns: Sequence[str], rows: Iterable[dict[str, str]]) -> str:
    """A tab-separated table; tabs and line ends inside values become spaces."""
    text = io.StringIO()
    writer = csv.writer(
        text, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None, escapechar="\\"
    )
    writer.writerow(columns)
    for row in rows:
        writer.writerow(re.sub(r"[\t\r\n\\]", " ", row[name]) for name in columns)
    return text.getvalue()
