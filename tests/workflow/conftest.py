"""One run of the whole workflow on the small cohort, shared by the tests of the workflow."""

import fcntl

import pytest

from small_cohort import Cohort, Run


@pytest.fixture(scope="session")
def small_run(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    """The small cohort, all the way: inventory, every stage, release and report. No test changes it."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    run = Run(shared / "small_run", cohort)
    # Several workers of pytest-xdist ask for it: the first makes it, the others wait.
    with (shared / "small_run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (run.folder / "finished").exists():
            run.folder.mkdir()
            for targets in (["inventory"], []):
                finished = run.snakemake(*targets)
                assert finished.returncode == 0, finished.stdout
            (run.folder / "finished").touch()
    return run
