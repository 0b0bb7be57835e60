"""Who the patients of a cohort are, and which sessions their series belong to."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from unface.identity.patients import names_nobody
from unface.identity.pseudonyms import Key
from unface.inventory.series import FoundSeries
from unface.inventory.subjects import SubjectTable
from unface.run.files import TableError, read_table, table_text
from unface.run.layout import Layout
from unface.run.sessions import SessionId

Known = Mapping[str, Collection[tuple[str, str]]]
"""Everybody whom an inventory has seen so far, by label: studies under it in the last one, each with a birth date."""
NOBODY_KNOWN: Known = {}


def known_so_far(layout: Layout) -> Known:
    """Whom the inventories before this one have seen."""
    known: dict[str, set[tuple[str, str]]] = {row["subject"]: set() for row in read_table(layout.linkage_past)}
    for row in read_table(layout.linkage):
        known.setdefault(row["subject"], set()).add((row["study_uid"], _date(row["birth_date"])))
    return known


class People:
    """Who the patients are: identities, labels, and the sessions that series belong to.

    Where a patient ID was given to several people, the one who was there first has the ID alone as identity, as if it
    were nobody else's: a label that may have been published stays when the others come.
    """

    def __init__(
        self, found: Sequence[FoundSeries], key: Key, table: SubjectTable, known: Known = NOBODY_KNOWN
    ) -> None:
        self.key = key
        self.table = table
        self.identities: dict[str, str] = {}
        self.sessions: dict[SessionId, list[FoundSeries]] = {}
        self.linkage: set[tuple[str, ...]] = set()
        days = _study_days(found)
        nameless, unlisted = set(), set()
        self._several = _several_people(found)
        self._first = self._who_was_first(found, days, known)
        for one in found:
            anonymous = names_nobody(one.patient)
            given = table.names(one.patient, one.study)
            if given.subject is None and anonymous:
                nameless.add(one.study or one.series)
            elif given.subject is None:
                unlisted.add(one.patient)
            identity = self._identity(one, given.subject, anonymous)
            day = days[one.patient, one.study]
            subject = self._subject(identity, given.subject)
            session = SessionId(subject, given.session or key.session(identity, day))
            self.sessions.setdefault(session, []).append(one)
            who = (one.first("PatientID"), one.first("PatientName"), one.first("PatientBirthDate"))
            self.linkage.add((*session, *who, one.first("StudyDate"), one.study))
        self.nameless = len(nameless)
        self.unlisted = len(unlisted) if table.patients else 0
        self.doubtful = len({one.patient for one in found if self._several.get(one.patient)} - set(table.patients))

    def _identity(self, one: FoundSeries, given: str | None, anonymous: bool) -> str:
        """What the pseudonyms of a subject are derived from."""
        if given is not None:
            return f"subject:{given}"
        if anonymous:
            return f"study:{one.study or one.series}"
        person = self._person(one)
        apart = () if person in self._first.get(one.patient, ()) else person
        return "\0".join([_identity_of(one.patient), *apart])

    def _person(self, one: FoundSeries) -> tuple[str, ...]:
        """What tells a series' patient from others with the same ID; nothing where there are none."""
        return tuple(_told(one, name) for name in self._several.get(one.patient, ()))

    def _who_was_first(
        self, found: Iterable[FoundSeries], days: Mapping[tuple[str, str], str], known: Known
    ) -> dict[str, set[tuple[str, ...]]]:
        """For each patient ID of several people those of them who were there before the others.

        Where earlier inventories have the ID's label, that is who had its studies then, and nobody if these are gone:
        the label may stand for somebody in a release. Else it is who was scanned first.
        """
        first: dict[str, set[tuple[str, ...]]] = {}
        shared = [one for one in found if one.patient in self._several]
        for one in sorted(shared, key=lambda one: (days[one.patient, one.study], one.study, self._person(one))):
            label = self.key.subject(_identity_of(one.patient))
            if label not in known:
                first.setdefault(one.patient, {self._person(one)})
            elif one.study and (one.study, _told(one, "PatientBirthDate")) in known[label]:
                first.setdefault(one.patient, set()).add(self._person(one))
        return first

    def _subject(self, identity: str, given: str | None) -> str:
        label = given or self.key.subject(identity)
        if self.identities.setdefault(label, identity) != identity:
            raise TableError(
                f"the label {label} would stand for two subjects: give one of them another in the table of subjects"
            )
        return label

    def identity_of(self, subject: str) -> str:
        return self.identities[subject]

    def linked(self) -> list[tuple[str, str]]:
        """Subject label and patient ID of everybody."""
        return [(row[0], row[2]) for row in self.linkage]

    def leave_out(self, subjects: frozenset[str], *, forget: bool) -> None:
        """Drop the sessions of some subjects, and on request the linkage that tells who they are."""
        self.sessions = {session: found for session, found in self.sessions.items() if session.subject not in subjects}
        if forget:
            self.linkage = {row for row in self.linkage if row[0] not in subjects}

    def linkage_table(self) -> str:
        columns = ("subject", "session", "patient_id", "patient_name", "birth_date", "study_date", "study_uid")
        return table_text(columns, sorted(self.linkage))


TELL_APART = ("PatientBirthDate", "IssuerOfPatientID")
"""What two people whose hospitals gave them the same number differ in."""


def _several_people(found: Iterable[FoundSeries]) -> dict[str, list[str]]:
    """For each patient ID the attributes that have several values: it was given to several people."""
    values: dict[tuple[str, str], set[str]] = {}
    for one in found:
        for name in TELL_APART:
            if value := _told(one, name):
                values.setdefault((one.patient, name), set()).add(value)
    several: dict[str, list[str]] = {}
    for (patient, name), told in values.items():
        if len(told) > 1:
            several.setdefault(patient, []).append(name)
    return {patient: sorted(names) for patient, names in several.items()}


def _identity_of(patient: str) -> str:
    """The identity of who alone has a patient ID."""
    return f"patient:{patient}"


def _told(one: FoundSeries, name: str) -> str:
    """What a series tells of its patient, whichever of its files was read first; a date in one form."""
    texts = map(str, one.values.get(name, ()))
    return min(map(_date, texts) if name == "PatientBirthDate" else texts, default="")


def _date(text: str) -> str:
    """A date without what some write between year, month and day."""
    return re.sub("[.-]", "", text)


def _study_days(found: Iterable[FoundSeries]) -> dict[tuple[str, str], str]:
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
