"""What de-identification leaves for later stages."""

import json

from unface.identity.ages import OLDEST_YEARS, in_years
from unface.run.files import NOT_AVAILABLE
from unface.run.layout import Layout
from unface.run.sessions import SessionId

SEXES = {"F": "female", "M": "male", "O": "other"}


def characteristics(layout: Layout, session: SessionId) -> dict[str, str]:
    """Sex and age as a session's de-identified headers have them: (0010,0040) and (0010,1010)."""
    noted = layout.stage("deidentify", session) / "patient.json"
    header = json.loads(noted.read_text(encoding="utf-8")) if noted.exists() else {}
    sex, age = header.get("PatientSex", ""), header.get("PatientAge", "")
    years = in_years(age)
    return {
        "sex": sex if sex in SEXES else NOT_AVAILABLE,
        "age": NOT_AVAILABLE if years is None else str(min(int(years), OLDEST_YEARS)),
    }
