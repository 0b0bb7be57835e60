"""The table of subjects who withdrew their consent."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unface.identity.patients import LABEL, normalised
from unface.run.files import TableError, read_table, read_users_table
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import named_file

SETTING = "withdrawal.subjects"


def linked(layout: Layout) -> list[tuple[str, str]]:
    """Subject label and patient ID of everybody in any inventory so far; none before there is one."""
    rows = [*read_table(layout.linkage), *read_table(layout.linkage_past)]
    return sorted({(row["subject"], row["patient_id"]) for row in rows})


def read_withdrawn(path: Path | None, linkage: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The labels of those who withdrew.

    Parameters
    ----------
    path
        TSV with a column `subject` (labels, with `sub-` or without), a column `patient_id`, or both; one is enough in
        a row. None: nobody withdrew.
    linkage
        Subject label and patient ID of everybody known.

    Raises
    ------
    TableError
        If neither column is there, or a row names nobody; the message holds no identifier.
    """
    return frozenset(label for _, labels in _rows(path, linkage) for label in labels)


def naming_nobody(path: Path | None, linkage: Sequence[tuple[str, str]]) -> str:
    """A sentence on the rows that name nobody known, by their lines; empty if all do. Raises as `read_withdrawn` does.

    It cannot be an error: whoever was taken out of the linkage, too, is not known any more.
    """
    known = {subject for subject, _ in linkage}
    lines = [str(number) for number, labels in _rows(path, linkage) if not labels & known]
    if not lines or path is None:
        return ""
    return (
        f"{SETTING}: line {', '.join(lines)} names nobody of the last inventory. Is it mistyped? Or were they taken "
        "out with `withdrawal.restricted` before, or are their raw files gone"
    )


def _rows(path: Path | None, linkage: Iterable[tuple[str, str]]) -> Iterator[tuple[int, set[str]]]:
    """The labels that each line stands for."""
    if path is None:
        return
    by_patient: dict[str, set[str]] = {}
    for subject, patient in linkage:
        by_patient.setdefault(normalised(patient), set()).add(subject)
    for number, row in read_users_table(path, SETTING):
        if not {"subject", "patient_id"} & row.keys():
            raise TableError(f"{SETTING}: a column subject or patient_id is needed")
        subject, patient = row.get("subject", "").removeprefix("sub-"), normalised(row.get("patient_id", ""))
        if not subject and not patient:
            raise TableError(f"{SETTING}: line {number} names nobody")
        if subject and not LABEL.fullmatch(subject):
            # What is removed is found by this label: `..` or `*` would be everybody.
            raise TableError(f"{SETTING}: line {number}: the subject must be letters and digits, as in the dataset")
        yield number, {subject} - {""} | (by_patient.get(patient, set()) if patient else set())


def who_withdrew(layout: Layout, table: Path | None) -> frozenset[str]:
    """The labels of those who withdrew. Every job asks: without a table no linkage of ten thousand sessions is read."""
    return frozenset() if table is None else read_withdrawn(table, linked(layout))


def remaining(layout: Layout, withdrawn: Collection[str]) -> list[SessionId]:
    """The sessions of the last inventory without those of who withdrew."""
    return [session for session in layout.read_sessions() if session.subject not in withdrawn]


def remaining_sessions(config: Mapping[str, Any], layout: Layout) -> list[SessionId]:
    """The sessions of the last inventory without those of who withdrew by the settings."""
    return remaining(layout, who_withdrew(layout, named_file(config, SETTING)))


def request(layout: Layout, table: Path | None, withdrawn: Collection[str], *, restricted: bool) -> str:
    """Names what is asked for: the table, how far it goes, and how often somebody in it has come back since.

    Somebody comes back where a run was made without the table in between.
    """
    name = digest(table, restricted)
    done = 0
    while layout.withdrawn(f"{name}-{done + 1}").exists():
        done += 1
    return f"{name}-{done + 1 if _is_there(layout, withdrawn) else max(done, 1)}"


def _is_there(layout: Layout, subjects: Collection[str]) -> bool:
    """Whether results of one of these subjects stand anywhere; few files are looked at, for every job asks."""
    if not subjects:
        return False
    listed = {subject for subject, _ in layout.read_sessions()}
    datasets = [layout.release, *layout.old_releases.glob("*")]
    return any(
        subject in listed
        or (layout.work / subject).exists()
        or any((one / f"sub-{subject}").exists() for one in datasets)
        for subject in subjects
    )


def digest(path: Path | None, restricted: bool) -> str:
    """Names a table and how far it goes."""
    return hashlib.sha256((path.read_bytes() if path else b"") + bytes([restricted])).hexdigest()[:16]
