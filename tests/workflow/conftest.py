"""Two runs of the whole workflow on the small cohort, shared by the tests of the workflow."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.small_cohort import Cohort, Run, made_once
from tests.support.watch import MADE_IN_TMP, made_in


@pytest.fixture(scope="session")
def small_run(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    """The small cohort, all the way: inventory, every stage, release and report. No test changes it."""

    def make(folder: Path) -> None:
        for targets in (["inventory"], []):
            finished = Run(folder, cohort).snakemake(*targets, umask=0o077)
            assert finished.returncode == 0, finished.stdout

    return Run(made_once(tmp_path_factory, worker_id, "small_run", make), cohort)


@pytest.fixture(scope="session")
def second_run(small_run: Run, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    """The same with the same key, on one core, open to all by its umask, and with a watch on TMPDIR.

    In a folder with a name of which programs make much: an extension amid it, brackets, commas, a format.
    """

    def make(folder: Path) -> None:
        run = Run(folder, small_run.cohort)
        (run.results / "restricted").mkdir(parents=True)
        shutil.copy(small_run.results / "restricted" / "key", run.results / "restricted" / "key")
        temporary = folder / "tmp"
        temporary.mkdir()
        with made_in(temporary) as names:
            for targets in (["inventory"], []):
                environment = {**os.environ, "TMPDIR": str(temporary)}
                finished = run.snakemake(*targets, cores=1, umask=0, environment=environment)
                assert finished.returncode == 0, finished.stdout
        (folder / MADE_IN_TMP).write_text("\n".join(names))

    return Run(made_once(tmp_path_factory, worker_id, "second run, [x] 50%d é.h5", make), small_run.cohort)
