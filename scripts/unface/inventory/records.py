"""The record of one session: its raw files by series, as the inventory found them.

A record holds raw paths and header values, so it lives in `restricted/` only.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.run.files import write_whole
from unface.run.outcome import JobFailedError
from unface.run.sessions import SessionId


@dataclass(frozen=True)
class RawFile:
    """One raw DICOM file, with what tells whether it changed since the inventory."""

    path: str
    bytes: int
    mtime_ns: int
    problem: str | None = None
    """What is wrong with it, such as `truncated`; None for a whole file."""


@dataclass(frozen=True)
class Series:
    """One series: the header values that mapping rules look at, and its files in order of InstanceNumber."""

    series: str
    """`s001`, `s002` ... in order of acquisition within the session."""
    merge_group: str
    """`g001` ...: series with the same merge group are one acquisition and are converted together."""
    fields: Mapping[str, Any]
    """Raw header values by DICOM keyword; a list where the value is multiple or differs between files."""
    files: tuple[RawFile, ...]


@dataclass(frozen=True)
class SessionRecord:
    """One session: pseudonyms, the identity they are derived from, and its series."""

    subject: str
    session: str
    identity: str
    """Restricted: what pseudonyms, UIDs and the day shift of the subject are derived from."""
    series: tuple[Series, ...]
    demographics: Mapping[str, str] = field(default_factory=dict)
    """`sex` and `age` as the row of `subjects.tsv` has them, if it has."""
    key: str = ""
    """Tells one key from another: UIDs and dates depend on it, whatever the labels come from."""

    @property
    def id(self) -> SessionId:
        """Whose record it is."""
        return SessionId(self.subject, self.session)

    def text(self) -> str:
        """The record as JSON: the same record gives the same bytes."""
        # dataclasses.asdict and an indented dump cost ten times as much, which a million files feel.
        entries = [{**vars(series), "files": [vars(file) for file in series.files]} for series in self.series]
        return json.dumps({**vars(self), "series": entries}, sort_keys=True) + "\n"

    @classmethod
    def read(cls, path: Path) -> "SessionRecord":
        """Read a record.

        Parameters
        ----------
        path
            Where it lies (`layout.record`).

        Returns
        -------
        SessionRecord
            As it was written.

        Raises
        ------
        JobFailedError
            If it is missing or cut short: the inventory has to run again.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            series = tuple(
                Series(entry["series"], entry["merge_group"], entry["fields"], tuple(_files(entry["files"])))
                for entry in content["series"]
            )
            return cls(
                content["subject"],
                content["session"],
                content["identity"],
                series,
                content["demographics"],
                content["key"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            raise JobFailedError(f"the record {path.name} is missing or damaged: run the inventory again") from None

    def write(self, path: Path) -> bool:
        """Write the record whole, readable by its owner alone; a file that would not change stays untouched.

        Parameters
        ----------
        path
            Where it goes (`layout.record`).

        Returns
        -------
        bool
            Whether anything was written.
        """
        return write_whole(path, self.text(), mode=0o600)


def merged_fields(group: Iterable[Series]) -> dict[str, Any]:
    """Header values of one acquisition.

    Parameters
    ----------
    group
        The series of one merge group.

    Returns
    -------
    dict
        By DICOM keyword; a list where the series differ, volumes added up.
    """
    contents = [series.fields for series in group]
    keywords = sorted({keyword for fields in contents for keyword in fields})
    merged = {keyword: union(fields[keyword] for fields in contents if keyword in fields) for keyword in keywords}
    if "Volumes" in merged:
        merged["Volumes"] = sum(int(fields.get("Volumes", 0)) for fields in contents)
    return merged


def union(values: Iterable[Any]) -> Any:
    """Several values of one header element as one.

    Parameters
    ----------
    values
        One or more, each a value or a list of values, as JSON has them.

    Returns
    -------
    Any
        The value itself where all are the same, else the flat list of them all: numbers first, each value once.
    """
    distinct = {json.dumps(value): value for value in values}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    ordered = sorted(distinct.values(), key=_in_order)
    flat = [part for value in ordered for part in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(flat))


def _in_order(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return (not number, float(value) if number else 0.0, json.dumps(value))


def _files(entries: list[dict[str, Any]]) -> list[RawFile]:
    return [RawFile(entry["path"], entry["bytes"], entry["mtime_ns"], entry["problem"]) for entry in entries]
