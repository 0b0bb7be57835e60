"""Machines, tools and files fail; the run goes on with one command, and its release is that of an undisturbed run.

Four sessions of one small bold run each: all stages run, the heavy ones with nothing to do.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from demo import heads, make_cohort, series
from demo.person import Person
from tests.support.dicom_factory import write_series
from tests.support.small_cohort import Cohort, Run, contents, made_once, wait_for
from unface.run.files import read_table

DISK_MB = 32
FILLS_MEMORY = """
import os
try:
    bytearray(5 * 2**30)
except MemoryError:
    os.abort()
"""
"""A tool that ends as those in C++ do where there is no more memory: a job of conversion may have 4 GB."""


@pytest.fixture(scope="session")
def bold_cohort(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Cohort:
    """Four sessions of four subjects, a bold run each."""

    def make(folder: Path) -> None:
        head = heads.anatomy(11)
        for number in range(4):
            person = Person(number, "siemens", f"2019{1 + number:02d}11")
            make_cohort.Visit(folder / "dicom", person, make_cohort.SMALL, head).epi(2, series.BOLD)

    return Cohort(made_once(tmp_path_factory, worker_id, "bold_cohort", make) / "dicom", (), ())


@pytest.fixture(scope="session")
def undisturbed(bold_cohort: Cohort, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Run:
    def make(folder: Path) -> None:
        for targets in (["inventory"], ["release"]):
            finished = Run(folder, bold_cohort).snakemake(*targets)
            assert finished.returncode == 0, finished.stdout

    return Run(made_once(tmp_path_factory, worker_id, "undisturbed", make), bold_cohort)


def inventoried(run: Run, undisturbed: Run) -> None:
    """Take the key of the undisturbed run and make the inventory."""
    (run.results / "restricted").mkdir(mode=0o700, parents=True)
    shutil.copy(undisturbed.results / "restricted" / "key", run.results / "restricted" / "key")
    finished = run.snakemake("inventory")
    assert finished.returncode == 0, finished.stdout


def assert_as_undisturbed(run: Run, undisturbed: Run) -> None:
    """The same release, and nothing left over of jobs that died."""
    released = contents(run.results / "release")
    assert len(released) > 10
    assert released == contents(undisturbed.results / "release")
    left = [
        path for path in run.results.rglob(".*") if path.name not in (".lock", ".snakemake_timestamp", ".bidsignore")
    ]
    assert left == []


def verdicts(run: Run) -> list[tuple[str, str]]:
    """Verdict and codes of each session."""
    return sorted((row["verdict"], row["codes"]) for row in read_table(run.results / "report" / "release.tsv"))


def jobs_of(controller: subprocess.Popen[str]) -> list[psutil.Process]:
    """The jobs that a controller on this machine runs at this moment."""
    try:
        return [
            child for child in psutil.Process(controller.pid).children() if ".snakemake/scripts" in str(child.cmdline())
        ]
    except psutil.Error:
        return []


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, of DISK_MB."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    mounted = (
        os.geteuid() == 0 and subprocess.run(["mount", *options], check=False, capture_output=True).returncode == 0
    )
    if not mounted:
        pytest.skip("a full disk cannot be tried here: mounting a tmpfs is not allowed")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_or_read_only_disk_stops_the_run_with_a_clear_word_and_it_goes_on_later(
    undisturbed: Run, tmp_path: Path
) -> None:
    run = Run(tmp_path, undisturbed.cohort)
    with small_disk(run.results):
        inventoried(run, undisturbed)
        ballast = run.results / "ballast"
        with ballast.open("wb", buffering=0) as file:
            file.write(bytes(DISK_MB * 2**20))
        full = run.snakemake("release")
        assert full.returncode != 0
        assert "No space left on device" in full.stdout
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(run.results)], check=True)
        read_only = run.snakemake("release")
        assert read_only.returncode != 0
        assert "Read-only file system" in read_only.stdout
        assert "Traceback" not in full.stdout + read_only.stdout
        subprocess.run(["mount", "-o", "remount,rw", str(run.results)], check=True)
        finished = run.snakemake("release")
        assert finished.returncode == 0, finished.stdout
        assert_as_undisturbed(run, undisturbed)


def test_results_among_the_raw_files_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "letter.txt").write_text("no image")
    finished = Run(tmp_path / "study", Cohort(raw, (), ())).snakemake("inventory", results_dir=str(raw / "out"))
    assert finished.returncode != 0
    assert "results_dir lies inside dicom_dir, which is only ever read" in finished.stdout
    assert [path.name for path in raw.iterdir()] == ["letter.txt"]


def test_every_run_says_at_its_end_what_the_inventory_could_not_read(tmp_path: Path) -> None:
    write_series(tmp_path / "raw" / "one", 0)
    (tmp_path / "raw" / "other.zip").write_bytes(b"PK\3\4 and no more")
    run = Run(tmp_path / "study", Cohort(tmp_path / "raw", (), ()))
    for target in ("inventory", "plan"):
        finished = run.snakemake(target)
        assert finished.returncode == 0, finished.stdout
        assert finished.stdout.count("1 archive cannot be read") == 1, target


def test_a_run_that_is_killed_again_and_again_gives_the_same_release(undisturbed: Run, tmp_path: Path) -> None:
    run = Run(tmp_path, undisturbed.cohort)
    inventoried(run, undisturbed)
    work = run.results / "restricted" / "work"
    with run.started("release") as controller:
        wait_for(lambda: jobs_of(controller))
        other = Run(tmp_path / "other", run.cohort).snakemake(results_dir=str(run.results))
        assert other.returncode != 0
        assert f"another snakemake works on {run.results} (process {controller.pid} on " in other.stdout
        wait_for(lambda: jobs_of(controller))
        jobs_of(controller)[0].kill()
        wait_for(lambda: list(work.glob("*/*/convert")) and jobs_of(controller))
        controller.kill()
    # The jobs of the dead controller may still be running.
    with run.started("release") as controller:
        wait_for(lambda: list(work.glob("*/*/audit")))
        controller.terminate()
    assert controller.returncode != 0
    finished = run.snakemake("release")
    assert finished.returncode == 0, finished.stdout
    assert_as_undisturbed(run, undisturbed)
    scripts = list((tmp_path / ".snakemake" / "scripts").iterdir())
    assert all(script.stat().st_size == 0 for script in scripts), "a script of a killed job holds the settings"


@dataclass(frozen=True)
class Tools:
    """A Python environment whose dcm2niix does to one session what `bad` says."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, bad: Mapping[str, str]) -> None:
        """`bad`: a shell command for the session whose subject's label stands in the arguments."""
        own = Path(sys.executable).parent.parent
        shutil.rmtree(self.folder, ignore_errors=True)
        self.python.parent.mkdir(parents=True)
        for program in (own / "bin").iterdir():
            (self.python.parent / program.name).symlink_to(program)
        shutil.copy(own / "pyvenv.cfg", self.folder)
        packages = Path(sysconfig.get_path("purelib"))
        target = self.folder / packages.relative_to(own)
        target.parent.mkdir(parents=True)
        target.symlink_to(packages)
        cases = "".join(f"*/{subject}/*) {command} ;;\n" for subject, command in bad.items())
        tool = self.python.parent / "dcm2niix"
        tool.unlink()
        tool.write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\nexec {own / "bin" / "dcm2niix"} "$@"\n')
        tool.chmod(0o755)


