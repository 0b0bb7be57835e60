"""The dataset's own files: its description, README, participants and sessions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bidsschematools.schema import load_schema

from unface import __version__
from unface.deidentify.records import SEXES, characteristics
from unface.dicom.options import BASIC_PROFILE, DEFACED, OPTION_CODES
from unface.release import data_dictionary, published_settings
from unface.release.data_dictionary import Dictionary
from unface.release.given_columns import GivenColumns
from unface.run.files import NOT_AVAILABLE, read_table, table_text
from unface.run.layout import Layout
from unface.run.sessions import SessionId, by_subject
from unface.run.settings import Release

COLUMNS: Mapping[str, Mapping[str, object]] = {
    "sex": {"Description": "Sex as recorded at the scanner", "Levels": SEXES},
    "age": {
        "Description": "Age at the first session as the de-identified headers give it: the upper end of a band of ages "
        "unless the settings keep ages; 89 is the end of the last band and stands for all ages above, too",
        "Units": "year",
    },
}


@dataclass(frozen=True)
class Metadata:
    """What the dataset's own files say besides what its sessions hold.

    Attributes
    ----------
    settings : Release
        The author's name for the dataset, its license, authors and version.
    options : sequence of str
        Options of DICOM PS3.15 Table E.1-1 that the headers were de-identified with.
    columns : GivenColumns
        Further columns of participants.tsv (`given_columns.read`).
    dictionary : Dictionary
        What the columns of participants.tsv mean (`data_dictionary.read`).
    published : mapping
        Settings, mapping rules and digests of code by path in the dataset (`published_settings.texts`).
    page_title : str
        Of the public page beside the dataset.
    """

    settings: Release
    options: Sequence[str]
    columns: GivenColumns = field(default_factory=dict)
    dictionary: Dictionary = field(default_factory=dict)
    published: Mapping[str, str] = field(default_factory=dict)
    page_title: str = ""

    def words(self) -> list[tuple[str, str]]:
        """All that the author wrote of the whole dataset but its authors, to be searched for identifiers.

        Returns
        -------
        list of (str, str)
            Where each text stands, and the text.
        """
        settings = self.settings
        entries = enumerate(self.dictionary.items(), start=1)
        columns = dict.fromkeys(name for cells in self.columns.values() for name in cells)
        return [
            ("release.name", settings.name),
            ("release.license", settings.license),
            ("report.title", self.page_title),
            *(
                (f"entry {number} of release.data_dictionary", text)
                for number, (name, entry) in entries
                for text in data_dictionary.words({name: entry})
            ),
            *(
                (f"the name of column {number} among the further columns of subjects", name)
                for number, name in enumerate(columns, start=1)
            ),
            *(
                (f"entry {number} of release.source_datasets", text)
                for number, source in enumerate(settings.source_datasets, start=1)
                for text in source.values()
            ),
            *(("convert.rules", line) for line in published_settings.words(self.published)),
        ]


@dataclass(frozen=True)
class Person:
    """One subject of the dataset.

    Attributes
    ----------
    subject : str
        The label.
    values : mapping
        Cells of participants.tsv by column.
    sessions : mapping
        Time of the first scan of each session by its label (shifted, ISO 8601), for sessions.tsv.
    """

    subject: str
    values: Mapping[str, str]
    sessions: Mapping[str, str] = field(default_factory=dict)


def _first_time(session_folder: Path) -> str:
    """The earliest acq_time of a session's scans.tsv."""
    times = []
    for table in session_folder.glob("*_scans.tsv"):
        times += [row.get("acq_time", NOT_AVAILABLE) for row in read_table(table)]
    return min((time for time in times if time != NOT_AVAILABLE), default=NOT_AVAILABLE)


def people(layout: Layout, folder: Path, sessions: Sequence[SessionId], columns: GivenColumns) -> list[Person]:
    """What is known of each subject in the dataset: sex and age of the clean headers, and what the user gives.

    Parameters
    ----------
    layout
        Where de-identification left sex and age.
    folder
        Of the dataset.
    sessions
        Those in the dataset.
    columns
        The user's further columns.

    Returns
    -------
    list of Person
        By label.
    """
    names = list(dict.fromkeys(name for cells in columns.values() for name in cells))
    rows = []
    for subject, labels in by_subject(sessions).items():
        subjects_sessions = [SessionId(subject, label) for label in labels]
        times = {session.session: _first_time(folder / session.bids_folder) for session in subjects_sessions}
        of_headers = [characteristics(layout, session) for session in subjects_sessions]
        ages = [int(values["age"]) for values in of_headers if values["age"] != NOT_AVAILABLE]
        sexes = {values["sex"] for values in of_headers} - {NOT_AVAILABLE}
        known = {
            "sex": sexes.pop() if len(sexes) == 1 else NOT_AVAILABLE,
            "age": str(min(ages)) if ages else NOT_AVAILABLE,
        }
        given = {name: columns.get(subject, {}).get(name, NOT_AVAILABLE) for name in names}
        rows.append(Person(subject, known | given, times))
    return rows


