"""Texts that would tell who somebody is: what the scans read of the cohort's people, looked for in labels."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress

from unface.dicom import fields
from unface.identity.decoded import decoded, readings
from unface.identity.identifiers import Identifiers, searchable
from unface.identity.label_search import LabelSearch, pieces_of
from unface.identity.romanised import romanised
from unface.identity.spellings import days, digits_of_id, spellings
from unface.identity.vocabulary import vocabulary
from unface.inventory.series import ScannedSeries
from unface.inventory.subjects import SubjectTable
from unface.run.files import TableError

_NAMES = ("PatientName", *fields.NAMES.values())
_IDS = ("PatientID", *fields.NUMBERS_OF_PEOPLE.values())
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_OWN_NUMBERS = ("PatientID", "OtherPatientIDs")
"""Numbers of the patient, not of a visit: a StudyID is often 1."""
_INITIALS = re.compile(r"([A-Za-z]{2})((?:19|20)?[0-9]{2})")
LEAST_LABELS = 4
"""So many labels must share a word, and more than half of all, for it to be the project's own."""


def search_for_people_of(scanned: Iterable[ScannedSeries], common: Iterable[str]) -> LabelSearch:
    """A search for what tells of some series' people, of every kind that the scans read.

    Parameters
    ----------
    scanned
        The series.
    common
        Words that are no secret although a header holds them as an identifier.

    Returns
    -------
    LabelSearch
        Its `found` tells whether a text holds any of it.
    """
    people: dict[str, Identifiers] = {}
    for series in scanned:
        _add(people.setdefault(series.patient, _nobody()), series)
    ignored = {word.casefold().encode() for word in common}
    return LabelSearch({}, vocabulary() | ignored, map(searchable, people.values()))


def _nobody() -> Identifiers:
    return {"name": set(), "id": set(), "date": set(), "other": set()}


def _add(identifiers: Identifiers, series: ScannedSeries) -> None:
    """Take in what one series holds of its people."""
    for kind, names in (("name", _NAMES), ("id", _IDS), ("other", tuple(fields.PLACES.values()))):
        identifiers[kind].update(text for name in names for text in _texts(series, name))
    identifiers["date"].update(day for name in _DATES for text in _texts(series, name) for day in days(text))


def refuse_telling_labels(scanned: Iterable[ScannedSeries], table: SubjectTable, ignore: Iterable[str]) -> None:
    """Look at the labels that the project gives: they stand in every path.

    Parameters
    ----------
    scanned
        Every series of the cohort.
    table
        The labels.
    ignore
        Words that are no secret although a header holds them as an identifier.

    Raises
    ------
    TableError
        If a label is or holds one of the patient's own names, IDs, dates or places, however it is written.
    """
    of_patient: dict[str, list[ScannedSeries]] = {}
    for series in scanned:
        if series.patient in table.patients:
            of_patient.setdefault(series.patient, []).append(series)
    ignored = {word.casefold() for word in ignore}
    common = ignored | _own_words(table)
    telling: dict[int, set[str]] = {}
    for patient, members in of_patient.items():
        known = _Known(members, common, ignored)
        for labels in {table.labels(patient, series.study) for series in members}:
            for kind, label, found in (
                ("subject", labels.subject, known.in_subject),
                ("session", labels.session, known.in_session),
            ):
                if label and label.casefold() not in ignored and found(label):
                    telling.setdefault(labels.line, set()).add(kind)
    if telling:
        lines = (f"line {line}: the {' and the '.join(sorted(kinds))}" for line, kinds in sorted(telling.items()))
        raise TableError(
            f"subjects: {'; '.join(lines)} holds one of the patient's own names, IDs, dates or places, and labels "
            "stand in every path: give another, or name the word in audit.ignore if it is no secret"
        )


