"""The brain of one session in numbers: volumes, regions, intensities and contrast of its T1w images."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation

from unface import settings
from unface.layout import bids_folder
from unface.morphometry import tables
from unface.morphometry.regions import regions
from unface.morphometry.segmentation import TISSUES, NotMeasurableError, Segmentation, segment
from unface.outcome import WithheldError, Work

MEASURES = "measures.tsv"
LABELS = "labels"
COLUMNS = ("image", "measure", "region", "value", "unit")
NIFTI = ".nii.gz"
PURE = 0.7
"""Voxels of at least this posterior count for a tissue's intensity; at 3 mm a head had no grey matter above 0.9."""
ICV_ML = (600.0, 2500.0)
"""Of a living head from infancy on; outside, the alignment went wrong."""
LIKENESS_MIN = 0.25
"""Correlation with the template inside the brain. Whole heads measured 0.61-0.80, lost ones up to 0.10."""


@dataclass(frozen=True)
class Measure:
    """One value of one image; `region` is empty for the whole brain."""

    measure: str
    region: str
    value: float
    unit: str


def measure_session(work: Work, images: Path, chosen: settings.Morphometry) -> None:
    """Measure the T1w images of a session; write `measures.tsv` and the labels of tissues and regions.

    Parameters
    ----------
    images
        A BIDS tree that holds the session: the converted or the defaced one.

    Raises
    ------
    WithheldError
        `morphometry_failed`, if an image cannot be measured.
    """
    found = t1w_images(images / bids_folder(work.subject, work.session))
    if not found:
        work.note("the session has no T1w image, so no brain volumes were measured")
    work.tools |= {name: version(name) for name in ("antspyx", "niimath", "nilearn", "pydeface", "scipy")}
    rows = []
    (work.folder / LABELS).mkdir()
    for place, image in enumerate(found, start=1):
        try:
            segmented = segment(image, chosen.resolution_mm, work.scratch)
            _check(segmented)
            found_measures = list(measures(segmented))
        except NotMeasurableError as error:
            raise WithheldError(
                "morphometry_failed",
                f"the brain of T1w image {place} of {len(found)} could not be measured: {error}. "
                "Look at the image; if it is no T1w of a whole head, give it another name in the mapping rules",
            ) from error
        name = str(image.relative_to(images))
        rows += [(name, row.measure, row.region, f"{row.value:.6g}", row.unit) for row in found_measures]
        stem = image.name.removesuffix(NIFTI)
        for kind, labels in {"tissue": segmented.labels, "regions": segmented.regions}.items():
            _save(segmented.whole(labels), segmented.full.affine, work.folder / LABELS / f"{stem}_{kind}{NIFTI}")
    tables.write(work.folder / MEASURES, COLUMNS, rows)
    work.measurements["images"] = len(found)


def t1w_images(session: Path) -> list[Path]:
    """The T1w images of a session, one per acquisition: of echoes, parts and reconstructions the first by name."""
    acquisitions: dict[str, Path] = {}
    for path in sorted((session / "anat").glob(f"*_T1w{NIFTI}")):
        acquisitions.setdefault(re.sub(r"_(echo|part|rec)-[a-zA-Z0-9]+", "", path.name), path)
    return sorted(acquisitions.values())


def measures(segmented: Segmentation) -> Iterator[Measure]:
    """All measures of one segmentation.

    Volumes in mL are sums of posteriors: `icv` (what lies within the template's brain, CSF included), `brain`
    (gm + wm), `gm`, `wm`, `csf`; by region the grey matter. Nearer to the original is better for all.
    `intensity_gm` and so on: median of a tissue's nearly pure voxels after bias correction, in the image's units.
    With SD for 1.4826 times the median absolute deviation, which a few voxels of scalp do not move: `snr_gm`, `snr_wm`:
    median over SD; `cnr`: |gm - wm| over the root of their summed variances (no air in it, which defacing sets to
    zero); higher is better. `cjv`: (SD gm + SD wm) / |wm - gm|
    (Ganzetti et al., Front Neuroinform 2016;10:10); lower is better.
    """
    voxel_ml = segmented.grid.voxel_ml
    volume = {name: float(segmented.tissues[name].sum(dtype=np.float64)) * voxel_ml for name in TISSUES}
    yield Measure("icv", "", float(segmented.brain.sum()) * voxel_ml, "mL")
    yield Measure("brain", "", volume["gm"] + volume["wm"], "mL")
    for name in ("gm", "wm", "csf"):
        yield Measure(name, "", volume[name], "mL")
    pure = {name: segmented.intensity[segmented.tissues[name] >= PURE].astype(np.float64) for name in TISSUES}
    if any(len(values) < 2 for values in pure.values()):
        raise NotMeasurableError("a tissue has no voxel of its own")
    middle = {name: float(np.median(values)) for name, values in pure.items()}
    spread = {name: float(median_abs_deviation(values, scale="normal")) for name, values in pure.items()}
    for name in ("gm", "wm", "csf"):
        yield Measure(f"intensity_{name}", "", middle[name], "intensity")
    contrast = abs(middle["wm"] - middle["gm"])
    if not (contrast and spread["gm"] and spread["wm"]):
        raise NotMeasurableError("its tissues have no contrast")
    yield Measure("snr_gm", "", middle["gm"] / spread["gm"], "ratio")
    yield Measure("snr_wm", "", middle["wm"] / spread["wm"], "ratio")
    yield Measure("cnr", "", contrast / float(np.hypot(spread["gm"], spread["wm"])), "ratio")
    yield Measure("cjv", "", (spread["gm"] + spread["wm"]) / contrast, "ratio")
    by_label = np.bincount(segmented.regions.ravel(), weights=segmented.tissues["gm"].ravel(), minlength=256)
    for region in regions():
        yield Measure("gm", region.name, float(by_label[region.label]) * voxel_ml, "mL")


def _check(segmented: Segmentation) -> None:
    icv_ml = float(segmented.brain.sum()) * segmented.grid.voxel_ml
    if not ICV_ML[0] <= icv_ml <= ICV_ML[1]:
        raise NotMeasurableError(f"its intracranial volume comes out as {icv_ml:.0f} mL")
    if segmented.likeness < LIKENESS_MIN:
        raise NotMeasurableError(f"its brain correlates with the template's by {segmented.likeness:.2f} only")


def _save(labels: NDArray[np.uint8], affine: NDArray[np.float64], path: Path) -> None:
    """Write labels with an empty header and a gzip without time and name: the same labels are the same bytes."""
    image: Any = nib.Nifti1Image(labels, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=6, mtime=0))
