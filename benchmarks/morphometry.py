"""How true are the brain volumes, how much does nothing change them, and how much does defacing?

`python -m benchmarks.morphometry [--heads NAME ...] [--phantoms N]`

*Phantoms* are brains whose volumes are known: nilearn's tissue maps made into labels, warped by known smooth fields,
given the intensities, noise and bias field of a T1w image and put into the head of pydeface's template. They give the
engine's bias; with 2, 5 and 10 % of one region's grey matter turned to CSF at its surface, and with a cut through the
temporal pole, they give what the comparison finds. *Heads* are the scanner sets that are at hand: defaced by the stage
itself, moved by half a voxel, and measured twice, the second time with an environment that asks for other threads.
Every measurement is a process of its own. Writes its section of RESULTS.md.
"""

import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import yaml

from benchmarks.bench import ROOT, head_image
from benchmarks.sections import write_section
from tests.support.brain_phantom import Phantom
from unface.compare import compare
from unface.compare.records import AGREEMENT
from unface.deface.deface import deface_session
from unface.measure import records
from unface.measure.measure import measure_session
from unface.run import settings
from unface.run.files import NOT_AVAILABLE, read_table
from unface.run.image_names import NIFTI
from unface.run.outcome import Work
from unface.run.sessions import SessionId

HEADS = {"philips": "philips", "uih": "uih", "trio": "trio T1w", "xa30": "xa30"}
"""Names here, and those of `bench.SERIES`."""
ATROPHIED = "left middle temporal"
ATROPHY_PERCENT = (2, 5, 10)
IMAGE = SessionId("a", "b").bids_folder / "anat" / "sub-a_ses-b_T1w.nii.gz"
OTHER_THREADS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "2"}


def measure(images: Path, folder: Path, moved: bool = False) -> tuple[float, float]:
    """Measure a BIDS tree of one session into a folder; CPU seconds and peak memory in MB."""
    chosen = settings.Measure.of(yaml.safe_load((ROOT / "config.yaml").read_text())["measure"])
    measure_session(_work("measure-original", folder), images, chosen, moved=moved)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # Not ru_maxrss: that begins with what the parent had.
    peak_kb = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak_kb is not None
    return sum(one.ru_utime + one.ru_stime for one in used), int(peak_kb[1]) / 1024