def _own_words(table: SubjectTable) -> set[str]:
    """Words that more than half of the labels share, such as a study's name: they tell of nobody."""
    subjects = {labels.subject for labels in table.patients.values() if labels.subject}
    counts = Counter(word for subject in subjects for word in {piece.casefold() for piece in pieces_of(subject)})
    least = max(LEAST_LABELS, len(subjects) // 2 + 1)
    return {word for word, count in counts.items() if count >= least and word.isalpha()}


class _Known:
    """What the headers of one patient say, as labels may hold it."""

    def __init__(self, members: Iterable[ScannedSeries], common: Set[str], ignored: Set[str]) -> None:
        identifiers, numbers, names = _nobody(), set[str](), set[str]()
        for series in members:
            _add(identifiers, series)
            numbers.update(text for name in _OWN_NUMBERS for text in _texts(series, name))
            names.update(_texts(series, "PatientName"))
        known = searchable(identifiers)
        no_secrets = set(map(_bare, ignored))
        for kind in ("id", "other"):
            known[kind] = [value for value in known.get(kind, ()) if _bare(value) not in no_secrets]
        self._search = LabelSearch(known, [word.encode() for word in common])
        ids = [value for value in numbers if value in known["id"]]
        # As they stand, and without zeros where what is left is more than a counter.
        self._ids = {re.sub(r"[\W_]+", "", value.casefold()) for value in ids}
        self._ids |= {number for number in map(_bare, ids) if len(number) > 2 or not number.isdigit()}
        self._digits = {digits for value in known["id"] if (digits := digits_of_id(value))}
        # A name may stand there in letters that nobody can read: two letters and the year of birth are initials.
        self._birth_years = {
            year for series in members for text in _texts(series, "PatientBirthDate") for year in (text[:4], text[2:4])
        }
        self._common = common
        # Everywhere else two letters are too few to be searched.
        self._short_names = _short_words(names) - common

    def in_subject(self, label: str) -> bool:
        """Whether a subject's label tells."""
        # A number of three digits tells if it is a whole ID, one of four if it stands in an ID. A counter such as 01
        # does not tell because an ID has these digits, or is such a counter itself.
        runs = [number.lstrip("0") for number in re.findall("[0-9]+", label)]
        # A label as it stands is compared with IDs as they stand: 3 of 3.
        whole = label.casefold() in self._ids or any(
            number in self._ids for number in (*runs, _bare(label)) if len(number) > 2 or not number.isdigit()
        )
        part = any(number in digits for number in runs if len(number) > 3 for digits in self._digits)
        return whole or part or self._holds(label)

    def in_session(self, label: str) -> bool:
        """Whether a session's label tells; sessions are counted, and named by years."""
        whole = any(len(number) > 2 and number.lstrip("0") in self._ids for number in re.findall("[0-9]+", label))
        return whole or self._holds(label)

    def _holds(self, label: str) -> bool:
        if any(map(self._search.found_in, (label, *decoded(label)))) or not self._short_names.isdisjoint(
            map(str.casefold, pieces_of(label))
        ):
            return True
        initials = _INITIALS.fullmatch(label)
        if initials and initials[1].casefold() not in self._common and initials[2] in self._birth_years:
            return True
        return any(digits in number for number in re.findall("[0-9]+", label) for digits in self._digits)


def _bare(value: str) -> str:
    """An ID without separators, case and leading zeros of its numbers."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"[\W_]+", "", value.casefold()))


def _short_words(names: Iterable[str]) -> set[str]:
    """Words of two letters in names, in any script and transliteration: `li` of 李."""
    versions = [latin for name in names for latin in (name, *romanised(name))]
    words = {form for name in versions for word in re.split(r"[\W\d_]+", name) if word for form in spellings(word)}
    return {word for word in words if len(word) == 2}


def _texts(series: ScannedSeries, name: str) -> Iterator[str]:
    """The values of a field; text that may be of another character set than is declared is read in each."""
    for value in series.values.get(name, ()):
        for text in map(str, value if isinstance(value, list) else [value]):
            yield text
            if not text.isascii():
                with suppress(UnicodeError):
                    yield from readings(text.encode("latin-1"))
