"""The inventory of a cohort: what the scans found, as sessions, series and protocol groups."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from unface.dicom import fields
from unface.identity.identifiers import usable
from unface.identity.label_search import LabelSearch
from unface.identity.pseudonyms import Key
from unface.identity.spellings import days
from unface.identity.vocabulary import vocabulary
from unface.identity.withdrawn import linked, read_withdrawn
from unface.inventory import protocol_groups
from unface.inventory.people import People, known_so_far
from unface.inventory.protocol_groups import Acquisition, ProtocolGroup
from unface.inventory.records import Series, SessionRecord, merged_fields
from unface.inventory.series import FoundSeries, Scans
from unface.inventory.subjects import SubjectTable, read_subjects
from unface.inventory.suggestions import suggested_rules, suggestion
from unface.mapping.criteria import values_of
from unface.mapping.rules import Rules, load
from unface.run.files import TableError, table_text, write_whole
from unface.run.fingerprints import rules_digest
from unface.run.layout import Layout, SessionId
from unface.run.settings import SettingsError, subjects_digest


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
    remapped: int
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
            (
                self.doubtful,
                "patient IDs have more than one birth date or issuer, each of which counts as a subject: look at "
                "restricted/linkage.tsv, and join in the table of subjects who is one",
            ),
            (self.gone, "sessions of the last inventory were not found again"),
            (
                self.remapped,
                "sessions are mapped otherwise than at the last inventory, for which they will be converted",
            ),
        )
        lines += [f"{count} {sentence}" for count, sentence in notes if count]
        open_groups = self.groups.get("unmapped", 0) + self.groups.get("ambiguous", 0)
        if open_groups:
            lines.append(f"{open_groups} protocol groups wait for a mapping rule: see restricted/suggested_rules.yaml")
        lines.append("Look at protocols.tsv (restricted/protocols.tsv has names, too) before the next run.")
        return "\n".join(lines) + "\n"


def collect(
    scans: Iterable[Path],
    layout: Layout,
    key: Key,
    subjects: Path | None,
    rules: Path,
    *,
    withdrawn: Path | None = None,
    forget: bool = False,
    ignore: Sequence[str] = (),
) -> Summary:
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
    withdrawn
        The table of subjects who withdrew their consent: they have no sessions.
    forget
        Whether the linkage, too, leaves them out.
    ignore
        Words that are no secret although a header holds them as an identifier.

    Raises
    ------
    TableError, RulesError
        If the table or the rules are wrong, or a label of the table tells who the patient is.
    SettingsError
        If the scans found no image at all, as where a disk is not there: nothing is changed.
    """
    # Before they are read: what is edited meanwhile has another digest when the workflow looks.
    digest, table_digest = rules_digest(rules), subjects_digest(subjects)
    rules_read = load(rules)
    table = read_subjects(subjects)
    scans_read = Scans(scans)
    if not scans_read.series:
        raise SettingsError(
            "no DICOM image was found: does dicom_dir name the folder of raw DICOM, and is its disk there? "
            "The last inventory stays as it is"
        )
    _refuse_telling_labels(scans_read.series, table, ignore)
    people = People(scans_read.series, key, table, known_so_far(layout))
    ever = {*linked(layout), *people.linked()}
    gone_for_good = read_withdrawn(withdrawn, ever)
    people.leave_out(gone_for_good, forget=forget)
    listed: list[_Listed] = []
    copies: list[str] = []
    unpacked: set[Path] = set()
    root = f"{layout.unpacked.resolve()}/"
    for session, members in sorted(people.sessions.items()):
        record, session_copies = _record(session, members, people, scans_read)
        record.write(layout.record(session))
        copies += session_copies
        paths = (file.path for series in record.series for file in series.files)
        unpacked.update(Path(path).parent for path in paths if path.startswith(root))
        listed.append(_Listed.of(record))
    gone = _remove_old_records(layout, listed)
    _remove_old_archives(layout, unpacked)
    acquisitions = [one for entry in listed for one in entry.acquisitions(rules_read)]
    groups = protocol_groups.group_acquisitions(acquisitions, key)
    _write_protocols(layout, groups, _own_words(scans_read.series, protocol_groups.MODELS))
    write_whole(layout.inventory, _inventory_table(listed, groups), mode=0o600)
    write_whole(layout.linkage, people.linkage_table(), mode=0o600)
    past = [(subject, patient) for subject, patient in sorted(ever) if not (forget and subject in gone_for_good)]
    write_whole(layout.linkage_past, table_text(("subject", "patient_id"), past), mode=0o600)
    unused = sorted([*scans_read.unused, *((path, "a copy of another file") for path in copies)])
    write_whole(layout.files_unused, table_text(("path", "reason"), unused), mode=0o600)
    mappings, before = _mappings(acquisitions, rules_read, key), layout.read_mappings()
    _write_session_list(layout, listed, mappings, digest)
    write_whole(layout.subjects_digest, table_digest, mode=0o600)
    dicom = sum(sum(entry.files) for entry in listed) + len(copies)
    return Summary(
        files=dicom + len(scans_read.unused),
        dicom=dicom,
        unused=dict(Counter(reason for _, reason in scans_read.unused)),
        copies=len(copies),
        broken=sum(problems.total() for entry in listed for problems in entry.problems),
        subjects=len({entry.record.subject for entry in listed}),
        sessions=len(listed),
        series=sum(len(entry.files) for entry in listed),
        groups=dict(Counter(group.match.state for group in groups)),
        gone=gone,
        remapped=sum(before.get(session, mapping) != mapping for session, mapping in mappings.items()),
        nameless=people.nameless,
        unlisted=people.unlisted,
        doubtful=people.doubtful,
    )