def test_bad_sessions_are_withheld_and_stop_no_other_and_can_be_tried_again(
    undisturbed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "raw"
    shutil.copytree(undisturbed.cohort.dicom, raw)
    run = Run(tmp_path / "run", Cohort(raw, (), ()))
    run.folder.mkdir()
    inventoried(run, undisturbed)
    vanished, changed = (sorted(raw.rglob("*.dcm"))[place] for place in (0, -1))
    vanished.rename(tmp_path / "away")
    before = changed.stat()
    os.utime(changed)
    subjects = linked(run)
    filling, hanging = (subjects[path.parents[2].name.split("_")[1]] for path in (changed, vanished))
    killed = next(label for label in subjects.values() if label not in (filling, hanging))
    tools = Tools(tmp_path / "env")
    # What the kernel does where memory runs out, and what the time limit of a job does: the job gets no last word.
    tools.install({killed: "kill -KILL $PPID $$"})
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tools.python))
        finished = run.snakemake("release")
    assert finished.returncode == 0, finished.stdout
    assert verdicts(run) == [
        ("released", ""),
        ("withheld", "input_changed"),
        ("withheld", "input_missing"),
        ("withheld", "job_failed"),
    ]
    (tmp_path / "away").rename(vanished)
    os.utime(changed, ns=(before.st_atime_ns, before.st_mtime_ns))
    good = next(label for label in subjects.values() if (run.results / "release" / f"sub-{label}").exists())
    damaged = next((run.results / "restricted" / "work" / good).glob("*/deface/outcome.json"))
    os.truncate(damaged, damaged.stat().st_size // 2)
    # At the second try the tool crashes by itself, fills memory, or hangs until its job's time is over; then it works.
    hung = tmp_path / "hung"
    tools.install(
        {
            killed: "kill -SEGV $$",
            filling: f'exec {sys.executable} -c "{FILLS_MEMORY}"',
            hanging: f"[ -e {hung} ] || {{ touch {hung}; exec sleep 3600; }}",
        }
    )
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(tools.python))
        try_again(run, "--set-resources", "convert:runtime=1")
    assert hung.exists()
    assert verdicts(run) == [*[("released", "")] * 2, *[("withheld", "tool_crashed")] * 2]
    assert (damaged.parents[1] / "convert" / "outcome.json").exists()
    try_again(run)
    assert_as_undisturbed(run, undisturbed)


def try_again(run: Run, *arguments: str) -> None:
    for targets in (["retry"], ["release"]):
        finished = run.snakemake(*targets, *arguments)
        assert finished.returncode == 0, finished.stdout


def linked(run: Run) -> dict[str, str]:
    """Label by patient's ID."""
    return {row["patient_id"]: row["subject"] for row in read_table(run.results / "restricted" / "linkage.tsv")}


def test_a_job_that_hangs_or_fills_memory_ends_alone() -> None:
    """Where it hangs in native code, no exception would reach it."""
    for work, ended in (
        ("time.sleep(60)", lambda done: done.returncode == -signal.SIGALRM),
        ("bytearray(2**30)", lambda done: "MemoryError" in done.stderr),
    ):
        program = f"import time; from unface.run.limits import limit; limit(minutes=0.02, memory_mb=256); {work}"
        scripts = str(Path(__file__).resolve().parents[2] / "scripts")
        done = subprocess.run(
            [sys.executable, "-c", program],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": scripts},
        )
        assert ended(done), done
