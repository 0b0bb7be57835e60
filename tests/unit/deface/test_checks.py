"""What the checks make of masks that are right, wrong or in between; on the mean head, which lies on itself."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from unface.deface import checks, head_template, mask_checks, registration_checks
from unface.deface.faces import Face, _with_doubt
from unface.deface.heads import Head
from unface.deface.masks import template_mask
from unface.deface.registration import Registration
from unface.imaging import stored_image
from unface.imaging.resampling import resampled
from unface.imaging.volume import Array, Grid, Volume
from unface.run.settings import DefaceLimits

HERE = np.eye(4)
LIMITS = DefaceLimits(
    ngf_min=0.61, scale_min=0.75, scale_max=1.3, brain_margin_mm=3, removed_min_percent=0.5, removed_max_percent=35
)
Mask = Callable[..., Array]


@pytest.fixture
def mask(mean_head: Volume) -> Mask:
    return lambda **options: template_mask(mean_head.grid, HERE, **options)


def world(volume: Volume) -> Array:
    """World coordinates of every voxel: (i, j, k, 3)."""
    voxels = np.moveaxis(np.indices(volume.data.shape), 0, -1)
    return np.asarray(voxels @ volume.affine[:3, :3].T + volume.affine[:3, 3])


def states(of_mask: dict[str, checks.Check]) -> dict[str, str]:
    return {name: check.state for name, check in of_mask.items()}


def test_the_ears_stay_unless_they_are_asked_for(mean_head: Volume, mask: Mask) -> None:
    without = states(mask_checks.zones(mean_head, mask(), HERE, ears=True))
    asked = states(mask_checks.zones(mean_head, mask(ears=True), HERE, ears=True))
    assert (without["ear_left_removed"], without["ear_right_removed"]) == ("fail", "fail")
    assert set(asked.values()) == {"pass"}
    assert "ear_left_removed" not in mask_checks.zones(mean_head, mask(), HERE, ears=False)


@pytest.mark.parametrize("ears", [False, True])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_mask_is_the_templates_at_every_voxel_of_a_tilted_head(order: tuple[int, ...], *, ears: bool) -> None:
    turn = np.array([[0.9, -0.3, 0.316], [0.374, 0.9, -0.224], [-0.217, 0.319, 0.922]])
    affine = np.eye(4)
    affine[:3, :3] = (turn * 5)[:, order] * [1, -1, 1]
    affine[:3, 3] = head_template.MIDDLE_MM - affine[:3, :3] @ (30, 30, 30)
    grid = Grid((60, 60, 60), affine)
    all_of_it = resampled(head_template.keep(ears=ears), grid, outside=None) >= 0.5
    assert np.array_equal(template_mask(grid, HERE, ears=ears), all_of_it)
    assert 0.05 < (~all_of_it).mean() < 0.5


def test_the_mask_with_ears_stays_away_from_the_brain(mean_head: Volume, mask: Mask) -> None:
    assert mask_checks.brain_margin(mean_head, mask(ears=True), HERE, 3).ok


def test_a_mask_that_comes_near_the_brain_is_for_a_person_and_one_that_cuts_it_fails(
    mean_head: Volume, mask: Mask
) -> None:
    nearer = ndimage.binary_erosion(mask(), iterations=3, border_value=1)
    through = ndimage.binary_erosion(mask(), iterations=12, border_value=1)
    assert mask_checks.brain_margin(mean_head, nearer, HERE, 3).state == "review"
    assert mask_checks.brain_margin(mean_head, through, HERE, 3).state == "fail"


def test_a_mask_that_leaves_the_face_fails_in_each_zone(mean_head: Volume, mask: Mask) -> None:
    found = states(mask_checks.zones(mean_head, np.ones_like(mask()), HERE, ears=False))
    assert {found[f"{zone}_removed"] for zone in ("eyes", "nose", "mouth", "chin")} == {"fail"}


def test_a_head_whose_face_is_gone_already_is_for_a_person(mean_head: Volume, mask: Mask) -> None:
    before = replace(mean_head, data=np.where(mask(), mean_head.data, 0))
    found = mask_checks.zones(before, mask(), HERE, ears=False)
    assert (found["face_present"].state, found["face_present"].code) == ("review", "defaced_before")


def with_field(head: Volume) -> Volume:
    """The vertex some eight times as bright as the chin, as under a coil that lies above the head."""
    y, z = world(head)[..., 1], world(head)[..., 2]
    return replace(head, data=head.data * np.exp(np.clip((z - y) / 100, -2, 2)))


def with_noise(head: Volume) -> Volume:
    spread = 0.2 * np.percentile(head.data[head.data > 0], 99)
    return replace(head, data=np.abs(head.data + np.random.default_rng(0).normal(0, spread, head.data.shape)))


@pytest.mark.parametrize("disturbed", [with_field, with_noise])
def test_the_surface_is_found_under_a_coils_field_and_in_noise(
    mean_head: Volume, mask: Mask, disturbed: Callable[[Volume], Volume]
) -> None:
    head = disturbed(mean_head)
    assert set(states(mask_checks.zones(head, mask(), HERE, ears=False)).values()) == {"pass"}
    left = states(mask_checks.zones(head, np.ones_like(mask()), HERE, ears=False))
    assert {left[f"{zone}_removed"] for zone in ("eyes", "nose", "mouth")} == {"fail"}
    gone = replace(head, data=np.where(mask(), head.data, 0))
    assert mask_checks.zones(gone, mask(), HERE, ears=False)["face_present"].state == "review"


def test_an_image_without_a_head_gets_its_verdict_all_the_same(mean_head: Volume, mask: Mask) -> None:
    noise = np.abs(np.random.default_rng(1).normal(0, 100, mean_head.data.shape))
    for data in (noise, np.full(noise.shape, 7.0), np.zeros(noise.shape)):
        found = mask_checks.zones(replace(mean_head, data=data), mask(), HERE, ears=True)
        assert {"eyes_removed", "nose_removed", "mouth_removed", "chin_removed"} <= set(found)


@pytest.mark.parametrize("side", [-1, 1])
def test_deep_set_eyes_are_taken_to_where_the_cheeks_are_cut(mean_head: Volume, mask: Mask, side: int) -> None:
    x, y, z = np.moveaxis(world(mean_head), -1, 0)
    eye = (abs(side * x - 30) < 8) & (y > head_template.FACE_FRONT_MM + 4) & (abs(z + 31) < 4)
    assert eye.any()
    assert not mask()[eye].any()


def cut_off_at(y_mm: float, head: Volume, mask: Array) -> tuple[Volume, Array]:
    """A head and its mask without what lies in front of a plane."""
    last = int(np.argwhere(world(head)[..., 1].max(axis=(0, 2)) < y_mm).max())
    return Volume(head.data[:, :last], head.affine), mask[:, :last]


def test_a_face_outside_of_the_field_of_view_is_no_fault(mean_head: Volume, mask: Mask) -> None:
    """Cut off in front of the eyes' apex: nothing shows whether there was a face, and nothing of it is there."""
    found = mask_checks.zones(*cut_off_at(head_template.FACE_FRONT_MM, mean_head, mask()), HERE, ears=False)
    assert "face_present" not in found
    assert set(states(found).values()) == {"pass"}


