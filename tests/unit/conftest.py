"""The results folder that the tests of the report share."""

from pathlib import Path

import pytest

from tests.support.report_cohort import Cohort
from tests.support.small_cohort import made_once
from unface.run.layout import Layout
from unface.run.sessions import SessionId


@pytest.fixture(scope="session")
def report_cohort(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Cohort:
    """Three sessions that pass, one withheld while its headers are cleaned, one whose head does not align.

    No test changes it.
    """

    def make(folder: Path) -> None:
        made = Cohort(Layout(folder))
        for number in range(3):
            made.add(SessionId(f"ok{number}", "a1"), seed=number)
        made.add(SessionId("torn", "b1"), trouble="deidentify")
        made.add(SessionId("turned", "c1"), trouble="deface")

    cohort = Cohort(Layout(made_once(tmp_path_factory, worker_id, "report_cohort", make)))
    cohort.sessions += [SessionId(*folder.parts[-2:]) for folder in sorted(cohort.layout.work.glob("*/*"))]
    return cohort
