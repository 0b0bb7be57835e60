"""A head of the demo, measured as it is and without its face."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from demo import heads
from tests.support.small_cohort import made_once
from unface.compare import compare
from unface.compare.records import AGREEMENT
from unface.measure import measure, records
from unface.measure.regions import label_points, regions
from unface.run import settings
from unface.run.files import read_table
from unface.run.outcome import WithheldError, Work
from unface.run.sessions import SessionId

SHAPE = (96, 120, 112)
TO_WORLD = np.array([[2.0, 0, 0, -95], [0, 2.0, 0, -130], [0, 0, 2.0, -110], [0, 0, 0, 1]])
CHOSEN = settings.Measure(
    engine="ants", resolution_mm=4, atlas=None, atlas_labels=None, results=None, command=None, noise_sessions=0
)
LIMITS = settings.Compare(brain_percent=2, gm_percent=3, wm_percent=3, csf_percent=6, region_percent=20, dice_min=0.9)


def _work(stage: str, folder: Path) -> Work:
    folder.mkdir(parents=True)
    work = Work(stage, SessionId("a", "b"), folder)
    work.scratch.mkdir()
    return work


def _tree(folder: Path, data: np.ndarray) -> Path:
    path = folder / SessionId("a", "b").bids_folder / "anat" / "sub-a_ses-b_T1w.nii.gz"
    path.parent.mkdir(parents=True)
    nib.save(nib.Nifti1Image(data.astype(np.int16), TO_WORLD), path)
    return folder


def _measured(folder: Path, data: np.ndarray) -> Work:
    work = _work("measure-original", folder / "measured")
    measure.measure_session(work, _tree(folder / "bids", data), CHOSEN)
    return work


@pytest.fixture(scope="module")
def head() -> np.ndarray:
    return heads.image(heads.anatomy(3), TO_WORLD, SHAPE, heads.T1W)


@pytest.fixture(scope="module")
def original(head: np.ndarray, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    def make(folder: Path) -> None:
        _measured(folder, head)

    return made_once(tmp_path_factory, worker_id, "measured_head", make) / "measured"


def _pole(measured: Path) -> np.ndarray:
    """Where the left temporal pole lies, in mm."""
    image: Any = nib.load(measured / "labels" / "sub-a_ses-b_T1w_regions.nii.gz")
    label = next(region.label for region in regions() if region.name == "left temporal pole")
    return nib.affines.apply_affine(image.affine, np.argwhere(np.asarray(image.dataobj) == label)).mean(axis=0)


def _without(data: np.ndarray, pole: np.ndarray, forward_mm: float) -> np.ndarray:
    """Voxels in front of the temporal pole and below it set to zero, as a cut does."""
    world = nib.affines.apply_affine(TO_WORLD, np.moveaxis(np.indices(SHAPE), 0, -1))
    cut = (world[..., 1] > pole[1] + forward_mm) & (world[..., 2] < pole[2] + 6)
    return np.where(cut, 0, data)


@pytest.mark.slow
def test_the_volumes_are_those_of_a_head_and_add_up(original: Path) -> None:
    rows = read_table(original / records.MEASURES)
    whole = {row["measure"]: float(row["value"]) for row in rows if not row["region"]}
    assert 1000 < whole["icv"] < 2200
    assert whole["gm"] + whole["wm"] == pytest.approx(whole["brain"], rel=1e-4)
    assert whole["brain"] + whole["csf"] == pytest.approx(whole["icv"], rel=1e-3)
    part = {(row["measure"], row["region"]): float(row["value"]) for row in rows}
    stem, *grey = (
        sum(part[measure, f"{side} {name}"] for side in ("left", "right"))
        for measure, name in (("brain", "brainstem"), ("gm", "hemisphere"), ("gm", "cerebellum"))
    )
    assert ("brain", "right thalamus") in part
    assert whole["gm"] - stem < sum(grey) < whole["gm"]


@pytest.mark.slow
def test_the_same_image_gives_the_same_bytes_whatever_threads_the_environment_asks_for(
    original: Path, head: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
        monkeypatch.setenv(name, "2")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        again = pool.submit(_measured, tmp_path, head).result()
    for path in (records.MEASURES, "labels/sub-a_ses-b_T1w_tissue.nii.gz", "labels/sub-a_ses-b_T1w_regions.nii.gz"):
        assert (original / path).read_bytes() == (again.folder / path).read_bytes()


@pytest.mark.slow
def test_a_head_without_face_passes(original: Path, head: np.ndarray, tmp_path: Path) -> None:
    after = _measured(tmp_path, _without(head, _pole(original), 30))
    work = _work("compare", tmp_path / "compare")
    compare.compare_session(work, original, after.folder, LIMITS)
    assert work.reasons == []
    rows = read_table(work.folder / AGREEMENT)
    assert {row["measure"] for row in rows} >= {"brain", "gm", "wm", "csf", "icv", "cjv", "dice_brain", "dice"}


def test_a_session_without_t1w_is_ok_with_a_note(tmp_path: Path) -> None:
    work = _work("measure-original", tmp_path / "measured")
    measure.measure_session(work, tmp_path, CHOSEN)
    assert "no T1w" in work.notes[0]
    assert read_table(work.folder / records.MEASURES) == []


@pytest.mark.slow
def test_noise_is_withheld_as_not_measurable(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 1000, (40, 40, 40))
    with pytest.raises(WithheldError) as caught:
        _measured(tmp_path, noise)
    assert caught.value.reason.code == "morphometry_failed"


def test_of_echoes_and_reconstructions_one_image_is_measured(tmp_path: Path) -> None:
    (tmp_path / "anat").mkdir()
    for name in ("sub-a_echo-1_T1w", "sub-a_echo-2_T1w", "sub-a_run-1_T1w", "sub-a_run-2_rec-norm_T1w", "sub-a_T2w"):
        (tmp_path / "anat" / f"{name}.nii.gz").touch()
    (tmp_path / "anat" / "sub-a_mod-T1w_defacemask.nii.gz").touch()
    found = [path.name.removesuffix(".nii.gz") for path in measure.t1w_images(tmp_path)]
    assert found == ["sub-a_echo-1_T1w", "sub-a_run-1_T1w", "sub-a_run-2_rec-norm_T1w"]


def test_mirrored_points_have_mirrored_regions() -> None:
    names = {region.label: region.name for region in regions()}
    left, right = (names[int(label)] for label in label_points(np.array([[-38.0, 14, -34], [38.0, 14, -34]])))
    assert (left, right) == ("left temporal pole", "right temporal pole")
