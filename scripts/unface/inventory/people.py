"""Who the patients of a cohort are, and which sessions their series belong to."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from unface.identity.patients import names_nobody
from unface.identity.pseudonyms import Key
from unface.inventory.series import ScannedSeries
from unface.inventory.subjects import SubjectTable
from unface.run.files import TableError, read_table, table_text
from unface.run.layout import Layout
from unface.run.sessions import SessionId

Known = Mapping[str, Collection[tuple[str, str]]]
"""Everybody whom an inventory has seen so far, by label: studies under it in the last one, each with a birth date."""
NOBODY_KNOWN: Known = {}


def known_so_far(layout: Layout) -> Known:
    """Whom the inventories before this one have seen.

    Parameters
    ----------
    layout
        Where everything of the run lies.

    Returns
    -------
    Known
        Empty at the first inventory.
    """
    known: dict[str, set[tuple[str, str]]] = {row["subject"]: set() for row in read_table(layout.linkage_past)}
    for row in read_table(layout.linkage):
        known.setdefault(row["subject"], set()).add((row["study_uid"], _date(row["birth_date"])))
    return known


class People:
    """Who the patients are: identities, labels, and the sessions that series belong to.

    Where a patient ID was given to several people, the one who was there first has the ID alone as identity, as if it
    were nobody else's: a label that may have been published stays when the others come.

    Parameters
    ----------
    scanned
        Every series of the cohort.
    key
        Makes the pseudonyms.
    table
        The project's own labels.
    known
        Whom earlier inventories have seen.

    Attributes
    ----------
    sessions : dict
        The series of each session.
    linkage : set
        Rows of the table that tells whose the pseudonyms are.
    nameless, unlisted, doubtful : int
        How many studies have no patient ID, how many patients the table lacks, how many IDs belong to several people.

    Raises
    ------
    TableError
        If a label would stand for two subjects.
    """

    def __init__(
        self, scanned: Sequence[ScannedSeries], key: Key, table: SubjectTable, known: Known = NOBODY_KNOWN
    ) -> None:
        self.key = key
        self.table = table
        self.identities: dict[str, str] = {}
        self.sessions: dict[SessionId, list[ScannedSeries]] = {}
        self.linkage: set[tuple[str, ...]] = set()
        days = _study_days(scanned)
        nameless, unlisted = set(), set()
        self._several = _several_people(scanned)
        self._first = self._who_was_first(scanned, days, known)
        for series in scanned:
            anonymous = names_nobody(series.patient)
            given = table.labels(series.patient, series.study)
            if given.subject is None and anonymous:
                nameless.add(series.study or series.series)
            elif given.subject is None:
                unlisted.add(series.patient)
            identity = self._identity(series, given.subject, anonymous)
            day = days[series.patient, series.study]
            subject = self._subject(identity, given.subject)
            session = SessionId(subject, given.session or key.session(identity, day))
            self.sessions.setdefault(session, []).append(series)
            who = (series.first("PatientID"), series.first("PatientName"), series.first("PatientBirthDate"))
            self.linkage.add((*session, *who, series.first("StudyDate"), series.study))
        self.nameless = len(nameless)
        self.unlisted = len(unlisted) if table.patients else 0
        shared = {series.patient for series in scanned if self._several.get(series.patient)}
        self.doubtful = len(shared - set(table.patients))

    def _identity(self, series: ScannedSeries, given: str | None, anonymous: bool) -> str:
        """What the pseudonyms of a subject are derived from."""
        if given is not None:
            return f"subject:{given}"
        if anonymous:
            return f"study:{series.study or series.series}"
        person = self._person(series)
        apart = () if person in self._first.get(series.patient, ()) else person
        return "\0".join([_identity_of(series.patient), *apart])

    def _person(self, series: ScannedSeries) -> tuple[str, ...]:
        """What tells a series' patient from others with the same ID; nothing where there are none."""
        return tuple(_told(series, name) for name in self._several.get(series.patient, ()))

    def _who_was_first(
        self, scanned: Iterable[ScannedSeries], days: Mapping[tuple[str, str], str], known: Known
    ) -> dict[str, set[tuple[str, ...]]]:
        """For each patient ID of several people those of them who were there before the others.

        Where earlier inventories have the ID's label, that is who had its studies then, and nobody if these are gone:
        the label may stand for somebody in a release. Else it is who was scanned first.

        Returns
        -------
        dict
            By patient ID: what tells each of them from the others (`_person`).
        """
        first: dict[str, set[tuple[str, ...]]] = {}
        shared = [series for series in scanned if series.patient in self._several]
        for series in sorted(
            shared, key=lambda series: (days[series.patient, series.study], series.study, self._person(series))
        ):
            label = self.key.subject(_identity_of(series.patient))
            if label not in known:
                first.setdefault(series.patient, {self._person(series)})
            elif series.study and (series.study, _told(series, "PatientBirthDate")) in known[label]:
                first.setdefault(series.patient, set()).add(self._person(series))
        return first

    def _subject(self, identity: str, given: str | None) -> str:
        label = given or self.key.subject(identity)
        if self.identities.setdefault(label, identity) != identity:
            raise TableError(
                f"the label {label} would stand for two subjects: give one of them another in the table of subjects"
            )
        return label

    def identity_of(self, subject: str) -> str:
        """What the pseudonyms of a subject are derived from.

        Parameters
        ----------
        subject
            The label.

        Returns
        -------
        str
            Restricted: it holds the patient ID, or the label that the project gave.
        """
        return self.identities[subject]

    def linked(self) -> list[tuple[str, str]]:
        """Subject label and patient ID of everybody."""
        return [(row[0], row[2]) for row in self.linkage]

    def leave_out(self, subjects: frozenset[str], *, forget: bool) -> None:
        """Drop the sessions of some subjects.

        Parameters
        ----------
        subjects
            Their labels.
        forget
            Whether the linkage, which tells who they are, drops them too.
        """
        self.sessions = {
            session: series for session, series in self.sessions.items() if session.subject not in subjects
        }
        if forget:
            self.linkage = {row for row in self.linkage if row[0] not in subjects}

    def linkage_table(self) -> str:
        """The linkage as the text of a table: restricted."""
        columns = ("subject", "session", "patient_id", "patient_name", "birth_date", "study_date", "study_uid")
        return table_text(columns, sorted(self.linkage))