@dataclass(frozen=True)
class _Listed:
    """A session without its files: what the tables need of it."""

    record: SessionRecord
    files: tuple[int, ...]
    """How many each series has."""
    problems: tuple[Counter[str], ...]

    @classmethod
    def of(cls, record: SessionRecord) -> Self:
        return cls(
            replace(record, series=tuple(replace(series, files=()) for series in record.series)),
            tuple(len(series.files) for series in record.series),
            tuple(Counter(file.problem for file in series.files if file.problem) for series in record.series),
        )

    def acquisitions(self, rules: Rules) -> Iterator[Acquisition]:
        groups: dict[str, list[Series]] = {}
        for series in self.record.series:
            groups.setdefault(series.merge_group, []).append(series)
        for members in groups.values():
            names = tuple(series.series for series in members)
            fields = merged_fields(members)
            yield Acquisition(self.record.id, names, fields, rules.match(fields))


def _record(
    session: SessionId, members: list[FoundSeries], people: People, scans: Scans
) -> tuple[SessionRecord, list[str]]:
    """A session's record, and the paths of files that are copies of others."""
    started: dict[str, tuple[str, str]] = {}
    for one in members:
        when = (one.first("StudyDate", "SeriesDate"), one.first("SeriesTime", "AcquisitionTime"))
        started[one.study] = min(started.get(one.study, when), when)
    members = sorted(
        members, key=lambda one: (started[one.study], one.study, one.number(), _began(one), one.series, one.kind)
    )
    contents, files, copies = [], [], []
    for one in members:
        kept, copied = scans.files(one)
        contents.append(one.fields(len(kept) / (len(kept) + len(copied))))
        files.append(tuple(kept))
        copies += copied
    groups = _merge_groups(contents)
    series = [
        Series(f"s{index:03d}", group, content, of_series)
        for index, (group, content, of_series) in enumerate(zip(groups, contents, files, strict=True), start=1)
    ]
    told = people.table.demographics(session)
    identity, key = people.identity_of(session.subject), people.key.label("key", "")
    return SessionRecord(*session, identity, tuple(series), told, key), copies


def _began(one: FoundSeries) -> str:
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


def _remove_old_records(layout: Layout, listed: Sequence[_Listed]) -> int:
    """Take away the records of sessions that are no longer found, and return how many."""
    current = {layout.record(entry.record.id) for entry in listed}
    stale = sorted(path for path in layout.records.glob("*.json") if path not in current)
    for path in stale:
        path.unlink()
    return len(stale)


def _write_protocols(layout: Layout, groups: Sequence[ProtocolGroup], own: LabelSearch) -> None:
    guesses = [suggestion(group.match, group.fields) for group in groups]
    named = [(group, guess.name if guess else "") for group, guess in zip(groups, guesses, strict=True)]
    public = [protocol_groups.public_row(group, own.found, name) for group, name in named]
    write_whole(layout.protocols, table_text(protocol_groups.PUBLIC_COLUMNS, public))
    restricted = table_text(
        protocol_groups.RESTRICTED_COLUMNS, [protocol_groups.restricted_row(group, name) for group, name in named]
    )
    write_whole(layout.protocols_restricted, restricted, mode=0o600)
    rules = suggested_rules(groups)
    if rules is None:
        layout.suggested_rules.unlink(missing_ok=True)
    else:
        write_whole(layout.suggested_rules, rules, mode=0o600)


def _mappings(acquisitions: Iterable[Acquisition], rules: Rules, key: Key) -> dict[SessionId, str]:
    """For each session a keyed digest of what the rules make of its series: it changes when that does.

    What a rule will say that waits for the conversion is not known yet, so such a rule counts as it stands.
    """
    mappings: dict[SessionId, list[str]] = {}
    for one in acquisitions:
        made = [one.series, asdict(one.match), rules.wording(one.match.waits_for)]
        mappings.setdefault(one.session, []).append(json.dumps(made, sort_keys=True, default=str))
    return {session: key.label("mapping", "\0".join(sorted(made))) for session, made in mappings.items()}


