"""What thousands of sessions cost the workflow itself: planning, reruns, jobs that only pass on, files kept.

    .venv/bin/python -m benchmarks.scale [--sessions 100 1000 10000] [--run 100] [--folder F]
    .venv/bin/python -m benchmarks.scale --whole [--folder F]
    .venv/bin/python -m benchmarks.scale --heavy 1 1000 [--head-every 20] [--cores 2] [--folder F]

An inventory of N sessions: up to 1,000 of them are real DICOM files, tiny and cut short, that `snakemake inventory`
reads; the rest are records like theirs. A session with a damaged file is withheld by its headers and passed on by every
later stage, so a whole state of N sessions can be made by the stages' own contract in minutes, with the record that
Snakemake keeps of each job. `--run` sessions go through Snakemake job by job. Writes its section of RESULTS.md, with
the curve.

`--whole` runs the demo's cohort of full-size heads and writes a section of its own: what is the workflow's own share of
the CPU, and what does a session keep?

`--heavy` takes so many sessions of tiny images through every tool instead, from raw files to the release, and writes a
section of its own: does a session of many cost what one of few does? Each has a bold run, and one in so many
(`--head-every`) a coarse T1w, which takes most of a minute.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from benchmarks.bench import ROOT
from benchmarks.sections import write_section
from demo import heads, make_cohort, series
from demo.person import Person
from tests.support.dicom_factory import small_grid, write_series
from tests.support.small_cohort import QUICK
from unface.admin.effort import cpu_seconds
from unface.inventory.records import SessionRecord
from unface.run import outcome
from unface.run.fingerprints import fingerprint, secret_of
from unface.run.layout import Layout
from unface.run.outcome import WithheldError, Work
from unface.run.sessions import SessionId
from unface.run.stages import STAGES, rule_of

REAL = 1000
"""Sessions of an inventory that are files; more would measure the inventory, which has a section of its own."""
HEAVY = ("convert", "deface", "measure-original", "measure-defaced")
"""The stages that are dcm2niix, registration and morphometry."""
JOBS_A_SESSION = len(STAGES) + 1
RECORDING = """
import runpy
import snakemake.cli
from snakemake.workflow import Workflow

def recorded(workflow, build=Workflow._build_dag):
    async def finished():
        for job in workflow.dag.jobs:
            if job.output:
                await workflow.persistence.finished(job)
    build(workflow)
    workflow.async_run(finished())

Workflow._build_dag = recorded
runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
"""
"""A Snakemake that records every job it plans as done: `--touch` leaves no records, and a rerun has to read them."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a command with its children and of itself, its peak memory in MB, and the jobs it named."""

    cpu_s: float
    own_cpu_s: float
    wall_s: float
    memory_mb: float
    jobs: int


