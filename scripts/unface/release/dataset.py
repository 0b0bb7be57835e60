"""The dataset's own files: its description, README, participants and sessions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bidsschematools.schema import load_schema

from unface import __version__
from unface.deidentify.records import SEXES, characteristics
from unface.dicom.options import BASIC_PROFILE, DEFACED, OPTION_CODES
from unface.release import given_columns
from unface.release.dictionary import Dictionary
from unface.run.files import NOT_AVAILABLE, TableError, read_table, read_users_table, table_text
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


_TOLD = 20
"""So many problems of a table are told at once."""


@dataclass(frozen=True)
class Person:
    """One row of participants.tsv, and the day of each session (shifted, ISO 8601) for sessions.tsv."""

    subject: str
    values: Mapping[str, str]
    sessions: Mapping[str, str] = field(default_factory=dict)


def first_time(folder: Path) -> str:
    """The earliest acq_time of a session's scans.tsv."""
    times = []
    for table in folder.glob("*_scans.tsv"):
        times += [row.get("acq_time", NOT_AVAILABLE) for row in read_table(table)]
    return min((time for time in times if time != NOT_AVAILABLE), default=NOT_AVAILABLE)


def read_subjects(path: Path | None, options: Sequence[str]) -> dict[str, dict[str, str]]:
    """The columns for participants.tsv that the user's table of subjects gives, by subject label.

    Parameters
    ----------
    options
        Options of DICOM PS3.15 Table E.1-1: dates and UIDs that one of them retains may stand in the table.

    Raises
    ------
    TableError
        If a column's name or a cell has the form of an identifier, a column of ages holds one over 89, or two rows of
        one subject differ in such a column: participants.tsv has one row for both.
    """
    if path is None:
        return {}
    found: dict[str, dict[str, str]] = {}
    problems: list[str] = []
    for number, row in read_users_table(path, "subjects", ("subject",)):
        if not found and (wrong := list(given_columns.of_names(row, options))):
            # A name that may identify is not to be repeated in what is said of its cells.
            raise TableError("subjects: line 1: " + "; ".join(wrong))
        values = {name: value or NOT_AVAILABLE for name, value in given_columns.further(row).items()}
        wrong = [problem for name, value in values.items() for problem in given_columns.of_cell(name, value, options)]
        known = found.setdefault(row["subject"], values)
        if different := [name for name, value in values.items() if value != known[name]]:
            wrong.append(
                f"{', '.join(different)} differs from an earlier row of the same subject, and participants.tsv has one "
                "row for both: give both the same, or leave the column out"
            )
        problems += [f"line {number}: {problem}" for problem in wrong]
    if problems:
        more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
        raise TableError("subjects: " + "; ".join(problems[:_TOLD]) + more)
    return found


def people(
    layout: Layout, dataset: Path, sessions: Sequence[SessionId], given: Mapping[str, Mapping[str, str]]
) -> list[Person]:
    """One person for every subject in the dataset: sex and age of the clean headers, and what the user gives."""
    columns = list(dict.fromkeys(name for values in given.values() for name in values))
    rows = []
    for subject, labels in by_subject(sessions).items():
        times = {label: first_time(dataset / SessionId(subject, label).bids_folder) for label in labels}
        found = [characteristics(layout, SessionId(subject, label)) for label in labels]
        ages = [int(values["age"]) for values in found if values["age"] != NOT_AVAILABLE]
        sexes = {values["sex"] for values in found} - {NOT_AVAILABLE}
        values = {
            "sex": sexes.pop() if len(sexes) == 1 else NOT_AVAILABLE,
            "age": str(min(ages)) if ages else NOT_AVAILABLE,
        }
        rows.append(
            Person(subject, values | {name: given.get(subject, {}).get(name, NOT_AVAILABLE) for name in columns}, times)
        )
    return rows


def texts(
    rows: Sequence[Person],
    settings: Release,
    options: Sequence[str],
    tools: Mapping[str, Sequence[str]],
    *,
    meanings: Dictionary | None = None,
) -> dict[str, str]:
    """The dataset's own files by path. The same sessions and settings give the same bytes."""
    columns = {**COLUMNS, **(meanings or {})}
    codes = [BASIC_PROFILE, DEFACED, *sorted(OPTION_CODES[option] for option in options)]
    files = {
        "dataset_description.json": _json(_description(settings, codes, tools)),
        "README": _readme(settings, codes, options, len(rows), sum(len(row.sessions) for row in rows)),
        "participants.tsv": _participants(rows),
        "participants.json": _json(
            {name: columns.get(name, {"Description": "Given by the dataset's authors"}) for name in _columns(rows)}
        ),
    }
    for row in rows:
        if len(row.sessions) > 1:
            lines = [{"session_id": f"ses-{label}", "acq_time": row.sessions[label]} for label in sorted(row.sessions)]
            folder = SessionId(row.subject, "").bids_folder.parent
            files[f"{folder}/{SessionId(row.subject, '').bids_prefix.removesuffix('_ses-')}_sessions.tsv"] = _table(
                lines
            )
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
    "subject, to 1925 or before.",
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
