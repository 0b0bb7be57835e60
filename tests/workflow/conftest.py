"""One run of the whole workflow on the small cohort, shared by the tests of the workflow."""

from pathlib import Path

import pytest

from small_cohort import Cohort, Run, made_once


@pytest.fixture(scope="session")
def small_run(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    """The small cohort, all the way: inventory, every stage, release and report. No test changes it."""

    def make(folder: Path) -> None:
        for targets in (["inventory"], []):
            finished = Run(folder, cohort).snakemake(*targets)
            assert finished.returncode == 0, finished.stdout

    return Run(made_once(tmp_path_factory, worker_id, "small_run", make), cohort)