def main(arguments: list[str]) -> None:
    """Measure every size and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--run", type=int, default=100, help="sessions that go through Snakemake job by job")
    parser.add_argument("--whole", action="store_true", help="the demo's cohort, and nothing else")
    parser.add_argument("--heavy", type=int, nargs="+", help="sessions that go through every tool, and nothing else")
    parser.add_argument("--head-every", type=int, default=1, help="one session in so many has a T1w (default: all)")
    parser.add_argument("--cores", type=int, default=1, help="for --heavy")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or Path(temporary)).resolve()
        if options.heavy:
            runs = [
                through_all_tools(folder / f"heavy{count}", count, options.head_every, options.cores)
                for count in options.heavy
            ]
            write_section(
                "Scale: whole runs of tiny images (benchmarks/scale.py --heavy)",
                tiny(runs, options.head_every, options.cores),
            )
            return
        if options.whole:
            write_section("Scale: the workflow's own share (benchmarks/scale.py --whole)", own_share(folder / "whole"))
            return
        rows = [measured(folder / f"n{count}", count) for count in options.sessions]
        passing = passed_on(folder / "run", options.run)
    text = "\n\n".join([planning(rows), running(options.run, passing)])
    write_section("Scale: thousands of sessions (benchmarks/scale.py)", text)


def measured(folder: Path, count: int) -> dict[str, object]:
    """Plan `count` sessions: none done, all done, one changed, ten more."""
    layout = cohort(folder, count)
    row: dict[str, object] = {"sessions": count, "inventory": snakemake(folder, "inventory")}
    grow(layout, count)
    row["new"] = snakemake(folder, "--dry-run", "--quiet")
    finish(layout)
    snakemake(folder, "--dry-run", "--quiet", program=("-c", RECORDING))
    row["none"] = snakemake(folder, "--quiet")
    first = layout.record(layout.read_sessions()[0])
    first.write_text(first.read_text() + "\n")
    row["one"] = snakemake(folder, "--dry-run", "--quiet", "rules")
    first.write_text(first.read_text()[:-1])
    grow(layout, count + 10)
    row["ten"] = snakemake(folder, "--dry-run", "--quiet", "rules")
    (folder / "unface.yaml").write_text("dicom_dir: raw\nresults_dir: results\n")
    row["status"] = timed([str(Path(sys.executable).with_name("unface")), "status"], folder)
    row["files"] = sum(path.is_file() for path in layout.stage("x", layout.read_sessions()[0]).parent.rglob("*"))
    print(row, flush=True)
    return row


def cohort(folder: Path, count: int) -> Layout:
    """Raw files of the real sessions of a cohort: series of one tiny slice each, cut short."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(min(count, REAL)):
        series = folder / "raw" / f"{number % 20}" / f"{number}"
        write_series(series, number, grid=small_grid(1, 8))
        for path in series.rglob("*"):
            if path.is_file():
                os.truncate(path, path.stat().st_size - 64)
    return Layout(folder / "results")


def grow(layout: Layout, count: int) -> None:
    """Add records like the first session's until there are `count` sessions."""
    sessions = layout.read_sessions()
    record = SessionRecord.read(layout.record(sessions[0]))
    row = layout.sessions.read_text(encoding="utf-8").splitlines()[1].split("\t")
    with layout.sessions.open("a", encoding="utf-8") as file:
        for number in range(len(sessions), count):
            subject = f"z{number:08d}q"
            replace(record, subject=subject, identity=f"patient:{number}").write(
                layout.record(SessionId(subject, record.session))
            )
            file.write("\t".join([subject, *row[1:]]) + "\n")


def finish(layout: Layout) -> None:
    """The state of a finished run in which every session was withheld, by the contract of the stages."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    fingerprints = {stage: fingerprint(config, stage, secret_of(layout)) for stage in STAGES}

    def damaged(work: Work) -> None:
        raise WithheldError("unreadable", "1 of 1 files: cut short")

    for names in layout.read_sessions():
        write(layout.identifiers(names), "{}\n")
        layout.clean_dicom(names).mkdir(parents=True)
        for stage in STAGES:
            files = {"deidentify": [layout.record(names)], "convert": [layout.record(names)]}.get(stage, [])
            files += [layout.identifiers(names)] if stage == "audit" else []
            outcome.run_stage(
                stage,
                names,
                damaged,
                layout=layout,
                fingerprint=fingerprints[stage],
                sources=STAGES[stage].sources,
                files=files,
            )
        for path in (layout.review(names), layout.review_card(names)):
            write(path, "a page\n")
    for path in (layout.verdicts, layout.summary_page, layout.header_survey, layout.review_index):
        write(path, "of the cohort\n")
    layout.review_turns.mkdir()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def through_all_tools(folder: Path, count: int, head_every: int, cores: int) -> tuple[Layout, Cost]:
    """Sessions of tiny images from DICOM to the release: dcm2niix, registration, morphometry, audit."""
    shutil.rmtree(folder, ignore_errors=True)
    for number in range(count):
        person = Person(number, "siemens", f"2019{1 + number % 12:02d}{1 + number % 28:02d}")
        visit = make_cohort.Visit(folder / "raw", person, make_cohort.SMALL, heads.anatomy(11 + number))
        if number % head_every == 0:
            visit.anat(2)
        visit.epi(4, series.BOLD)
    write(folder / "quick.yaml", yaml.safe_dump(QUICK))
    quick = ("--configfile", str(folder / "quick.yaml"))
    snakemake(folder, "inventory", *quick, cores=cores)
    cost = snakemake(folder, *quick, cores=cores)
    print(count, cost, flush=True)
    return Layout(folder / "results"), cost


def snakemake(folder: Path, *arguments: str, cores: int = 2, program: Sequence[str] = ("-m", "snakemake")) -> Cost:
    """Run Snakemake on the cohort in `folder`."""
    command = [sys.executable, *program, *arguments, "--snakefile", str(ROOT / "Snakefile")]
    command += ["--directory", str(folder), "--cores", str(cores), "--nocolor", "--config"]
    return timed([*command, "dicom_dir=raw", "results_dir=results"], folder)


def timed(command: Sequence[str], folder: Path) -> Cost:
    """Run a command to its end and say what it cost."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        own = [0.0]
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, own, ended))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        ended.set()
        watcher.join()
        output.seek(0)
        said = output.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    total = re.search(r"^total +(\d+)$", said, re.M)
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        own_cpu_s=own[0],
        wall_s=time.monotonic() - began,
        memory_mb=usage.ru_maxrss / 1024,
        jobs=int(total[1]) if total else 0,
    )


