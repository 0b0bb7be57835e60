"""Who withdrew consent: the user's table, and the sessions that remain without them."""

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
    """Everybody in any inventory so far.

    Parameters
    ----------
    layout
        Where the tables of linkage lie.

    Returns
    -------
    list of (str, str)
        Subject label and patient ID, sorted; none before there is an inventory.
    """
    rows = [*read_table(layout.linkage), *read_table(layout.linkage_past)]
    return sorted({(row["subject"], row["patient_id"]) for row in rows})


def linked_names(layout: Layout) -> set[str] | None:
    """The names of the patients of the last inventory, without those of others whom their headers name.

    Parameters
    ----------
    layout
        Where the table of linkage lies.

    Returns
    -------
    set of str or None
        As the headers have them; None where the table tells of nobody.
    """
    return {row["patient_name"] for row in read_table(layout.linkage)} or None


def read_withdrawn(path: Path | None, linkage: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Read the table of those who withdrew.

    Parameters
    ----------
    path
        TSV with a column `subject` (labels, with `sub-` or without), a column `patient_id`, or both; one is enough in
        a row. None: nobody withdrew.
    linkage
        Subject label and patient ID of everybody known.

    Returns
    -------
    frozenset of str
        Their labels; a patient ID stands for every label that was ever theirs.

    Raises
    ------
    TableError
        If neither column is there, or a row names nobody; the message holds no identifier.
    """
    return frozenset(label for _, labels in _rows(path, linkage) for label in labels)


def naming_nobody(path: Path | None, linkage: Sequence[tuple[str, str]]) -> str:
    """Look for rows of the table that name nobody known.

    It cannot be an error: whoever was taken out of the linkage, too, is not known any more. Raises as `read_withdrawn`
    does.

    Parameters
    ----------
    path
        The table; None: nobody withdrew.
    linkage
        Subject label and patient ID of everybody known.

    Returns
    -------
    str
        A sentence that tells the rows by their lines; empty without any.
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
    """Those who withdrew, of everybody in any inventory so far.

    Parameters
    ----------
    layout
        Where the tables of linkage lie.
    table
        As `read_withdrawn` takes it.

    Returns
    -------
    frozenset of str
        Their labels.
    """
    # Every job asks: without a table no linkage of ten thousand sessions is read.
    return frozenset() if table is None else read_withdrawn(table, linked(layout))


def remaining(layout: Layout, withdrawn: Collection[str]) -> list[SessionId]:
    """Sessions of the last inventory whose subject did not withdraw.

    Parameters
    ----------
    layout
        Where the table of sessions lies.
    withdrawn
        Labels of those who withdrew.

    Returns
    -------
    list of SessionId
        In the order of the table.
    """
    return [session for session in layout.read_sessions() if session.subject not in withdrawn]


def remaining_sessions(config: Mapping[str, Any], layout: Layout) -> list[SessionId]:
    """Sessions of the last inventory whose subject did not withdraw, by the settings.

    Parameters
    ----------
    config
        The settings, whose `withdrawal.subjects` names the table.
    layout
        Where the tables lie.

    Returns
    -------
    list of SessionId
        In the order of the table of sessions.
    """
    return remaining(layout, who_withdrew(layout, named_file(config, SETTING)))
