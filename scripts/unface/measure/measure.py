"""The brain of one session in numbers: volumes, regions, intensities and contrast of its T1w images."""

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from unface.imaging import nifti
from unface.imaging.volume import Volume
from unface.measure import external, records
from unface.measure.measures import Measure, NotMeasurableError
from unface.measure.records import LABELS, MEASURES, TISSUES
from unface.measure.regions import MIXED_LOBES, Atlas, Region, groups, regions
from unface.run import settings
from unface.run.files import NOT_AVAILABLE, table_text, write_whole
from unface.run.image_names import NIFTI
from unface.run.outcome import WithheldError, Work

if TYPE_CHECKING:
    from unface.measure.segmentation import Segmentation

COLUMNS = ("image", "measure", "region", "value", "unit")
PURE = 0.7
"""Voxels of at least this posterior count for a tissue's intensity; at 3 mm a head had no grey matter above 0.9."""
ICV_ML = (600.0, 2500.0)
"""Intracranial volumes of people from infancy on; one outside this range means that the alignment went wrong."""
SHIFT_VOXELS = 0.5
LIKENESS_MIN = 0.25
"""Correlation with the template inside the brain. Whole heads measured 0.61-0.80, lost ones up to 0.10."""


def measure_session(work: Work, images: Path, measuring: settings.Measure, *, moved: bool = False) -> None:
    """Measure the T1w images of a session; write `measures.tsv` and the labels of tissues and regions.

    Parameters
    ----------
    work
        Takes the files, in `Work.folder`, and the reasons and notes.
    images
        A BIDS tree that holds the session: the converted or the defaced one.
    measuring
        Engine, resolution, atlas or results.
    moved
        Whether the head is moved by half a voxel before, as for the noise floor.

    Raises
    ------
    WithheldError
        `morphometry_failed`, if an image cannot be measured.
    JobFailedError
        If the settings name an atlas or results in a way that fits no session.
    """
    originals = t1w_images(images / work.session.bids_folder)
    if not originals:
        work.note("the session has no T1w image, so no brain volumes were measured")
    outside = measuring.engine == "external"
    if outside and len(originals) > 1:
        work.note("the session has several T1w images; the results of the other program are those of the first")
        originals = originals[:1]
    if not outside:
        work.tools |= {name: version(name) for name in ("antspyx", "niimath", "nilearn", "pydeface", "scipy")}
    rows = []
    (work.folder / LABELS).mkdir()
    for place, image in enumerate(originals, start=1):
        try:
            whole = _shifted(image, work.scratch / "moved.nii") if moved else image
            if outside:
                kind = work.stage.removeprefix("measure-")
                placeholders = {**work.session._asdict(), "image": kind}
                made = external.results_of(measuring, placeholders, whole, work.scratch)
            else:
                made = _measure(work, image.name, whole, measuring)
        except (NotMeasurableError, nifti.NotAVolumeError) as error:
            raise WithheldError(
                "morphometry_failed",
                f"the brain of T1w image {place} of {len(originals)} could not be measured: {error}. "
                "Look at the image; if it is no T1w of a whole head, give it another name in the mapping rules",
            ) from error
        name = str(image.relative_to(images))
        rows += [(name, row.measure, row.region, f"{row.value:.6g}", row.unit) for row in made]
    write_whole(work.folder / MEASURES, table_text(COLUMNS, rows), mode=0o600)
    work.measurements["images"] = len(originals)


def _measure(work: Work, name: str, image: Path, measuring: settings.Measure) -> list[Measure]:
    """Measure one image and write its labels and their names."""
    # Here alone: ANTs takes two seconds to import, which sessions without a T1w are spared.
    from unface.measure.segmentation import segment  # noqa: PLC0415

    atlas = None
    if measuring.atlas and measuring.atlas_labels:
        atlas = Atlas(
            settings.located(measuring.atlas, "measure.atlas"),
            settings.located(measuring.atlas_labels, "measure.atlas_labels"),
        )
    parts = regions(atlas)
    segmented = segment(image, measuring.resolution_mm, work.scratch, atlas)
    _check(segmented)
    kinds: dict[records.Kind, NDArray[np.uint8]] = {"tissue": segmented.labels, "regions": segmented.regions}
    for kind, labels in kinds.items():
        whole = Volume(segmented.whole(labels), segmented.full.affine)
        nifti.write_labels(records.labels_file(work.folder, name, kind), whole)
    names = [(part.label, part.name, part.lobe or NOT_AVAILABLE) for part in parts]
    write_whole(work.folder / LABELS / records.REGIONS, table_text(("index", "name", "lobe"), names), mode=0o600)
    return list(_measures(segmented, parts))


