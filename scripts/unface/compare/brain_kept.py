"""Did defacing remove brain: the face mask against the brain that morphometry found in the original by itself."""

from pathlib import Path

from scipy import ndimage

from unface.imaging import nifti
from unface.imaging.resampling import resampled
from unface.measure import records
from unface.run.files import read_table, table_text, write_whole
from unface.run.image_names import mask_file, stem
from unface.run.outcome import Work

BRAIN_KEPT = "brain_kept.tsv"
COLUMNS = ("image", "removed_ml", "margin_mm", "limit_mm", "ok")


def check_brain(work: Work, original: Path, defaced: Path, least_mm: float) -> None:
    """Hold every face mask against the brain of the same image; withhold the session if it removes brain.

    The brain is what morphometry labelled in the original: it has its own way to another template, by a deformation,
    and owes nothing to the registration that placed the mask. Writes `brain_kept.tsv`.

    Parameters
    ----------
    work
        Takes the table, in `Work.folder`, and the reasons.
    original
        Folder of the morphometry of the original, with `labels/`.
    defaced
        Folder of the defaced stage.
    least_mm
        How near to the brain the cut may come.
    """
    rows = []
    for image in sorted({row["image"] for row in read_table(original / records.MEASURES)}):
        mask = mask_file(defaced, image)
        name = stem(image)
        tissue = records.labels_file(original, image, "tissue")
        if mask is None or not tissue.exists():
            work.note(f"{name}: morphometry left no labels of its brain, so its face mask was not held against them")
            continue
        removed_ml, margin_mm = _brain_removed(tissue, mask)
        ok = removed_ml == 0 and margin_mm >= least_mm
        rows.append((image, f"{removed_ml:.3f}", f"{margin_mm:.1f}", f"{least_mm:g}", str(ok).lower()))
        if not ok:
            work.withhold(*_what_is_wrong(name, removed_ml, margin_mm, least_mm))
    write_whole(work.folder / BRAIN_KEPT, table_text(COLUMNS, rows), mode=0o600)
    if rows:
        work.measurements["brain_margin_mm"] = min(float(row[2]) for row in rows)


def _what_is_wrong(name: str, removed_ml: float, margin_mm: float, least_mm: float) -> tuple[str, str]:
    """A code and a sentence for a mask that removes brain, or that comes too near to it."""
    if removed_ml:
        return "brain_cut", f"the face mask of {name} removes {removed_ml:.2f} mL of the brain that morphometry found"
    return (
        "brain_near",
        f"the face mask of {name} removes nothing of the brain that morphometry found, but comes within "
        f"{margin_mm:.1f} mm of it; {least_mm:g} mm are asked (`deface.limits.brain_margin_mm`)",
    )


def _brain_removed(tissue: Path, mask: Path) -> tuple[float, float]:
    """What a face mask removes of the brain, and how near to it the mask comes.

    Parameters
    ----------
    tissue
        Labels of CSF, grey and white matter, on a grid of their own.
    mask
        1 keep, 0 removed.

    Returns
    -------
    removed_ml, margin_mm : float
        Brain removed, and the distance from the brain to the nearest removed voxel.
    """
    labels = nifti.read_volume(tissue)
    brain = labels.data > 0
    # What lies outside of the image was not removed.
    kept = resampled(nifti.read_volume(mask), labels.grid, order=0, outside=1) > 0
    mm = labels.voxel_mm
    removed = brain & ~kept
    distance = ndimage.distance_transform_edt(~brain, sampling=mm)
    if kept.all():
        # Nothing is removed where the labels reach: the cut is at least as far as their furthest voxel.
        return 0.0, float(distance.max())
    return float(removed.sum() * mm.prod() / 1000), float(distance[~kept].min())
