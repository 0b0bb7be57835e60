"""Texts that would tell who somebody is: what the scans read of the cohort's people, looked for in labels."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from unface.dicom import fields
from unface.identity.identifiers import searchable
from unface.identity.label_search import LabelSearch
from unface.identity.spellings import days
from unface.identity.vocabulary import vocabulary
from unface.inventory.series import ScannedSeries
from unface.inventory.subjects import SubjectTable
from unface.run.files import TableError

MODELS = frozenset(
    [
        *("achieva", "aera", "allegra", "ambition", "architect", "avanto", "biograph", "connectom", "discovery"),
        *("elition", "espree", "explorer", "fit", "galan", "ingenia", "intera", "lumina", "magnetom", "optima"),
        *("orian", "pioneer", "premier", "prisma", "signa", "skyra", "sola", "sonata", "symphony", "terra", "titan"),
        *("trio", "triotim", "vantage", "verio", "vida"),
    ]
)
"""Words in the names of scanners, which identify nobody, be they also called Vida or Tim."""

_NAMES = ("PatientName", *fields.NAMES.values())
_IDS = ("PatientID", *fields.NUMBERS_OF_PEOPLE.values())
_DATES = ("PatientBirthDate", "StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")


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
    identifiers: dict[str, set[str]] = {"name": set(), "id": set(), "date": set()}
    for series in scanned:
        for kind, names in (("name", _NAMES), ("id", _IDS)):
            identifiers[kind].update(text for name in names for text in _texts(series, name))
        identifiers["date"].update(day for name in _DATES for text in _texts(series, name) for day in days(text))
    return LabelSearch(searchable(identifiers), vocabulary() | {word.casefold().encode() for word in common})


def _texts(series: ScannedSeries, name: str) -> Iterator[str]:
    """The values of a field; text that is UTF-8 under another name is read as both."""
    for value in series.values.get(name, ()):
        for text in map(str, value if isinstance(value, list) else [value]):
            yield text
            if not text.isascii():
                with suppress(UnicodeError):
                    yield text.encode("latin-1").decode("utf-8")


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
        If a label is one of the patient's own names, IDs or dates.
    """
    of_patient: dict[str, list[ScannedSeries]] = {}
    for series in scanned:
        if series.patient in table.patients:
            of_patient.setdefault(series.patient, []).append(series)
    telling: dict[int, set[str]] = {}
    for patient, members in of_patient.items():
        search = search_for_people_of(members, ignore)
        number = "".join(filter(str.isalnum, patient))
        is_number = number not in {word.casefold() for word in ignore}
        for labels in {table.labels(patient, series.study) for series in members}:
            for kind, label in (("subject", labels.subject), ("session", labels.session)):
                if label and (search.found_in(label) or (is_number and label.casefold() == number)):
                    telling.setdefault(labels.line, set()).add(kind)
    if telling:
        lines = (f"line {line}: the {' and the '.join(sorted(kinds))}" for line, kinds in sorted(telling.items()))
        raise TableError(
            f"subjects: {'; '.join(lines)} holds one of the patient's own names, IDs or dates, and labels stand in "
            "every path: give another, or name the word in audit.ignore if it is no secret"
        )
