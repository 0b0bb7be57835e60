"""A small results folder as the stages leave it: an average head, defaced for real, and sessions that end early."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydeface

from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import Work
from unface.run.sessions import SessionId

TEMPLATES = Path(pydeface.__file__).parent / "data"
FINGERPRINT = {"settings": "0123456789abcdef", "code": "fedcba9876543210"}
MEASURES = [("brain", "", 1250.0), ("gm", "", 700.0), ("wm", "", 520.0), ("csf", "", 310.0)]
REGIONS = [("gm", f"region {number:02d}", 10.0 + number) for number in range(1, 13)]


class Cohort:
    """Makes sessions in a results folder, stage by stage."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.sessions: list[SessionId] = []

    def stage(self, stage: str, session: SessionId, work: Callable[[Work], None], sources: str | None = None) -> None:
        outcome.run_stage(
            stage,
            session,
            work,
            layout=self.layout,
            fingerprint=FINGERPRINT,
            sources=[sources] if sources else [],
        )

    def add(self, session: SessionId, *, trouble: str = "", seed: int = 0) -> None:
        """Add a session: `trouble` is empty, or the stage that withholds it."""
        self.sessions.append(session)
        image = session.bids_folder / "anat" / f"{session.bids_prefix}_T1w.nii.gz"
        random = np.random.default_rng(seed)

        def deidentified(work: Work) -> None:
            write_json(work.folder / "series.json", [series("s001", "ok"), series("s002", "excluded")])
            if trouble == "deidentify":
                work.withhold("unreadable", "s001 has a truncated file; get it again from the scanner's archive")

        def converted(work: Work) -> None:
            work.tools["dcm2niix"] = "v1.0"
            write_json(
                work.folder / "series.json",
                [series("s001", "converted", rule="T1w", outputs=[str(image)]), series("s002", "excluded")],
            )
            save(head(), work.folder / "bids" / image)

        def defaced(work: Work) -> None:
            keep = small(nib.load(TEMPLATES / "facemask.nii.gz"))
            mask = image.with_name(image.name.replace("_T1w", "_mod-T1w_defacemask"))
            before = head()
            kept = np.asarray(before.dataobj) * (np.asarray(keep.dataobj) > 0.5)
            save(nib.Nifti1Image(kept.astype(before.get_data_dtype()), before.affine), work.folder / "bids" / image)
            save(keep, work.folder / "bids" / mask)
            failed = trouble == "deface"
            work.measurements["images"] = {
                str(image): {
                    "state": "fail" if failed else "review" if trouble == "review" else "pass",
                    "checks": {
                        "ngf": {
                            "value": 0.52 if failed else 0.7 + 0.02 * random.random(),
                            **{"relation": "at least", "limits": [0.61], "unit": "", "remark": ""},
                            "state": "fail" if failed else "review" if trouble == "review" else "pass",
                        },
                        "removed_percent": {
                            "value": 9 + 3 * random.random(),
                            **{"relation": "within", "limits": [2, 35], "unit": "%", "remark": ""},
                            "state": "pass",
                        },
                    },
                }
            }
            if failed:
                work.withhold("registration_failed", "the T1w could not be aligned; look at its orientation")

        def measured(work: Work) -> None:
            data = np.asarray(head().dataobj)
            labels = np.digitize(data, np.percentile(data, [70, 80, 90])).astype(np.uint8)
            save(
                nib.Nifti1Image(labels, head().affine),
                work.folder / "labels" / image.name.replace(".nii", "_tissue.nii"),
            )

        def agreement(work: Work) -> None:
            lines = ["image\tmeasure\tregion\tunit\toriginal\tdefaced\tdifference\tpercent\tlimit\tok"]
            for measure, region, size in MEASURES + REGIONS:
                before = size * (1 + 0.1 * random.standard_normal())
                change = 0.3 * random.standard_normal()
                after = before * (1 + change / 100)
                lines.append(
                    f"{image}\t{measure}\t{region}\tmL\t{before:.4f}\t{after:.4f}\t{after - before:.4f}"
                    f"\t{change:.4f}\t2\ttrue"
                )
            lines.append(f"{image}\tdice_gm\t\tratio\tn/a\t0.991\tn/a\tn/a\t0.95\ttrue")
            lines.append(f"{image}\tdice\tregion 01\tratio\tn/a\t0.972\tn/a\tn/a\tn/a\ttrue")
            (work.folder / "agreement.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")

        def audit(work: Work) -> None:
            table = f"path\tsource\tsha256\tbytes\n{image}\tdefaced\t0f\t300000\n"
            (work.folder / "contents.tsv").write_text(table, encoding="utf-8")
            work.measurements.update({"files": 4, "bytes": 1_200_000, "forms": 31})

        self.stage("deidentify", session, deidentified)
        self.stage("convert", session, converted, "deidentify")
        self.stage("deface", session, defaced, "convert")
        self.stage("measure-original", session, measured, "convert")
        self.stage("measure-defaced", session, measured, "deface")
        self.stage("compare", session, agreement, "measure-defaced")
        self.stage("audit", session, audit, "compare")


def series(name: str, state: str, **more: Any) -> dict[str, Any]:
    reason = "a localizer is not part of the release" if state == "excluded" else ""
    return {
        "series": name,
        "merge_group": name.replace("s", "g"),
        "state": state,
        "reason": reason,
        "files": 176,
        **more,
    }


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def small(image: Any) -> Any:
    """Every third voxel: enough for a page, and quick."""
    return image.slicer[::3, ::3, ::3]


def head() -> Any:
    """The average head that comes with pydeface: nobody's face."""
    image = small(nib.load(TEMPLATES / "mean_reg2mean.nii.gz"))
    return nib.Nifti1Image(np.asarray(image.dataobj).astype(np.int16), image.affine)


def save(image: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(image, path)
