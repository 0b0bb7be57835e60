"""What de-identification leaves for later stages."""

import json
from pathlib import Path

from unface.identity import identifiers
from unface.identity.ages import OLDEST_YEARS, in_years
from unface.run.files import NOT_AVAILABLE
from unface.run.layout import Layout
from unface.run.sessions import SessionId

CLEAN_DICOM = "dicom"
"""The folder of the clean images, with one folder for each series."""
SEXES = {"F": "female", "M": "male", "O": "other"}


def characteristics(layout: Layout, session: SessionId) -> dict[str, str]:
    """Read sex and age as a session's de-identified headers have them: (0010,0040) and (0010,1010).

    Parameters
    ----------
    layout
        Where everything of the run lies.
    session
        The session.

    Returns
    -------
    dict of str to str
        `sex` (`F`, `M` or `O`) and `age` (years, as a number), each `n/a` where it is not known.
    """
    noted = layout.stage("deidentify", session) / "patient.json"
    header = json.loads(noted.read_text(encoding="utf-8")) if noted.exists() else {}
    sex, age = header.get("PatientSex", ""), header.get("PatientAge", "")
    years = in_years(age)
    return {
        "sex": sex if sex in SEXES else NOT_AVAILABLE,
        "age": NOT_AVAILABLE if years is None else str(min(int(years), OLDEST_YEARS)),
    }


def leave_identifiers(path: Path) -> None:
    """Leave a session without identifiers where its stage left none: it was stopped before its headers were read.

    So the rule's output is always there; nothing of such a session is converted, and the audit never sees it.

    Parameters
    ----------
    path
        Where the session's identifiers lie.
    """
    if not path.exists():
        identifiers.write_identifiers(path, {})