TELL_APART = ("PatientBirthDate", "IssuerOfPatientID")
"""What two people whose hospitals gave them the same number differ in."""


def _several_people(scanned: Iterable[ScannedSeries]) -> dict[str, list[str]]:
    """For each patient ID the attributes that have several values: it was given to several people."""
    values: dict[tuple[str, str], set[str]] = {}
    for series in scanned:
        for name in TELL_APART:
            if value := _told(series, name):
                values.setdefault((series.patient, name), set()).add(value)
    several: dict[str, list[str]] = {}
    for (patient, name), told in values.items():
        if len(told) > 1:
            several.setdefault(patient, []).append(name)
    return {patient: sorted(names) for patient, names in several.items()}


def _identity_of(patient: str) -> str:
    """The identity of who alone has a patient ID."""
    return f"patient:{patient}"


def _told(series: ScannedSeries, name: str) -> str:
    """What a series tells of its patient, whichever of its files was read first; a date in one form."""
    texts = map(str, series.values.get(name, ()))
    return min(map(_date, texts) if name == "PatientBirthDate" else texts, default="")


def _date(text: str) -> str:
    """A date without what some write between year, month and day."""
    return re.sub("[.-]", "", text)


def _study_days(scanned: Iterable[ScannedSeries]) -> dict[tuple[str, str], str]:
    """The day of each study, once for all its series; a study without a date stands for itself."""
    days: dict[tuple[str, str], str] = {}
    for series in scanned:
        names = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
        dates = [text for name in names if re.fullmatch(r"(19|20)\d{6}", text := series.first(name).replace(".", ""))]
        if dates:
            study = (series.patient, series.study)
            days[study] = min(days.get(study, dates[0]), dates[0])
    for series in scanned:
        days.setdefault((series.patient, series.study), series.study or series.series)
    return days
