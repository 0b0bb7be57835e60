"""The workflow on a Slurm of three nodes, while a node and the controller die: the same bytes as on one machine, and no
identifier in what Slurm wrote."""

import shutil
from collections.abc import Iterator

import pytest

from demo import leaks
from tests.support.slurm import Cluster, missing
from tests.support.small_cohort import Run, contents, wait_for
from unface.run.files import read_table
from unface.run.settings import PROJECT

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

ON_SLURM = (
    *("--workflow-profile", str(PROJECT / "profiles" / "slurm-noacct"), "--jobs", "6"),
    *("--slurm-init-seconds-before-status-checks", "3", "--slurm-keep-successful-logs"),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("slurm"), nodes=3) as started:
        yield started


@pytest.fixture(scope="module")
def slurm_run(cluster: Cluster, small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small cohort, of whose three sessions one is to be withheld, through sbatch; with the key of the local run.

    During the run the daemon of a node is killed, and the controller; the same command goes on.
    """
    folder = tmp_path_factory.mktemp("slurm_run")
    run = Run(folder, small_run.cohort)
    run.results.joinpath("restricted").mkdir(mode=0o700, parents=True)
    shutil.copy(small_run.results / "restricted" / "key", run.results / "restricted" / "key")
    on_slurm = {"cores": None, "environment": cluster.environment}
    finished = run.snakemake("inventory", *ON_SLURM, **on_slurm)
    assert finished.returncode == 0, finished.stdout
    work = run.results / "restricted" / "work"
    with run.started("release", *ON_SLURM, **on_slurm) as controller:
        wait_for(lambda: list(work.glob("*/*/.deidentify.*")))
        cluster.kill_node("n1")
        wait_for(lambda: list(work.glob("*/*/.convert.*")))
        controller.kill()
    # Jobs of the dead controller still run, and Slurm gives those of the dead node to another one.
    finished = run.snakemake("release", *ON_SLURM, **on_slurm)
    assert finished.returncode == 0, finished.stdout
    assert "SLURM run ID" in finished.stdout
    return run


def test_slurm_and_one_machine_give_the_same_release(slurm_run: Run, small_run: Run) -> None:
    verdicts = [row["verdict"] for row in read_table(slurm_run.results / "report" / "release.tsv")]
    assert sorted(verdicts) == ["released", "released", "withheld"]
    on_slurm, local = (contents(run.results / "release") for run in (slurm_run, small_run))
    assert len(local) > 10
    assert on_slurm == local


def test_no_planted_identifier_stands_in_what_slurm_and_its_jobs_wrote(slurm_run: Run, cluster: Cluster) -> None:
    """Logs of jobs; names, comments and scripts of jobs in the state that the controller keeps; logs of daemons."""
    files, found = leaks.search(slurm_run.cohort.planted, [slurm_run.folder, cluster.folder])
    assert found == []
    assert files > 100
    assert list(slurm_run.folder.glob(".snakemake/slurm_logs/**/*.log"))
    state = (cluster.folder / "state" / "job_state").read_bytes()
    assert b"rule_deidentify" in state