def _watch(pid: int, own: list[float], ended: threading.Event) -> None:
    """Note the CPU of a process itself, without its children, until it is gone."""
    ticks = os.sysconf("SC_CLK_TCK")
    while not ended.wait(0.2):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return
        own[0] = (int(fields[11]) + int(fields[12])) / ticks


def passed_on(folder: Path, count: int) -> Cost:
    """Sessions whose file is damaged, through every stage, job by job."""
    cohort(folder, count)
    snakemake(folder, "inventory")
    cost = snakemake(folder)
    print("run", cost, flush=True)
    return cost


def planning(rows: Sequence[dict[str, object]]) -> str:
    """What planning costs, by the number of sessions, and the curve."""
    columns = (("new", "all new"), ("none", "nothing to do"), ("one", "one changed"), ("ten", "10 more"))
    lines = [
        "| sessions | jobs | "
        + " | ".join(f"{title}: CPU s, MB" for _, title in columns)
        + " | CPU ms a job | unface status: CPU s |",
        "|---:|---:|" + "---:|" * (len(columns) + 2),
    ]
    for row in rows:
        costs = [row[name] for name, _ in columns]
        cells = [f"{cost.cpu_s:.1f}, {cost.memory_mb:.0f}" for cost in costs if isinstance(cost, Cost)]
        new, status, jobs = row["new"], row["status"], int(str(row["sessions"])) * JOBS_A_SESSION
        assert isinstance(new, Cost)
        assert isinstance(status, Cost)
        cells += [f"{new.cpu_s / jobs * 1000:.2f}", f"{status.cpu_s:.1f}"]
        lines.append(f"| {row['sessions']:,} | {jobs:,} | " + " | ".join(cells) + " |")
    counts = [row["new"] for row in rows]
    top = max(cost.cpu_s for cost in counts if isinstance(cost, Cost))
    curve = [
        f"{row['sessions']:>7,} | {'#' * max(1, round(60 * cost.cpu_s / top))} {cost.cpu_s:.1f} s"
        for row, cost in zip(rows, counts, strict=True)
        if isinstance(cost, Cost)
    ]
    changed = {
        f"{row['one'].jobs} and {row['ten'].jobs}": None
        for row in rows
        if isinstance(row["one"], Cost) and isinstance(row["ten"], Cost)
    }
    return (
        "`snakemake -n` of a cohort of which nothing is done; `snakemake` where all is done; `snakemake -n` after one "
        f"session's files changed and after ten more sessions were found (jobs planned: {', '.join(changed)}). One "
        "process, CPU seconds and peak memory.\n\n" + "\n".join(lines) + "\n\nAll new, CPU seconds:\n\n```\n"
        + "\n".join(curve) + "\n```"
    )  # fmt: skip