def test_a_field_of_view_that_ends_in_the_eyes_has_no_eyelids_to_leave(mean_head: Volume, mask: Mask) -> None:
    """What begins less than 5 mm in front of the cut cannot retreat by 5 mm; nose, mouth and chin still have to."""
    found = mask_checks.zones(*cut_off_at(76, mean_head, mask()), HERE, ears=False)
    assert set(states(found).values()) == {"pass"}
    assert found["eyes_removed"].value is None
    left = states(mask_checks.zones(*cut_off_at(76, mean_head, np.ones_like(mask())), HERE, ears=False))
    assert {left[f"{zone}_removed"] for zone in ("nose", "mouth", "chin")} == {"fail"}


def test_eyes_of_which_the_mask_takes_too_little_are_left(mean_head: Volume, mask: Mask) -> None:
    lower = (world(mean_head)[..., 1] < 90) | mask()
    assert mask_checks.zones(mean_head, lower, HERE, ears=False)["eyes_removed"].state == "fail"


def test_a_head_turned_over_has_a_tilt_that_fails() -> None:
    found = registration_checks.of_fit(np.diag([1.0, -1, -1, 1]), 0.75, LIMITS)
    assert {name for name, check in found.items() if not check.ok} == {"tilt_degrees"}


def test_a_sheared_fit_is_for_a_person() -> None:
    found = registration_checks.of_fit(np.diag([1 / 0.85, 1 / 1.25, 1, 1]), 0.75, LIMITS)
    assert {name: check.state for name, check in found.items() if not check.ok} == {"scale_ratio": "review"}


