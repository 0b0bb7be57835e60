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
class GivenLabels:
    """The labels that a project gives a patient, or a study of theirs; None where it gives none."""

    subject: str | None = None
    session: str | None = None
    line: int = 0
    """Where the table says so."""


@dataclass(frozen=True)
class SubjectTable:
    """Labels by normalised patient ID, and by study where the table names studies."""

    patients: dict[str, GivenLabels]
    studies: dict[tuple[str, str], GivenLabels]
    told: dict[SessionId, dict[str, str]]
    """The columns `sex` and `age` by labels of subject and session; the session is empty in a row for all of them."""

    def demographics(self, session: SessionId) -> dict[str, str]:
        """What the table says of a subject's sex and age.

        Parameters
        ----------
        session
            Labels that the table gives.

        Returns
        -------
        dict
            `sex` and `age`, as far as it says; a row of the session goes before one for all of them.
        """
        return self.told.get(SessionId(session.subject, ""), {}) | self.told.get(session, {})

    def labels(self, patient: str, study: str) -> GivenLabels:
        """The labels of a study.

        Parameters
        ----------
        patient
            Normalised patient ID.
        study
            StudyInstanceUID.

        Returns
        -------
        GivenLabels
            Of the study's own row, else of the patient's; without any where the table does not say.
        """
        return self.studies.get((patient, study)) or self.patients.get(patient) or GivenLabels()


def read_subjects(path: Path | None) -> SubjectTable:
    """Read and check the table.

    Parameters
    ----------
    path
        Where it lies; None where there is none.

    Returns
    -------
    SubjectTable
        Empty where there is none.

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
        labels = GivenLabels(row["subject"], row.get("session") or None, number)
        if not patient:
            errors.append(f"line {number}: patient_id is empty")
        errors += [f"line {number}: {problem}" for problem in (*_label_problems(labels), *demographics.problems(row))]
        before, line = subjects.setdefault(patient, (labels.subject or "", number))
        if before != labels.subject:
            errors.append(f"line {number}: the patient of line {line} has another subject there")
        if (study and (patient, study) in table.studies) or (not study and patient in table.patients):
            errors.append(f"line {number}: this patient{' and study' if study else ''} stands in a line above already")
        told = {name: text for name in DEMOGRAPHICS if (text := row.get(name))}
        of_session = table.told.setdefault(SessionId(labels.subject or "", labels.session or ""), {})
        of_session |= told | of_session
        if study:
            table.studies[patient, study] = labels
        else:
            table.patients[patient] = labels
    for (patient, _), labels in table.studies.items():
        table.patients.setdefault(patient, GivenLabels(labels.subject, line=labels.line))
    if errors:
        raise TableError("subjects: " + "; ".join(errors))
    return table


def _label_problems(labels: GivenLabels) -> Iterator[str]:
    for kind, prefix, label in (("subject", "sub-", labels.subject), ("session", "ses-", labels.session)):
        if label is not None and not LABEL.fullmatch(label):
            hint = f" (leave out {prefix})" if label.startswith(prefix) else ""
            yield f"the {kind} must be letters and digits{hint}"
