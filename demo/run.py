"""Make the demo's cohort, run unface on it, and hold what came out against what was planted.

Called by `make demo`. Ends with status 0 if every session ended as it has to and no planted identifier left the
restricted folder.
"""

import argparse
import csv
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import leaks
import make_cohort
from make_cohort import Expected

PROJECT = Path(__file__).resolve().parents[1]
DEMO = Path("demo")


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="four sessions with coarse heads")
    parser.add_argument("--folder", type=Path, default=DEMO, help="where dicom/ and results/ go (default: demo)")
    options = parser.parse_args(arguments)
    folder = options.folder if options.folder.is_absolute() else PROJECT / options.folder
    started = time.monotonic()
    strings, expected = cohort(folder, small=options.small)
    results = folder / "results"
    for targets in (["inventory"], []):
        status = snakemake(targets, folder / "dicom", results, options.cores)
        if status:
            return status
        print((results / "summary.txt").read_text())
    unmet = judge(results, expected)
    # Snakemake's own records lie where it was started: the project's root.
    files, found = leaks.search(strings, [results, PROJECT / ".snakemake"])
    print(f"\n{len(strings)} planted identifiers searched in {files} files outside restricted/: {len(found)} found")
    for path, _ in found:
        print(f"  an identifier stands in {path}")
    print(f"The demo took {_clock(time.monotonic() - started)}")
    return 1 if unmet or found else 0


def cohort(folder: Path, *, small: bool) -> tuple[list[str], list[Expected]]:
    """The demo's raw DICOM in folder/dicom; made if it is not there.

    Returns
    -------
    planted strings, expected outcomes
    """
    dicom, strings, expected = (folder / name for name in ("dicom", make_cohort.PLANTED, make_cohort.EXPECTED))
    if not (dicom.exists() and strings.exists() and expected.exists()):
        print("Making the cohort: heads, headers and trouble (half a minute)", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        make_cohort.main([str(dicom), *(["--small"] if small else [])])
    return strings.read_text().splitlines(), make_cohort.read_expected(expected)


def snakemake(targets: Sequence[str], dicom: Path, results: Path, cores: int) -> int:
    """Run Snakemake from the project's root and show one line for each finished step; its exit status."""
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores), "--nocolor"]
    command += [
        "--config",
        *(f"{key}={_from_root(path)}" for key, path in (("dicom_dir", dicom), ("results_dir", results))),
    ]
    print(f"snakemake {' '.join(targets)}".strip(), flush=True)
    started = time.monotonic()
    lines: list[str] = []
    sessions: dict[str, str] = {}
    step = job = ""
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if match := re.match(r"    jobid: (\d+)", line):
                job = match[1]
            elif match := re.match(r"    wildcards: subject=(\w+), session=(\w+)(?:, image=(\w+))?", line):
                sessions[job] = f"{match[1]}_{match[2]} {match[3] or ''}"
            elif match := re.match(r"Finished jobid: (\d+) \(Rule: (\w+)\)", line):
                step = f"{match[2].replace('_', ' '):16} {sessions.get(match[1], '')}"
            elif match := re.match(r"(\d+) of (\d+) steps \((\d+)%\) done", line):
                at = _clock(time.monotonic() - started)
                print(f"  {at}  {int(match[1]):3} of {match[2]}  {step}".rstrip(), flush=True)
            elif line.startswith("Error in rule"):
                print(f"  {line.strip()}", flush=True)
    if process.returncode:
        print("".join(lines[-60:]), file=sys.stderr)
    return process.returncode


def _from_root(path: Path) -> Path:
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


def judge(results: Path, expected: Sequence[Expected]) -> int:
    """Print how each session ended beside what was planted in it; the number that ended otherwise."""
    print("What was planted, and what became of it:")
    unmet = 0
    for outcome in expected:
        labels, verdict = ending(results, outcome)
        problem = mismatch(results, outcome, labels, verdict)
        unmet += bool(problem)
        ended = verdict.get("verdict", "nothing") + (f" ({verdict['codes']})" if verdict.get("codes") else "")
        planted = outcome.trouble or "no trouble"
        print(f"  {'NO ' if problem else 'yes'}  {'_'.join(labels):20} {ended:36} {planted}")
        if problem:
            print(f"       {problem}")
    return unmet


def ending(results: Path, outcome: Expected) -> tuple[tuple[str, str], dict[str, str]]:
    """Labels of a planted session, by way of the restricted linkage, and its row of the verdicts."""
    linked = [row for row in _rows(results / "restricted" / "linkage.tsv") if row["study_uid"] == outcome.study_uid]
    labels = (linked[0]["subject"], linked[0]["session"]) if linked else ("", "")
    rows = [row for row in _rows(results / "report" / "release.tsv") if (row["subject"], row["session"]) == labels]
    return labels, rows[0] if rows else {}


def mismatch(results: Path, outcome: Expected, labels: tuple[str, str], verdict: dict[str, str]) -> str:
    """What is not as it has to be; empty if all is."""
    if verdict.get("verdict") != outcome.verdict:
        return f"it had to be {outcome.verdict}: {verdict.get('reasons', 'there is no verdict')}"
    if outcome.codes and not set(outcome.codes) & set(verdict["codes"].split(";")):
        return f"its reason had to be {' or '.join(outcome.codes)}"
    folder = results / "release" / f"sub-{labels[0]}" / f"ses-{labels[1]}"
    released = sorted(path.name for path in folder.rglob("*.nii.gz") if "defacemask" not in path.name)
    suffixes = sorted(name.removesuffix(".nii.gz").rsplit("_", 1)[1] for name in released)
    if suffixes != sorted(outcome.images):
        return f"it had to give {', '.join(sorted(outcome.images))}; it gave {', '.join(suffixes) or 'nothing'}"
    return ""


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


if __name__ == "__main__":
    sys.exit(main())
