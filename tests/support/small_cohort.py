"""The small cohort that the tests run on, and a run of the workflow on it."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from demo import make_cohort
from demo.make_cohort import Expected
from unface.run.settings import PROJECT

COARSE: dict[str, Any] = {
    "resolution_mm": 4,
    "noise_sessions": 0,
}
LENIENT: dict[str, Any] = {
    "brain_percent": 6,
    "gm_percent": 10,
    "wm_percent": 10,
    "csf_percent": 20,
    "region_percent": 60,
    "dice_min": 0.8,
}
"""Morphometry quick enough for tests of the workflow; what it finds has tests of its own."""
QUICK = {"inventory": {"jobs": 1}, "measure": COARSE, "compare": LENIENT}


@dataclass(frozen=True)
class Cohort:
    """A cohort of raw DICOM on disk.

    Attributes
    ----------
    dicom : Path
        Its folder; no test writes there.
    planted : tuple of str
        Strings that have to be found nowhere outside `restricted/`.
    expected : tuple of Expected
        How each session has to end.
    """

    dicom: Path
    planted: tuple[str, ...]
    expected: tuple[Expected, ...]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `make_cohort` left in a folder."""
        strings = (folder / make_cohort.PLANTED).read_text().splitlines()
        return cls(folder / "dicom", tuple(strings), tuple(make_cohort.read_expected(folder / make_cohort.EXPECTED)))


@dataclass(frozen=True)
class Run:
    """A working folder that Snakemake was started in, with results/ and .snakemake/ below it."""

    folder: Path
    cohort: Cohort
    project: Path = PROJECT

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def snakemake(
        self,
        *arguments: str,
        cores: int | None = 2,
        environment: Mapping[str, str] | None = None,
        umask: int = -1,
        **config: object,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake here on the cohort, output and errors in one; `config` adds settings."""
        with self.started(
            *arguments, cores=cores, environment=environment, umask=umask, stdout=subprocess.PIPE, **config
        ) as process:
            output, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    @contextmanager
    def started(
        self,
        *arguments: str,
        cores: int | None = 2,
        environment: Mapping[str, str] | None = None,
        umask: int = -1,
        stdout: int = subprocess.DEVNULL,
        **config: object,
    ) -> Iterator[subprocess.Popen[str]]:
        """Start Snakemake here on the cohort. A setting may be a value or its YAML."""
        settings = {"dicom_dir": str(self.cohort.dicom), "results_dir": "results", **QUICK, **config}
        settings = {key: yaml.safe_load(value) if isinstance(value, str) else value for key, value in settings.items()}
        command = [sys.executable, "-m", "snakemake", *arguments, "--directory", str(self.folder)]
        command += ["--snakefile", str(self.project / "Snakefile"), "--nocolor"]
        command += ["--cores", str(cores)] if cores else []
        # In a file, as --config turns the numbers of nested settings into words.
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            yaml.safe_dump(settings, file)
            file.flush()
            command += ["--configfile", file.name]
            with subprocess.Popen(
                command, stdout=stdout, stderr=subprocess.STDOUT, text=True, env=environment, umask=umask
            ) as process:
                yield process


def jobs_in(said: str) -> dict[str, int]:
    """The jobs by rule in what Snakemake said, without the targets that do nothing."""
    if "Nothing to be done" in said:
        return {}
    table = re.search(r"^Job stats:\n(.*?)\n\n", said, re.M | re.S)
    assert table, said
    rows = re.findall(r"^(\w+) +(\d+)$", table[1], re.M)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def planned(run: Run, *targets: str, **config: Any) -> dict[str, int]:
    """The jobs that Snakemake would run, by rule."""
    finished = run.snakemake("--dry-run", *targets, **config)
    assert finished.returncode == 0, finished.stdout
    return jobs_in(finished.stdout)


def contents(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def wait_for(what: Callable[[], object]) -> None:
    """Return once `what` is true; fail where that takes too long for any machine."""
    deadline = time.monotonic() + 300
    while not what():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        time.sleep(0.05)


def made_once(factory: pytest.TempPathFactory, worker_id: str, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker of pytest-xdist to ask for it makes, and that the others wait for."""
    shared = factory.getbasetemp() if worker_id == "master" else factory.getbasetemp().parent
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / f"{name}.made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (shared / f"{name}.made").touch()
    return folder