def texts(rows: Sequence[Person], metadata: Metadata, tools: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The dataset's own files but CHANGES. The same sessions and settings give the same bytes.

    Parameters
    ----------
    rows
        Every subject of the dataset.
    metadata
        What the author says of it.
    tools
        Versions of each tool that made something of it.

    Returns
    -------
    dict
        Texts by path in the dataset.
    """
    settings, options = metadata.settings, metadata.options
    columns = {**COLUMNS, **metadata.dictionary}
    codes = [BASIC_PROFILE, DEFACED, *sorted(OPTION_CODES[option] for option in options)]
    files = {
        "dataset_description.json": _json(_description(settings, codes, tools)),
        "README": _readme(settings, codes, options, len(rows), sum(len(row.sessions) for row in rows)),
        "participants.tsv": _participants(rows),
        "participants.json": _json(
            {name: columns.get(name, {"Description": "Given by the dataset's authors"}) for name in _columns(rows)}
        ),
        **metadata.published,
    }
    for row in rows:
        if len(row.sessions) > 1:
            lines = [{"session_id": f"ses-{label}", "acq_time": row.sessions[label]} for label in sorted(row.sessions)]
            files[f"sub-{row.subject}/sub-{row.subject}_sessions.tsv"] = _table(lines)
    return files


def _description(
    settings: Release, codes: Sequence[tuple[str, str]], tools: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    method = "DICOM headers de-identified by PS3.15 Annex E, faces removed, every byte searched for identifiers"
    generated = [{"Name": "unface", "Version": __version__, "Description": f"{method} ({_listed(codes)})"}]
    generated += [{"Name": tool, "Version": version} for tool, versions in tools.items() for version in versions]
    description: dict[str, object] = {
        "Name": settings.name,
        "BIDSVersion": str(load_schema().bids_version),
        "DatasetType": "raw",
        "License": settings.license,
        "Authors": list(settings.authors),
        "GeneratedBy": generated,
    }
    if settings.source_datasets:
        description["SourceDatasets"] = [dict(source) for source in settings.source_datasets]
    return description


def _listed(codes: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"DCM {code} {meaning}" for code, meaning in codes)


_DATES = {
    "retain_longitudinal_full_dates": "Dates are those of the scans.",
    "retain_longitudinal_modified_dates": "Dates were moved by a number of days that is the same for all sessions of a "
    "subject, to 1925 or before. Times of day were moved with their session, unless the settings in code say "
    "`clock_times: keep`; intervals within a session stay.",
    "": "Dates were removed.",
}


def _readme(
    settings: Release, codes: Sequence[tuple[str, str]], options: Sequence[str], n_subjects: int, n_sessions: int
) -> str:
    lines = [
        settings.name,
        "=" * len(settings.name),
        "",
        f"{n_subjects} subjects, {n_sessions} sessions. This dataset was made from DICOM by unface {__version__}.",
        "",
        "Identity",
        "--------",
        "Subjects and sessions carry pseudonyms. Headers were de-identified by DICOM PS3.15 Annex E with:",
        *(f"- {code} {meaning}" for code, meaning in codes),
        "",
        _DATES[next((option for option in _DATES if option in options), "")],
        "Images that show the head had the face removed; a _defacemask beside each tells where (1 kept, 0 removed).",
        "Every byte was searched for the subjects' own identifiers before the release.",
        "",
        "Nobody may try to find out who the subjects are.",
        "",
    ]
    return "\n".join(lines)


def _columns(rows: Sequence[Person]) -> list[str]:
    return list(rows[0].values) if rows else []


def _participants(rows: Sequence[Person]) -> str:
    return _table([{"participant_id": f"sub-{row.subject}", **row.values} for row in rows])


def _table(rows: Sequence[Mapping[str, str]]) -> str:
    return table_text(rows[0] if rows else ["participant_id"], rows)


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
