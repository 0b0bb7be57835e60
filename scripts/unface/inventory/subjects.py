"""`subjects.tsv`: the names that a project gives its own subjects and sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unface.identity import demographics
from unface.identity.patients import LABEL, normalised
from unface.run.files import TableError, read_users_table
from unface.run.sessions import SessionId

OPTIONAL = ("study_uid", "session", "sex", "age", "and your own")
DEMOGRAPHICS = ("sex", "age")
"""Columns that are written into the clean headers."""


@dataclass(frozen=True)
class Names:
    """Labels given by the project."""

    subject: str | None = None
    session: str | None = None
    line: int = 0
    """Where the table says so."""


@dataclass(frozen=True)
class SubjectTable:
    """Labels by normalised patient ID, and by study where the table names studies."""

    patients: dict[str, Names]
    studies: dict[tuple[str, str], Names]
    told: dict[SessionId, dict[str, str]]
    """The columns `sex` and `age` by labels of subject and session; the session is empty in a row for all of them."""

    def demographics(self, session: SessionId) -> dict[str, str]:
        """What the table says of a subject's sex and age; a row of the session goes first."""
        return self.told.get(SessionId(session.subject, ""), {}) | self.told.get(session, {})

    def names(self, patient: str, study: str) -> Names:
        """The labels of a study of a patient; without any where the table does not say."""
        return self.studies.get((patient, study)) or self.patients.get(patient) or Names()


def read_subjects(path: Path | None) -> SubjectTable:
    """Read and check the table; an empty one where there is none.

    Raises
    ------
    TableError
        If columns are missing, a label is not a label, one patient has two subjects, or a sex or an age cannot be read.
    """
    table = SubjectTable({}, {}, {})
    if path is None:
        return table
    errors = []
    subjects: dict[str, tuple[str, int]] = {}
    for number, row in read_users_table(path, "subjects", ("patient_id", "subject"), OPTIONAL):
        patient, study = normalised(row["patient_id"]), row.get("study_uid", "")
        names = Names(row["subject"], row.get("session") or None, number)
        if not patient:
            errors.append(f"line {number}: patient_id is empty")
        errors += [f"line {number}: {problem}" for problem in (*_label_problems(names), *demographics.problems(row))]
        before, line = subjects.setdefault(patient, (names.subject or "", number))
        if before != names.subject:
            errors.append(f"line {number}: the patient of line {line} has another subject there")
        if (study and (patient, study) in table.studies) or (not study and patient in table.patients):
            errors.append(f"line {number}: this patient{' and study' if study else ''} stands in a line above already")
        told = {name: text for name in DEMOGRAPHICS if (text := row.get(name))}
        of_session = table.told.setdefault(SessionId(names.subject or "", names.session or ""), {})
        of_session |= told | of_session
        if study:
            table.studies[patient, study] = names
        else:
            table.patients[patient] = names
    for (patient, _), names in table.studies.items():
        table.patients.setdefault(patient, Names(names.subject, line=names.line))
    if errors:
        raise TableError("subjects: " + "; ".join(errors))
    return table


def _label_problems(names: Names) -> Iterator[str]:
    for kind, prefix, label in (("subject", "sub-", names.subject), ("session", "ses-", names.session)):
        if label is not None and not LABEL.fullmatch(label):
            hint = f" (leave out {prefix})" if label.startswith(prefix) else ""
            yield f"the {kind} must be letters and digits, with at least one letter{hint}"