def _write_session_list(layout: Layout, listed: Sequence[_Listed], mappings: dict[SessionId, str], rules: str) -> None:
    """List the sessions; `mapping` and `rules` tell which have to be converted again when the rules change."""
    rows = [
        {
            "subject": entry.record.subject,
            "session": entry.record.session,
            "series": str(len(entry.files)),
            "acquisitions": str(len({series.merge_group for series in entry.record.series})),
            "files": str(sum(entry.files)),
            "problems": str(sum(problems.total() for problems in entry.problems)),
            "mapping": mappings[entry.record.id],
            "rules": rules,
        }
        for entry in listed
    ]
    columns = ("subject", "session", "series", "acquisitions", "files", "problems", "mapping", "rules")
    write_whole(layout.sessions, table_text(columns, rows))


def _remove_old_archives(layout: Layout, used: set[Path]) -> None:
    """Remove what was unpacked from archives that changed or are gone."""
    root = layout.unpacked.resolve()
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder not in used:
            shutil.rmtree(folder)


INVENTORY_FIELDS = (
    *("Modality", "Manufacturer", "ManufacturerModelName", "SeriesNumber", "SeriesDescription", "ProtocolName"),
    *("SequenceName", "ScanningSequence", "ImageType", "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle"),
    *("Rows", "Columns", "Slices", "Volumes", "SeriesTime", "StudyInstanceUID", "SeriesInstanceUID"),
)


def _inventory_table(listed: Sequence[_Listed], groups: Sequence[ProtocolGroup]) -> str:
    """One row for each series, with the id of its protocol group."""
    group_of = {
        (*member.session, name): group.group for group in groups for member in group.members for name in member.series
    }
    columns = ("subject", "session", "series", "merge_group", "protocol_group", "files", "problems", *INVENTORY_FIELDS)
    rows = []
    for entry in listed:
        for series, files, problems in zip(entry.record.series, entry.files, entry.problems, strict=True):
            named = (entry.record.subject, entry.record.session, series.series)
            rows.append(
                dict(zip(columns[:3], named, strict=True))
                | {"merge_group": series.merge_group, "protocol_group": group_of[named], "files": str(files)}
                | {"problems": ", ".join(f"{count} {problem}" for problem, count in sorted(problems.items()))}
                | {name: protocol_groups.text_of(series.fields.get(name)) for name in INVENTORY_FIELDS}
            )
    return table_text(columns, rows)


_NAMES = ("PatientName", *fields.NAMES.values())
_IDS = ("PatientID", *fields.NUMBERS_OF_PEOPLE.values())
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")


def _own_words(found: Iterable[FoundSeries], common: Iterable[str]) -> LabelSearch:
    """What tells of some series' people, of every kind that the scans read."""
    answers: dict[str, set[str]] = {"name": set(), "id": set(), "date": set()}
    for one in found:
        for kind, names in (("name", _NAMES), ("id", _IDS)):
            answers[kind].update(text for name in names for text in _texts(one, name))
        answers["date"].update(day for name in _DATES for text in _texts(one, name) for day in days(text))
    return LabelSearch(usable(answers), vocabulary() | {word.casefold().encode() for word in common})


def _texts(one: FoundSeries, name: str) -> Iterator[str]:
    """The values of a field; text that is UTF-8 under another name is read as both."""
    for value in one.values.get(name, ()):
        for text in map(str, value if isinstance(value, list) else [value]):
            yield text
            if not text.isascii():
                with suppress(UnicodeError):
                    yield text.encode("latin-1").decode("utf-8")


def _refuse_telling_labels(found: Iterable[FoundSeries], table: SubjectTable, ignore: Iterable[str]) -> None:
    """Raise `TableError` if a label is one of the patient's own names, IDs or dates: it would stand in every path."""
    of_patient: dict[str, list[FoundSeries]] = {}
    for one in found:
        if one.patient in table.patients:
            of_patient.setdefault(one.patient, []).append(one)
    telling: dict[int, set[str]] = {}
    for patient, members in of_patient.items():
        own = _own_words(members, ignore)
        number = "".join(filter(str.isalnum, patient))
        is_number = number not in {word.casefold() for word in ignore}
        for names in {table.names(patient, one.study) for one in members}:
            for kind, label in (("subject", names.subject), ("session", names.session)):
                if label and (own.found(label) or (is_number and label.casefold() == number)):
                    telling.setdefault(names.line, set()).add(kind)
    if telling:
        lines = (f"line {line}: the {' and the '.join(sorted(kinds))}" for line, kinds in sorted(telling.items()))
        raise TableError(
            f"subjects: {'; '.join(lines)} holds one of the patient's own names, IDs or dates, and labels stand in "
            "every path: give another, or name the word in audit.ignore if it is no secret"
        )
