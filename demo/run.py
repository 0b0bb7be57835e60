"""Make the demo's cohort, run unface on it, and hold what came out against what was planted.

Called by `make demo`. Ends with status 0 if every session ended as it has to and no planted identifier left the
restricted folder.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from demo import leaks, make_cohort
from demo.make_cohort import Expected
from unface.admin.effort import clock
from unface.run.files import read_table
from unface.run.image_names import NIFTI, stem
from unface.run.layout import Layout
from unface.run.sessions import SessionId

PROJECT = Path(__file__).resolve().parents[1]
DEMO = Path("demo")


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="three sessions with coarse heads")
    parser.add_argument("--folder", type=Path, default=DEMO, help="where dicom/ and results/ go (default: demo)")
    options = parser.parse_args(arguments)
    folder = options.folder if options.folder.is_absolute() else PROJECT / options.folder
    started = time.monotonic()
    strings, expected = cohort(folder, small=options.small)
    results = folder / "results"
    for targets in (["inventory"], []):
        if status := snakemake(targets, folder / "dicom", results, options.cores):
            return status
    unmet = judge(results, expected)
    # Snakemake's own records lie where it was started: the project's root.
    files, found = leaks.search(strings, [results, PROJECT / ".snakemake"])
    print(f"\n{len(strings)} planted identifiers searched in {files} files outside restricted/: {len(found)} found")
    for path, _ in found:
        print(f"  an identifier stands in {path}")
    print(f"The demo took {clock(time.monotonic() - started)}")
    layout = Layout(results)
    print(f"Report: {layout.summary_page}\nRelease: {layout.release}")
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
    """Run Snakemake from the project's root; its exit status.

    On a terminal the workflow draws its progress; elsewhere Snakemake has lines for each job.
    """
    command = [sys.executable, "-m", "snakemake", *targets, "--cores", str(cores), "--quiet", "host", "reason"]
    places = {"dicom_dir": dicom, "results_dir": results}
    command += ["--config", *(f"{key}={_from_root(path)}" for key, path in places.items())]
    print(f"\nsnakemake {' '.join(targets)}".rstrip(), flush=True)
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


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


def ending(results: Path, outcome: Expected) -> tuple[SessionId, dict[str, str]]:
    """Labels of a planted session, by way of the restricted linkage, and its row of the verdicts."""
    layout = Layout(results)
    linked = [row for row in read_table(layout.linkage) if row["study_uid"] == outcome.study_uid]
    labels = SessionId(linked[0]["subject"], linked[0]["session"]) if linked else SessionId("", "")
    rows = [row for row in read_table(layout.verdicts) if (row["subject"], row["session"]) == labels]
    return labels, rows[0] if rows else {}


def mismatch(results: Path, outcome: Expected, labels: SessionId, verdict: dict[str, str]) -> str:
    """What is not as it has to be; empty if all is."""
    if verdict.get("verdict") != outcome.verdict:
        return f"it had to be {outcome.verdict}: {verdict.get('reasons', 'there is no verdict')}"
    if outcome.codes and not set(outcome.codes) & set(verdict["codes"].split(";")):
        return f"its reason had to be {' or '.join(outcome.codes)}"
    folder = Layout(results).release / labels.bids_folder
    suffixes = sorted(stem(path).rsplit("_", 1)[1] for path in folder.rglob(f"*{NIFTI}"))
    suffixes = [suffix for suffix in suffixes if suffix != "defacemask"]
    if suffixes != sorted(outcome.images):
        return f"it had to give {', '.join(sorted(outcome.images))}; it gave {', '.join(suffixes) or 'nothing'}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
