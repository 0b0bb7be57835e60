"""Faces go, brains stay, and what cannot be trusted is withheld: on pydeface's mean head and on real heads."""

import gzip
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.deface import head_template, registration, registration_checks
from unface.deface.heads import Head
from unface.imaging import stored_image
from unface.imaging.resampling import coarsened, resampled
from unface.imaging.volume import Volume
from unface.run import outcome, settings, tools

Deface = Callable[..., outcome.Work]
ANAT = Path("bids/sub-p1/ses-s1/anat")


def stored(head: Volume, slope: float = 1.0, intercept: float = 0.0, copies: int = 0) -> bytes:
    """A NIfTI file of the head's integers; nibabel would choose slope and intercept itself."""
    data = np.repeat(head.data[..., None], copies, axis=3) if copies else head.data
    content = bytearray(nib.Nifti1Image(data, head.affine).to_bytes())
    struct.pack_into("<2f", content, 112, slope, intercept)
    return bytes(content)


def turned(head: Volume, turn: Any) -> Volume:
    """The same voxels under a header that turns the head about its middle."""
    middle = np.eye(4)
    middle[:3, 3] = head.affine[:3, :3] @ (np.array(head.data.shape) / 2) + head.affine[:3, 3]
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    return Volume(head.data, middle @ matrix @ np.linalg.inv(middle) @ head.affine)


def raw(work: outcome.Work, name: str) -> Any:
    return np.asarray(nib.load(work.folder / ANAT / f"sub-p1_ses-s1_{name}.nii.gz").dataobj.get_unscaled())


@pytest.mark.slow
def test_the_face_goes_and_all_else_stays_bit_for_bit_twice_the_same(
    session: Deface, mean_head: Volume, tmp_path: Path
) -> None:
    image = stored(mean_head, slope=0.5, intercept=3.0)
    work = session({"T1w": image})
    assert work.reasons == []

    keep, after = raw(work, "mod-T1w_defacemask"), raw(work, "T1w")
    assert set(np.unique(keep)) == {0, 1}
    assert np.array_equal(after[keep == 1], mean_head.data[keep == 1])
    assert set(np.unique(after[keep == 0])) == {-6}  # 0 in the image's unit
    defaced = gzip.decompress((work.folder / ANAT / "sub-p1_ses-s1_T1w.nii.gz").read_bytes())
    assert defaced[:352] == image[:352]

    brain = resampled(head_template.brain(), mean_head.grid) > 0.5
    assert not (brain & (keep == 0)).any()
    checks = work.measurements["images"]["sub-p1/ses-s1/anat/sub-p1_ses-s1_T1w.nii.gz"]["checks"]
    for zone in ("eyes", "nose", "mouth", "chin"):
        assert checks[f"{zone}_removed"]["value"] > 95

    first = contents(work)
    shutil.rmtree(work.folder)
    shutil.rmtree(tmp_path / "convert")
    assert len(first) == 4
    assert contents(session({"T1w": image})) == first


def contents(work: outcome.Work) -> dict[str, bytes]:
    """What a stage leaves, by file."""
    shutil.rmtree(work.scratch)
    return {str(path): path.read_bytes() for path in work.folder.rglob("*") if path.is_file()}


LIES = {  # more of them, on more heads: benchmarks/defacing.py
    "turned by 90 degrees": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    "front and back swapped": np.diag([1, -1, 1]),
}


@pytest.mark.slow
@pytest.mark.parametrize("lie", sorted(LIES))
def test_a_head_whose_header_lies_is_withheld(session: Deface, mean_head: Volume, lie: str) -> None:
    work = session({"T1w": stored(turned(mean_head, LIES[lie]))})
    assert "registration_failed" in {reason.code for reason in work.reasons}


@pytest.mark.slow
def test_a_head_whose_header_puts_it_far_away_is_found(session: Deface, mean_head: Volume) -> None:
    affine = mean_head.affine.copy()
    affine[:3, 3] += (150, -210, 180)
    work = session({"T1w": stored(Volume(mean_head.data, affine))})
    figures = work.measurements["images"]["sub-p1/ses-s1/anat/sub-p1_ses-s1_T1w.nii.gz"]
    assert (work.reasons, figures["state"], figures["engine"]) == ([], "pass", "niimath")


@pytest.mark.slow
@pytest.mark.parametrize("moved_mm", [0, 10])
def test_a_head_that_moved_between_the_flip_angles_of_one_acquisition_is_found(
    session: Deface, mean_head: Volume, moved_mm: int
) -> None:
    axis = int(np.abs(mean_head.affine[1, :3]).argmax())
    voxels = round(moved_mm / mean_head.affine[1, axis])
    moved = Volume(np.roll(mean_head.data, voxels, axis=axis), mean_head.affine)
    work = session({"flip-1_VFA": stored(mean_head), "flip-2_VFA": stored(moved)})
    states = [image["state"] for image in work.measurements["images"].values()]
    assert states[0] == "pass"
    assert (states[1] == "pass") is (moved_mm == 0)


@pytest.mark.slow
def test_volumes_share_one_mask_and_so_do_echoes(session: Deface, mean_head: Volume) -> None:
    work = session({"echo-1_MEGRE": stored(mean_head), "echo-2_MEGRE": stored(mean_head, copies=2)})
    keep = raw(work, "mod-MEGRE_defacemask")
    assert work.reasons == []
    assert not raw(work, "echo-1_MEGRE")[keep == 0].any()
    assert not raw(work, "echo-2_MEGRE")[keep == 0].any()
    assert len(list((work.folder / ANAT).glob("*_defacemask.nii.gz"))) == 1