def t1w_images(session: Path) -> list[Path]:
    """The T1w images of a session, one per acquisition: of echoes, parts and reconstructions the first by name.

    Parameters
    ----------
    session
        The session's folder, with `anat/`.

    Returns
    -------
    list of Path
        By name.
    """
    acquisitions: dict[str, Path] = {}
    for path in sorted((session / "anat").glob(f"*_T1w{NIFTI}")):
        acquisitions.setdefault(re.sub(r"_(echo|part|rec)-[a-zA-Z0-9]+", "", path.name), path)
    return sorted(acquisitions.values())


def _shifted(image: Path, output: Path) -> Path:
    """Write the first volume of an image with the head moved by half a voxel along each axis (cubic splines)."""
    first = nifti.read_volume(image, np.float32, first_of_many=True)
    moved = ndimage.shift(first.data, SHIFT_VOXELS, order=3, mode="nearest")
    nifti.write_volume(output, Volume(moved, first.affine))
    return output


def _measures(segmented: "Segmentation", parts: tuple[Region, ...]) -> Iterator[Measure]:
    """All measures of one segmentation, with the regions that its labels stand for.

    Volumes in mL are sums of posteriors: `icv` (what lies within the template's brain, CSF included), `brain`
    (gm + wm), `gm`, `wm`, `csf`; by region, lobe and hemisphere the grey matter; of brainstem
    and deep grey `brain`.
    Nearer to the original is better for all.
    `intensity_gm` and so on: median of a tissue's nearly pure voxels after bias correction, in the image's units.
    With SD for 1.4826 times the median absolute deviation, which a few voxels of scalp do not move: `snr_gm`, `snr_wm`:
    median over SD; `cnr`: |gm - wm| over the root of their summed variances (no air in it, which defacing sets to
    zero); higher is better. `cjv`: (SD gm + SD wm) / |wm - gm|
    (Ganzetti et al., Front Neuroinform 2016;10:10); lower is better.

    Yields
    ------
    Measure
        Of the whole brain, then by region and group of regions.

    Raises
    ------
    NotMeasurableError
        If its tissues cannot be told apart.
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
    spread = {name: float(stats.median_abs_deviation(values, scale="normal")) for name, values in pure.items()}
    for name in ("gm", "wm", "csf"):
        yield Measure(f"intensity_{name}", "", middle[name], "intensity")
    contrast = abs(middle["wm"] - middle["gm"])
    if not (contrast and spread["gm"] and spread["wm"]):
        raise NotMeasurableError("its tissues have no contrast")
    yield Measure("snr_gm", "", middle["gm"] / spread["gm"], "ratio")
    yield Measure("snr_wm", "", middle["wm"] / spread["wm"], "ratio")
    yield Measure("cnr", "", contrast / float(np.hypot(spread["gm"], spread["wm"])), "ratio")
    yield Measure("cjv", "", (spread["gm"] + spread["wm"]) / contrast, "ratio")
    gm, wm = (
        np.bincount(segmented.regions.ravel(), weights=segmented.tissues[name].ravel(), minlength=256)
        for name in ("gm", "wm")
    )
    for name, members in ({part.name: [part] for part in parts} | groups(parts)).items():
        # Here a T1w does not tell the two apart: which of them a voxel is called turns with the noise.
        mixed = all(part.lobe in MIXED_LOBES for part in members)
        measure, by_label = ("brain", gm + wm) if mixed else ("gm", gm)
        yield Measure(measure, name, sum(float(by_label[part.label]) for part in members) * voxel_ml, "mL")


def _check(segmented: "Segmentation") -> None:
    icv_ml = float(segmented.brain.sum()) * segmented.grid.voxel_ml
    if not ICV_ML[0] <= icv_ml <= ICV_ML[1]:
        raise NotMeasurableError(f"its intracranial volume comes out as {icv_ml:.0f} mL")
    if segmented.likeness < LIKENESS_MIN:
        raise NotMeasurableError(f"its brain correlates with the template's by {segmented.likeness:.2f} only")
