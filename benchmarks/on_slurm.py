"""The demo on one machine and on a Slurm of four nodes: one and the same release?

    sudo .venv/bin/python -m benchmarks.on_slurm [folder]

Needs root and the Debian packages munge, slurmctld, slurmd and slurm-client, from which it starts a Slurm of its own.
A demo that stands in the folder already is taken as it is. Writes its section of RESULTS.md.
"""

import filecmp
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.bench import ROOT
from benchmarks.sections import write_section
from demo import leaks, make_cohort
from tests.support.slurm import Cluster, missing

NODES = 4


def main(arguments: list[str]) -> int:
    """Run the demo twice, compare; 1 if the releases differ or an identifier left."""
    if why := missing():
        sys.exit(why)
    folder = Path(arguments[0] if arguments else ROOT / "demo").resolve()
    local, on_slurm = folder / "results", folder / "results_slurm"
    if not (local / "release").exists():
        subprocess.run([sys.executable, "-m", "demo.run", "--folder", folder], cwd=ROOT, check=True)
    shutil.rmtree(on_slurm, ignore_errors=True)
    (on_slurm / "restricted").mkdir(mode=0o700, parents=True)
    shutil.copy(local / "restricted" / "key", on_slurm / "restricted" / "key")
    with tempfile.TemporaryDirectory() as name:
        slurm = Path(name)
        with Cluster(slurm, NODES) as cluster:
            seconds, cpu, handed_in = run(cluster, folder, on_slurm)
        planted = (folder / make_cohort.PLANTED).read_text().splitlines()
        searched, found = leaks.search(planted, [on_slurm, ROOT / ".snakemake", slurm])
    files, different = compared(local / "release", on_slurm / "release")
    apart = median(after - before for before, after in pairwise(handed_in))
    write_section(
        "Slurm: the demo on four nodes and on one machine (benchmarks/on_slurm.py)",
        f"{len(handed_in)} Slurm jobs on {NODES} nodes of 2 CPUs (all on one machine of {os.cpu_count()} CPUs) in "
        f"{seconds:.0f} s; the controller took {cpu / len(handed_in):.2f} s of CPU a job. From one job that is handed "
        f"in to the next: {apart:.2f} s (median). {files} files in both releases, {len(different)} differ. "
        f"{len(planted)} planted identifiers were searched in {searched} files that Snakemake, Slurm and the tools "
        f"wrote outside `restricted/`: {len(found)} found.",
    )
    print(*different, *found, sep="\n")
    return 1 if different or found else 0


def run(cluster: Cluster, folder: Path, results: Path) -> tuple[float, float, list[float]]:
    """Inventory and run on the cluster: seconds, CPU seconds of the controller, when each job was handed in."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    handed_in = []
    for target in (["inventory"], []):
        command = [sys.executable, "-m", "snakemake", *target, "--nocolor"]
        command += ["--workflow-profile", "profiles/slurm-noacct", "--slurm-init-seconds-before-status-checks", "5"]
        command += ["--config", f"dicom_dir={folder / 'dicom'}", f"results_dir={results}"]
        with subprocess.Popen(
            command, cwd=ROOT, env=cluster.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                if "has been submitted with SLURM jobid" in line:
                    handed_in.append(time.monotonic())
        if process.returncode:
            sys.exit(process.returncode)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, cpu, handed_in


def compared(first: Path, second: Path) -> tuple[int, list[str]]:
    """How many files both releases hold, and the names that differ or that one of them lacks."""
    names = [{str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()} for root in (first, second)]
    both = sorted(names[0] & names[1])
    _, mismatch, errors = filecmp.cmpfiles(first, second, both, shallow=False)
    return len(both), sorted(names[0] ^ names[1]) + mismatch + errors


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