@pytest.mark.slow
def test_air_of_a_ct_is_minus_1024(session: Deface, mean_head: Volume) -> None:
    ct = Volume((np.clip(mean_head.data, 0, 500) * 4).astype(np.int16), mean_head.affine)
    work = session({"ct": stored(ct, intercept=-1024.0)}, suffixes=("ct",))
    assert set(np.unique(raw(work, "ct")[raw(work, "mod-ct_defacemask") == 0])) == {0}


def test_an_image_that_is_no_head_volume_is_withheld(session: Deface) -> None:
    flat = nib.Nifti1Image(np.ones((64, 64, 1), np.int16), np.eye(4)).to_bytes()
    assert [reason.code for reason in session({"T1w": flat}).reasons] == ["registration_failed"]


@pytest.mark.slow
def test_a_head_of_opposite_contrast_is_aligned_with_the_negative_and_a_second_engine_has_to_agree(
    session: Deface, mean_head: Volume
) -> None:
    top = np.percentile(mean_head.data, 99.5)
    inverted = np.where(mean_head.data > 0.1 * top, np.clip(1.2 * top - mean_head.data, 0, None), 0).astype(np.int16)
    work = session({"T2w": stored(Volume(inverted, mean_head.affine))})
    figures = work.measurements["images"]["sub-p1/ses-s1/anat/sub-p1_ses-s1_T2w.nii.gz"]
    assert (figures["state"], figures["engine"]) == ("pass", "niimath, negative")
    assert figures["checks"]["engines_apart_mm"]["value"] < 2


@pytest.mark.parametrize("value", [0, 7, np.nan])
def test_an_image_of_one_value_is_withheld_with_what_is_wrong(session: Deface, mean_head: Volume, value: float) -> None:
    empty = Volume(np.full(mean_head.data.shape, value, np.float32), mean_head.affine)
    assert [(reason.code, reason.sentence) for reason in session({"T1w": stored(empty)}).reasons] == [
        ("registration_failed", "sub-p1_ses-s1_T1w is empty, all its voxels are alike; get it again")
    ]


@pytest.mark.parametrize("thickness", [0, np.nan])
def test_an_image_that_lies_nowhere_is_withheld(session: Deface, mean_head: Volume, thickness: float) -> None:
    content = bytearray(stored(mean_head))
    content[280 + 32 : 280 + 48] = np.array([0, 0, thickness, 0], "<f4").tobytes()  # srow_z
    (reason,) = session({"T1w": bytes(content)}).reasons
    assert "does not say where its voxels lie" in reason.sentence


def test_a_session_without_a_head_ends_well_with_a_note(session: Deface, mean_head: Volume) -> None:
    work = session({"bold": stored(mean_head)})
    assert (work.reasons, len(work.notes)) == ([], 1)


@pytest.mark.slow
def test_masks_have_names_that_bids_knows(session: Deface, mean_head: Volume) -> None:
    work = session({"acq-fast_run-01_T1w": stored(mean_head)})
    bids = work.folder / "bids"
    (bids / "dataset_description.json").write_text(
        json.dumps({"Name": "Heads", "BIDSVersion": "1.10.0", "DatasetType": "raw"})
    )
    finished = tools.run([tools.find("bids-validator-deno"), bids, "--json"], timeout_s=120)
    report = json.loads(finished.output[finished.output.index("{") : finished.output.rindex("}") + 1])
    errors = [issue for issue in report["issues"]["issues"] if issue.get("severity") == "error"]
    assert [issue for issue in errors if "defacemask" in issue.get("location", "")] == []


@pytest.mark.slow
def test_the_second_head_of_a_session_is_fitted_to_the_first(session: Deface, mean_head: Volume) -> None:
    """Another contrast on a coarser grid, of a head that moved between the two."""
    moved = np.eye(4)
    angle = np.deg2rad(6)
    moved[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    moved[:3, 3] = 4, -5, 6
    coarse = coarsened(mean_head, 3.0)
    values = resampled(mean_head, coarse.grid, np.linalg.inv(moved))
    other = np.where(values > 60, np.sqrt(np.clip(values.max() - values, 0, None)) * 20, values).astype(np.int16)
    work = session({"T1w": stored(mean_head), "T2w": stored(Volume(other, coarse.affine))})
    fits = {}
    for suffix in ("T1w", "T2w"):
        found = json.loads((work.folder / "registration" / f"sub-p1_ses-s1_{suffix}.json").read_text())
        fits[suffix] = found["engine"], np.array(found["head_to_template"])
    assert work.reasons == []
    assert [engine for engine, _ in fits.values()] == ["niimath", "ants rigid"]
    assert registration_checks.face_distance_mm(fits["T2w"][1] @ moved, fits["T1w"][1]) < 1


@pytest.mark.slow
def test_a_real_head_is_fitted_to_another_scan_of_it_with_its_sides_right(
    shared_data: Callable[[str], Path], deface_settings: settings.Deface, tmp_path: Path
) -> None:
    heads = []
    for series in ("5_anat-T1w_acq-tfl", "6_anat-T1w_acq-tfl"):
        folder = shared_data("siemens_xa30_enhanced") / series
        target = tmp_path / series
        target.mkdir()
        tools.run([tools.find("dcm2niix"), "-z", "y", "-f", "head", "-o", target, folder], timeout_s=60)
        stored = stored_image.read_head(next(target.glob("*.nii.gz")), "head")
        heads.append(Head("anat/sub-x_T1w.nii.gz", stored).working)
    reference, head = heads
    fit = registration.with_image(head, reference, np.eye(4), deface_settings.limits)
    assert fit.engine == "ants rigid"
    assert "left_right_lead" in fit.checks
    assert {name for name, check in fit.checks.items() if not check.ok} == set()
