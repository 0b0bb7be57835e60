"""The results folder that the tests of the report share."""

import pytest

from tests.support.report_cohort import Cohort
from unface.run.layout import Layout
from unface.run.sessions import SessionId


@pytest.fixture(scope="session")
def report_cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Three sessions that pass, one withheld while its headers are cleaned, one whose head does not align."""
    cohort = Cohort(Layout(tmp_path_factory.mktemp("results")))
    for number in range(3):
        cohort.add(SessionId(f"ok{number}", "a1"), seed=number)
    cohort.add(SessionId("torn", "b1"), trouble="deidentify")
    cohort.add(SessionId("turned", "c1"), trouble="deface")
    return cohort