def running(count: int, cost: Cost) -> str:
    """What jobs cost that only pass on."""
    jobs = count * JOBS_A_SESSION + 3
    return (
        f"A run of {count} sessions that are withheld by their headers, {jobs} jobs on 2 cores: "
        f"{cost.own_cpu_s / jobs:.3f} CPU s a job in the controller, {(cost.cpu_s - cost.own_cpu_s) / jobs:.2f} CPU s "
        f"in the job itself (start of Python, imports, digests), {cost.wall_s:.0f} s by the clock."
    )


def tiny(runs: Sequence[tuple[Layout, Cost]], head_every: int, cores: int) -> str:
    """What whole runs of few and of many sessions came to and cost, a row each."""
    rules = stage_seconds(runs[0][0])
    lines = [
        "| sessions | with a head | released | withheld | by the clock, s a session | CPU s a session | "
        + " | ".join(rules)
        + " | controller: CPU s a job | memory, MB | files kept | MB kept |",
        "|---:|" + "---:|" * (9 + len(rules)),
    ]
    for layout, cost in runs:
        with layout.verdicts.open(encoding="utf-8", newline="") as file:
            verdicts = [row["verdict"] for row in csv.DictReader(file, delimiter="\t")]
        count = len(verdicts)
        cells: list[object] = [f"{count:,}", -(-count // head_every)]
        cells += [verdicts.count("released"), verdicts.count("withheld")]
        cells += [f"{cost.wall_s / count:.1f}", f"{cost.cpu_s / count:.1f}"]
        cells += [f"{value / count:.2f}" for value in stage_seconds(layout).values()]
        files, megabytes = kept(layout)
        cells += [f"{cost.own_cpu_s / (count * JOBS_A_SESSION):.3f}", f"{cost.memory_mb:.0f}"]
        cells += [f"{files:.0f}", f"{megabytes:.2f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return (
        "A bold run of 24 x 24 x 9 voxels and 4 volumes in each session, and a T1w of 60 x 84 x 84 voxels of 3 mm, "
        f"measured at 4 mm, in one of {head_every}: from raw DICOM through every tool and job to the release, on "
        f"{cores} cores. CPU seconds of the stages and what is kept are a session's; memory is the largest process's."
        "\n\n" + "\n".join(lines)
    )  # fmt: skip


def own_share(folder: Path) -> str:
    """Run the demo's cohort on one core: what the stages cost, and all that is no conversion, defacing, morphometry."""
    shutil.rmtree(folder, ignore_errors=True)
    make_cohort.make(folder / "raw")
    snakemake(folder, "inventory", cores=1)
    cost = snakemake(folder, cores=1)
    layout = Layout(folder / "results")
    seconds = stage_seconds(layout)
    heavy = sum(seconds[rule] for rule in {rule_of(stage) for stage in HEAVY})
    count = len(layout.read_sessions())
    shares = ", ".join(f"{rule} {value / count:.1f}" for rule, value in seconds.items())
    (files, megabytes), (few, small) = kept(layout), kept(layout, without=layout.clean_dicom().name)
    rest = 100 * (cost.cpu_s - heavy) / cost.cpu_s
    return (
        f"The demo's {count} sessions on one core: CPU seconds a session {shares}; {cost.cpu_s / count:.1f} in all, of "
        f"which the controller takes {cost.own_cpu_s / count:.1f}. All but conversion, defacing and morphometry is "
        f"{rest:.1f} % of the CPU. The work folders keep {files:.0f} files and {megabytes:.1f} MB a session, with "
        f"`keep_work: needed` {few:.0f} files and {small:.1f} MB."
    )


def stage_seconds(layout: Layout) -> dict[str, float]:
    """All CPU seconds of the jobs of each rule of a session."""
    rules = [*dict.fromkeys(map(rule_of, STAGES)), "review"]
    return {rule: sum(cpu_seconds(log) or 0 for log in layout.log(rule).parent.glob("*.log")) for rule in rules}


def kept(layout: Layout, without: str = "") -> tuple[float, float]:
    """How many files and megabytes the work folders keep a session, perhaps without the folders of one name."""
    files = [path for path in layout.work.rglob("*") if path.is_file() and without not in path.parts]
    count = len(layout.read_sessions())
    return len(files) / count, sum(file.stat().st_size for file in files) / count / 1e6


if __name__ == "__main__":
    main(sys.argv[1:])
