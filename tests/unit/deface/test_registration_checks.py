"""When a head counts as aligned: what is measured of a registration, and the limits that it is held to."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from unface.deface import head_template, registration_checks
from unface.deface.registration_checks import gradient_agreement
from unface.imaging.volume import Volume
from unface.run.settings import DefaceLimits

HERE = np.eye(4)
LIMITS = DefaceLimits(
    ngf_min=0.61, scale_min=0.75, scale_max=1.3, brain_margin_mm=3, removed_min_percent=0.5, removed_max_percent=35
)


def turned(axis: int, degrees: float) -> NDArray[np.float64]:
    """An affine that turns about an axis of the world."""
    angle = np.deg2rad(degrees)
    first, second = (other for other in range(3) if other != axis)
    turn = np.eye(4)
    turn[first, first] = turn[second, second] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    return turn


def failed(head_to_template: NDArray[Any], ngf: float = 0.8) -> dict[str, str]:
    checks = registration_checks.of_fit(head_to_template, ngf, LIMITS)
    return {name: check.state for name, check in checks.items() if not check.ok}


def test_a_head_that_lies_on_the_template_agrees_and_noise_does_not() -> None:
    base = head_template.coarse_head()
    assert gradient_agreement(base, base, HERE) > 0.99
    noise = np.abs(np.random.default_rng(0).normal(0, 100, base.data.shape))
    assert abs(gradient_agreement(Volume(noise, base.affine), base, HERE) - 1 / 3) < 0.03


def test_agreement_knows_neither_contrast_nor_the_zero_of_a_scale() -> None:
    base = head_template.coarse_head()
    bright = Volume(base.data.max() - base.data, base.affine)
    below_zero = Volume(base.data - 2000, base.affine)
    assert gradient_agreement(bright, base, HERE) > 0.95
    assert gradient_agreement(below_zero, base, HERE) > 0.99


def test_a_head_that_is_moved_agrees_where_the_affine_moves_it_back() -> None:
    base = head_template.coarse_head()
    away = HERE.copy()
    away[:3, 3] = 24, -16, 12
    moved = Volume(base.data, away @ base.affine)
    assert gradient_agreement(moved, base, np.linalg.inv(away)) > 0.98
    assert gradient_agreement(moved, base, HERE) < 0.5


def test_only_what_the_field_of_view_holds_counts_and_of_hardly_anything_nothing_is_said() -> None:
    base = head_template.coarse_head()

    def cube(edge: int) -> Volume:
        first = np.array(base.data.shape) // 2 - edge // 2
        part = tuple(slice(start, start + edge) for start in first)
        affine = base.affine.copy()
        affine[:3, 3] += base.affine[:3, :3] @ first
        return Volume(base.data[part], affine)

    assert gradient_agreement(cube(20), base, HERE) > 0.7
    assert gradient_agreement(cube(7), base, HERE) == 0


def test_an_empty_image_agrees_with_nothing() -> None:
    base = head_template.coarse_head()
    assert gradient_agreement(Volume(np.zeros_like(base.data), base.affine), base, HERE) < 0.05


def test_a_good_fit_passes_every_check_and_each_fault_fails_its_own() -> None:
    assert failed(HERE) == {}
    assert failed(HERE, ngf=0.61) == {}
    assert failed(HERE, ngf=0.609) == {"ngf": "fail"}
    assert failed(np.diag([-1, 1, 1, 1])).get("not_mirrored") == "fail"
    assert "not_mirrored" not in failed(np.diag([-1, -1, 1, 1]))


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (0.76, set()),
        (1.29, set()),
        (0.74, {"scale_smallest", "scale_largest"}),
        (1.31, {"scale_smallest", "scale_largest"}),
    ],
)
def test_a_head_is_neither_much_smaller_nor_much_larger_than_the_template(size: float, names: set[str]) -> None:
    """Of the head against the template: twice as large a head takes an affine of a half."""
    assert failed(np.diag([1 / size, 1 / size, 1 / size, 1])) == dict.fromkeys(names, "fail")


def test_one_length_that_is_wrong_fails_by_itself() -> None:
    assert failed(np.diag([1 / 0.74, 1 / 0.9, 1 / 0.9, 1])) == {"scale_smallest": "fail"}
    assert failed(np.diag([1 / 1.31, 1 / 1.1, 1 / 1.1, 1])) == {"scale_largest": "fail"}


@pytest.mark.parametrize(("ratio", "states"), [(1.34, {}), (1.36, {"scale_ratio": "review"})])
def test_a_head_sheared_by_more_than_a_third_is_for_a_person(ratio: float, states: dict[str, str]) -> None:
    assert failed(np.diag([1 / 0.9, 1 / (0.9 * ratio), 1, 1])) == states


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("degrees", [-90.0, 15.0, 59.9, 60.1, 179.0])
def test_a_tilt_is_measured_whatever_the_axis_and_size_and_fails_above_sixty_degrees(axis: int, degrees: float) -> None:
    fit = turned(axis, degrees) @ np.diag([0.9, 1.1, 1, 1])
    assert registration_checks.tilt_degrees(turned(axis, degrees) * [2, 2, 2, 1]) == pytest.approx(abs(degrees))
    assert ("tilt_degrees" in failed(turned(axis, degrees))) is (abs(degrees) > 60)
    assert registration_checks.tilt_degrees(fit) == pytest.approx(abs(degrees), abs=0.1)


def test_a_mirrored_fit_has_a_tilt_all_the_same() -> None:
    assert registration_checks.tilt_degrees(np.diag([-1.0, 1.1, 1.2, 1])) == pytest.approx(0, abs=1e-3)


def test_a_head_has_to_lie_better_than_turned_back_to_front() -> None:
    assert registration_checks.lead_over_swapped(0.03).state == "pass"
    assert registration_checks.lead_over_swapped(0.029).state == "fail"


def test_images_that_agree_better_with_their_sides_exchanged_are_for_a_person() -> None:
    assert registration_checks.left_right_lead(0).state == "pass"
    doubt = registration_checks.left_right_lead(-0.001)
    assert (doubt.state, doubt.code) == ("review", "sides_unsure")


def moved(*by_mm: float) -> NDArray[np.float64]:
    affine = HERE.copy()
    affine[:3, 3] = by_mm
    return affine


def test_faces_are_as_far_apart_as_one_would_have_to_move() -> None:
    assert registration_checks.face_distance_mm(HERE, HERE) == 0
    assert registration_checks.face_distance_mm(HERE, moved(3, 0, 4)) == pytest.approx(5)
    there = turned(2, 20) @ moved(10, 20, 30)
    assert registration_checks.face_distance_mm(there, moved(0, 12, 0) @ there) == pytest.approx(12)


def test_the_distance_is_the_mean_over_the_face() -> None:
    """A turn about the x axis, through the tip of the nose: it stays, the eyes move most."""
    nose = head_template.FACE_MM[:3, 0]
    turn = moved(*nose) @ turned(0, 10) @ moved(*-nose)
    ways = np.linalg.norm((turn @ head_template.FACE_MM - head_template.FACE_MM)[:3], axis=0)
    assert ways.min() == pytest.approx(0, abs=1e-9)
    assert registration_checks.face_distance_mm(HERE, turn) == pytest.approx(ways.mean())


def test_the_nearest_of_other_engines_counts_and_five_millimetres_are_the_most() -> None:
    near, far = moved(0, 0, 5), moved(0, 0, 30)
    both = registration_checks.engines_apart(HERE, (far, near))
    assert (both.state, both.value) == ("pass", 5)
    assert registration_checks.engines_apart(HERE, (far,)).state == "review"
    assert registration_checks.faces_apart(5.001).state == "review"


def test_where_no_other_engine_found_anything_there_is_no_figure() -> None:
    alone = registration_checks.engines_apart(HERE, ())
    assert (alone.state, alone.value, alone.limits, alone.code) == ("review", None, (5,), "registration_failed")


def blocks() -> NDArray[np.float64]:
    """Two blocks in air, one bright and flat but for its sides, one of a slope so faint that it may be air."""
    data = np.zeros((40, 40, 40))
    data[4:16, 4:36, 4:36] = 100
    data[24:36, 4:36, 4:36] = np.linspace(0, 9.9, 12)[:, None, None]
    return data


def test_flat_parts_of_a_head_have_no_edges_to_agree() -> None:
    base = Volume(blocks(), np.diag([4.0, 4, 4, 1]))
    assert gradient_agreement(base, base, HERE) > 0.99


def test_edges_of_the_base_count_where_either_head_is_more_than_air() -> None:
    affine = np.diag([4.0, 4, 4, 1])
    base = Volume(blocks(), affine)
    other = blocks()
    other[24:36, 4:36, 4:36] = np.linspace(20, 100, 32)[None, :, None]
    across = gradient_agreement(Volume(other, affine), base, HERE)
    assert across < 0.75
    # One voxel that is far too bright makes no air of the rest.
    other[10, 20, 20] = 1e6
    assert gradient_agreement(Volume(other, affine), base, HERE) < 0.75
    assert gradient_agreement(Volume(np.where(base.data > 50, 0, base.data), affine), base, HERE) < 0.6


def test_a_part_of_the_head_that_is_black_within_the_field_of_view_does_not_agree() -> None:
    base = head_template.coarse_head()
    black = base.data.copy()
    black[:, :, : black.shape[2] // 2] = 0
    assert gradient_agreement(Volume(black, base.affine), base, HERE) < 0.7


def test_an_image_scaled_to_one_agrees_as_well() -> None:
    base = head_template.coarse_head()
    scaled = Volume(base.data / base.data.max(), base.affine)
    assert gradient_agreement(scaled, base, HERE) > 0.99
    assert gradient_agreement(base, scaled, HERE) > 0.99


def test_no_tilt_and_a_half_turn_are_numbers_however_they_are_rounded() -> None:
    random = np.random.default_rng(0)
    for axis in range(3):
        for turn, degrees in ((0, 0), (180, 180)):
            for _ in range(100):
                sizes = np.diag([*random.uniform(0.8, 1.2, 3), 1])
                tilt = registration_checks.tilt_degrees(turned(axis, turn) @ sizes)
                assert tilt == pytest.approx(degrees, abs=1e-3)