def measured(images: Path, folder: Path, moved: bool = False, **environment: str) -> tuple[float, float]:
    """The same in a process of its own, started with an environment."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(measure, images, folder, moved).result()
    finally:
        os.environ.clear()
        os.environ.update(before)


def compared(original: Path, other: Path, folder: Path) -> list[dict[str, str]]:
    """The rows of the comparison of two measurements, against the limits of config.yaml."""
    limits = settings.Compare.of(yaml.safe_load((ROOT / "config.yaml").read_text())["compare"])
    compare.compare_session(_work("compare", folder), original, other, limits)
    return read_table(folder / AGREEMENT)


def _work(stage: str, folder: Path) -> Work:
    work = Work(stage, SessionId("a", "b"), folder)
    work.scratch.mkdir(parents=True)
    return work


def _tree(folder: Path, data: Any, affine: Any) -> Path:
    (folder / IMAGE).parent.mkdir(parents=True)
    nib.save(nib.Nifti1Image(data, affine), folder / IMAGE)
    return folder


def _values(folder: Path) -> dict[tuple[str, str], float]:
    return {(row["measure"], row["region"]): float(row["value"]) for row in read_table(folder / records.MEASURES)}


def _percent(rows: list[dict[str, str]]) -> dict[tuple[str, str], float]:
    return {(row["measure"], row["region"]): float(row["percent"]) for row in rows if row["percent"] != NOT_AVAILABLE}


def phantom(seed: int, folder: Path) -> dict[str, Any]:
    """All measurements of one phantom."""
    brain = Phantom(seed)
    plain = brain.image(brain.tissue)
    images = {"original": plain, "cut": brain.cut(plain)}
    images |= {f"atrophy {percent} %": brain.image(brain.atrophied(ATROPHIED, percent)) for percent in ATROPHY_PERCENT}
    found: dict[str, Any] = {"name": f"phantom {seed}", "costs": []}
    for name, data in images.items():
        found["costs"].append(measured(_tree(folder / "in" / name, data, brain.affine), folder / name))
        print(found["name"], name, found["costs"][-1], flush=True)
    found["costs"].append(measured(folder / "in" / "original", folder / "shifted", True))
    truth, values = brain.truth_ml(), _values(folder / "original")
    found["bias"] = {key: 100 * (values[key] / true - 1) for key, true in truth.items() if true}
    found["rows"] = {
        name: compared(folder / "original", folder / name, folder / f"{name} compared")
        for name in (*list(images)[1:], "shifted")
    }
    return found


def head(name: str, image: Path, folder: Path) -> dict[str, Any]:
    """All measurements of one real head."""
    whole: Any = nib.load(image)
    converted = folder / "convert"
    (converted / "bids" / IMAGE).parent.mkdir(parents=True)
    (converted / "bids" / IMAGE).write_bytes(image.read_bytes())
    chosen = settings.Deface.of(yaml.safe_load((ROOT / "config.yaml").read_text())["deface"])
    work = _work("deface", folder / "deface")
    deface_session(work, converted, chosen)
    print(name, whole.shape, [reason.sentence for reason in work.reasons], flush=True)
    found: dict[str, Any] = {"name": name, "costs": []}
    for kind, images, environment in (
        ("original", converted, {}),
        ("repeat", converted, OTHER_THREADS),
        ("shifted", converted, {}),
        ("without face", folder / "deface", {}),
    ):
        found["costs"].append(measured(images / "bids", folder / kind, kind == "shifted", **environment))
        print(name, kind, found["costs"][-1], flush=True)
    found["rows"] = {
        kind: compared(folder / "original", folder / kind, folder / f"{kind} compared")
        for kind in ("repeat", "shifted", "without face")
    }
    return found


def heads(wanted: list[str], folder: Path) -> Iterator[tuple[str, Path]]:
    """T1w images of the scanner sets that are at hand."""
    for name, series in HEADS.items():
        if not wanted or name in wanted:
            image = head_image(series, folder / f"{name} raw", NIFTI)
            if image:
                yield name, image


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--heads", nargs="*", default=[])
    parser.add_argument("--phantoms", type=int, default=2)
    parser.add_argument("--results", type=Path, help="a JSON file to keep measurements in and to add to")
    chosen = parser.parse_args(arguments)
    done: list[dict[str, Any]] = []
    if chosen.results and chosen.results.exists():
        done = json.loads(chosen.results.read_text(), object_hook=None)
    known = {one["name"] for one in done}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(1, chosen.phantoms + 1):
            if f"phantom {seed}" not in known:
                result = phantom(seed, Path(scratch) / f"phantom{seed}")
                result["bias"] = [[*key, value] for key, value in result["bias"].items()]
                _keep(done, result, chosen.results)
        if chosen.heads != ["none"]:
            for name, image in heads([name for name in chosen.heads if name not in known], Path(scratch)):
                if name not in known:
                    _keep(done, head(name, image, Path(scratch) / name), chosen.results)
    write_section("Morphometry: truth, noise and defacing (benchmarks/morphometry.py)", report(done))
    return 0


def _keep(done: list[dict[str, Any]], result: dict[str, Any], path: Path | None) -> None:
    done.append(result)
    if path:
        path.write_text(json.dumps(done))


def report(done: list[dict[str, Any]]) -> str:
    """The section of RESULTS.md."""
    phantoms = [one for one in done if "bias" in one]
    real = [one for one in done if "bias" not in one]
    costs = np.array([cost for one in done for cost in one["costs"]])
    voxel = yaml.safe_load((ROOT / "config.yaml").read_text())["measure"]["resolution_mm"]
    lines = [
        f"{len(phantoms)} phantoms and {len(real)} heads of the scanner sets, at {voxel:g} mm, "
        f"{len(costs)} measurements. CPU of one: median {np.median(costs[:, 0]):.0f} s, "
        f"largest {costs[:, 0].max():.0f} s; memory: largest "
        f"{costs[:, 1].max():.0f} MB.",
        "",
    ]
    if phantoms:
        lines += ["Bias of the engine: measured against known volumes, %.", "", *_bias_table(phantoms), ""]
        lines += _findings(phantoms)
    if real:
        lines += ["", *_change_tables(real)]
    return "\n".join(lines)


WHOLE = ("icv", "brain", "gm", "wm", "csf")


def _bias_table(phantoms: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"| phantom | {' | '.join(WHOLE)} | regions, median | regions, 5th to 95th percentile |",
        "|---|" + "---:|" * (len(WHOLE) + 2),
    ]
    for one in phantoms:
        bias = {(measure, region): value for measure, region, value in one["bias"]}
        parts = [value for (_, region), value in bias.items() if region]
        low, middle, high = np.percentile(parts, (5, 50, 95))
        whole = " | ".join(f"{bias[name, '']:+.1f}" for name in WHOLE)
        lines.append(f"| {one['name']} | {whole} | {middle:+.1f} | {low:+.1f} to {high:+.1f} |")
    return lines


def _findings(phantoms: list[dict[str, Any]]) -> list[str]:
    """What the comparison finds of what was done to the phantoms."""
    floor = {
        key: float(np.sqrt(np.mean([_percent(one["rows"]["shifted"])[key] ** 2 for one in phantoms])))
        for key in _percent(phantoms[0]["rows"]["shifted"])
    }
    lines = [
        f"Injected into the phantoms: atrophy of the grey matter of the {ATROPHIED}, and a cut through the left "
        "temporal pole. The noise floor is the root mean square change of the phantoms moved by half a voxel. *Rank* "
        "is the region's place among all regions by its loss over its noise floor.",
        "",
        "| phantom | injected | region | found % | noise floor % | times noise | rank | beyond limits |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in phantoms:
        for name, rows in one["rows"].items():
            if name == "shifted":
                continue
            region = "left temporal pole" if name == "cut" else ATROPHIED
            percent = {key: value for key, value in _percent(rows).items() if key[1]}
            loss = {key: -value / floor[key] for key, value in percent.items()}
            key = "gm", region
            rank = sorted(loss, key=lambda place: -loss[place]).index(key) + 1
            beyond = sum(row["ok"] == "false" for row in rows)
            lines.append(
                f"| {one['name']} | {name} | {region} | {percent[key]:+.2f} | {floor[key]:.2f} | {loss[key]:.1f} "
                f"| {rank} | {beyond} |"
            )
    return lines


def _change_tables(real: list[dict[str, Any]]) -> list[str]:
    lines = [
        "Change of real heads in %: measured again with an environment that asks for two threads (repeat), moved by "
        "half a voxel (shifted), without face. Regions of at least 1 mL.",
        "",
        f"| head | what | {' | '.join(WHOLE)} | regions, median | 95th percentile | largest "
        "| Dice brain | gm | wm | csf |",
        "|---|---|" + "---:|" * (len(WHOLE) + 7),
    ]
    for one in real:
        for kind, rows in one["rows"].items():
            percent = _percent(rows)
            large = {row["region"] for row in rows if row["original"] != NOT_AVAILABLE and float(row["original"]) >= 1}
            parts = [abs(v) for (_, part), v in percent.items() if part in large]
            overlap = {row["measure"]: float(row["defaced"]) for row in rows if row["measure"].startswith("dice_")}
            whole = " | ".join(f"{percent[name, '']:+.3f}" for name in WHOLE)
            dice = " | ".join(f"{overlap[f'dice_{name}']:.3f}" for name in ("brain", "gm", "wm", "csf"))
            lines.append(
                f"| {one['name']} | {kind} | {whole} | {np.median(parts):.2f} | {np.percentile(parts, 95):.2f} "
                f"| {max(parts):.2f} | {dice} |"
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