def test_a_sample_of_the_heads_is_seen_by_a_second_engine_always_the_same_ones() -> None:
    heads = [
        Head("", stored_image.StoredImage(b"", np.full((2, 2, 2), value, np.int16), b"", HERE, 1, 0))
        for value in range(200)
    ]
    drawn = [[head.in_sample(percent) for head in heads] for percent in (0, 50, 50, 100)]
    assert drawn[1] == drawn[2]
    assert [sum(drawn[0]), sum(drawn[3])] == [0, 200]
    assert 70 < sum(drawn[1]) < 130


def test_engines_that_disagree_and_an_engine_alone_are_for_a_person() -> None:
    assert registration_checks.faces_apart(4.0).ok
    assert registration_checks.faces_apart(6.0).state == "review"
    assert registration_checks.engines_apart(HERE, ()).state == "review"


@pytest.mark.parametrize(("ngf", "lead", "state"), [(0.63, -0.09, "review"), (0.5, -0.09, "pass"), (0.7, 0.09, "pass")])
def test_a_head_that_passes_by_itself_keeps_the_doubt_about_its_sides(ngf: float, lead: float, state: str) -> None:
    fit = Registration("niimath", HERE, 0.75)
    by_itself = Face(fit, np.ones(1, bool), {"ngf": checks.at_least(0.75, 0.61, "registration_failed")}, "T2w")
    rigid = {
        "ngf": checks.at_least(ngf, 0.61, "registration_failed"),
        "left_right_lead": registration_checks.left_right_lead(lead),
    }
    by_reference = Face(fit, np.ones(1, bool), rigid, "T2w")
    assert _with_doubt(by_itself, by_reference).state == state


def test_the_face_of_a_diffusion_series_is_looked_for_in_its_least_weighted_volume(tmp_path: Path) -> None:
    data = np.arange(3 * 8**3, dtype=np.int16).reshape((8, 8, 8, 3), order="F")
    nib.save(nib.Nifti1Image(data, HERE), tmp_path / "dwi.nii.gz")
    assert np.array_equal(stored_image.read(tmp_path / "dwi.nii.gz", "dwi").volume().data, data[..., 0])
    (tmp_path / "dwi.bval").write_text("1000 5 1000\n")
    assert np.array_equal(stored_image.read(tmp_path / "dwi.nii.gz", "dwi").volume().data, data[..., 1])


def test_a_figure_on_its_limit_passes_and_one_beyond_it_does_not() -> None:
    figures = [checks.at_least(2, 2, "c"), checks.at_most(2, 2, "c")]
    figures += [checks.within(value, 1, 2, "c") for value in (1, 2)]
    assert [figure.state for figure in figures] == ["pass"] * 4
    figures = [checks.at_least(1.9999, 2, "c"), checks.at_most(2.0001, 2, "c")]
    figures += [checks.within(value, 1, 2, "c") for value in (0.9999, 2.0001)]
    assert [figure.state for figure in figures] == ["fail"] * 4
    assert [figure.ok for figure in figures] == [False] * 4


def test_a_figure_is_recorded_with_its_limits_and_to_a_thousandth() -> None:
    figures = [checks.at_least(1.23456, 1, "c"), checks.at_most(1.23456, 2, "c"), checks.within(1.23456, 1, 2, "c")]
    records = [figure.record() for figure in figures]
    assert [record["value"] for record in records] == [1.235] * 3
    assert [(record["relation"], record["limits"]) for record in records] == [
        ("at least", [1]),
        ("at most", [2]),
        ("within", [1, 2]),
    ]
    assert all(record["state"] == "pass" for record in records)


def test_a_failure_may_be_left_to_a_person_and_what_passed_stays() -> None:
    failed, passed = checks.at_least(1, 2, "face_left"), checks.at_least(3, 2, "face_left")
    left = failed.undecided("defaced_before")
    assert (left.state, left.code, left.value) == ("review", "defaced_before", 1)
    assert passed.undecided("defaced_before") == passed


def test_the_worst_of_several_checks_is_what_comes_of_them() -> None:
    passed, left = checks.at_least(3, 2, "c"), checks.at_least(1, 2, "c", else_="review")
    failed = checks.at_least(1, 2, "c")
    assert checks.worst([passed, passed]) == "pass"
    assert checks.worst([passed, left]) == "review"
    assert checks.worst([failed, left, passed]) == "fail"
    assert checks.worst([]) == "pass"
