"""How much of a part of the face has to go, and when there is a face at all: on surfaces given ray by ray."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from unface.deface import head_template, mask_checks
from unface.deface.checks import Check
from unface.deface.head_template import View, Zone
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Array, Grid, Volume
from unface.run import settings

HERE = np.eye(4)
RAYS = 1000
HEAD = Volume(np.zeros((8, 8, 8), np.float32), HERE)


@dataclass
class Surface:
    """A face of a thousand rays through every zone, without what a real one needs registration for.

    `was`, `now`: mm in front of the zone's plane, NaN where a ray meets nothing; `outside`: how many rays pass beside
    the zone; `unreached`, `unseen`: how many of the first rays the field of view does not reach, or does not hold.
    """

    was: NDArray[np.float64]
    now: NDArray[np.float64]
    outside: int = 0
    unreached: int = 0
    unseen: int = 0
    grid: Grid = Grid((8, 8, 8), HERE)  # noqa: RUF009

    def surface_mm(self, view: View, keep: Array | None = None) -> NDArray[np.float64]:
        # The frontal zones have one plane, each ear its own.
        (front_mm,) = {zone.front_mm for zone in head_template.ZONES if zone.view == view}
        return front_mm + (self.was if keep is None else self.now)

    def columns(self, _: Zone) -> Array:
        return np.arange(RAYS) < RAYS - self.outside

    def reached(self, _: Zone, __: View) -> Array:
        return np.arange(RAYS) >= self.unreached

    def in_view(self, _: Zone, __: View) -> Array:
        return np.arange(RAYS) >= self.unseen


def rays(*parts: tuple[int, float]) -> NDArray[np.float64]:
    return np.concatenate([np.full(count, value, float) for count, value in parts])


FACE = rays((RAYS, 30.0))
GONE = rays((RAYS, np.nan))
Zones = Callable[[Surface], dict[str, Check]]


@pytest.fixture
def zones(monkeypatch: pytest.MonkeyPatch) -> Zones:
    def check(surface: Surface, *, ears: bool = False) -> dict[str, Check]:
        monkeypatch.setattr(mask_checks, "face_box", lambda *_: surface)
        return mask_checks.zones(HEAD, np.ones((8, 8, 8), bool), HERE, ears=ears)

    return check


@pytest.mark.parametrize(
    ("gone", "state"), [(1000, "pass"), (900, "pass"), (899, "review"), (750, "review"), (749, "fail"), (0, "fail")]
)
def test_nine_tenths_of_a_zone_have_to_go_and_from_three_quarters_on_a_person_may_decide(
    zones: Zones, gone: int, state: str
) -> None:
    now = rays((gone, np.nan), (RAYS - gone, 30.0))
    found = zones(Surface(FACE, now))
    for zone in ("eyes", "nose", "mouth", "chin"):
        check = found[f"{zone}_removed"]
        assert (check.state, check.value, check.code) == (state, gone / 10, "face_left")


@pytest.mark.parametrize(("retreat_mm", "state"), [(5.0, "pass"), (4.9, "fail"), (-5.0, "fail")])
def test_a_surface_counts_as_gone_where_it_retreats_by_five_millimetres(
    zones: Zones, retreat_mm: float, state: str
) -> None:
    assert zones(Surface(FACE, FACE - retreat_mm))["nose_removed"].state == state


@pytest.mark.parametrize(("met", "value"), [(10, 100.0), (9, None)])
def test_a_zone_that_hardly_a_ray_meets_has_nothing_to_remove(zones: Zones, met: int, value: float | None) -> None:
    was = rays((met, 30.0), (RAYS - met, -1.0))
    check = zones(Surface(was, GONE))["nose_removed"]
    assert (check.value, check.state) == (value, "pass")


def test_what_lies_on_the_plane_where_cheeks_are_cut_or_behind_it_is_no_face(zones: Zones) -> None:
    found = zones(Surface(rays((RAYS, 0.0)), GONE))
    assert found["nose_removed"].value is None
    assert found["face_present"].value == 0


def test_rays_beside_a_zone_or_out_of_the_field_of_view_count_neither_way(zones: Zones) -> None:
    left_beside = rays((RAYS - 200, np.nan), (200, 30.0))
    assert zones(Surface(FACE, left_beside, outside=200))["nose_removed"].value == 100
    left_before = rays((50, 30.0), (RAYS - 50, np.nan))
    assert zones(Surface(FACE, left_before, unreached=50))["nose_removed"].value == 100


@pytest.mark.parametrize(("unseen", "known"), [(100, True), (101, False)])
def test_whether_there_was_a_face_is_known_where_the_field_of_view_holds_nine_tenths_of_it(
    zones: Zones, unseen: int, known: bool
) -> None:
    found = zones(Surface(FACE, GONE, unseen=unseen))
    assert ("face_present" in found) is known
    found = zones(Surface(rays((RAYS, -1.0)), GONE, unseen=unseen))
    assert ("field of view" not in found["nose_removed"].remark) is known


@pytest.mark.parametrize(("met", "state"), [(300, "pass"), (299, "review")])
def test_a_face_was_there_where_three_rays_of_ten_met_one(zones: Zones, met: int, state: str) -> None:
    check = zones(Surface(rays((met, 30.0), (RAYS - met, -1.0)), GONE))["face_present"]
    assert (check.state, check.value, check.code) == (state, met / 10, "defaced_before")


def test_rays_that_the_field_of_view_does_not_hold_say_nothing_of_whether_there_was_a_face(zones: Zones) -> None:
    was = rays((100, -1.0), (270, 30.0), (RAYS - 370, -1.0))
    assert zones(Surface(was, GONE, unseen=100))["face_present"].value == 30
    assert zones(Surface(was, GONE, unreached=100))["face_present"].value == 30


def test_eyes_alone_are_no_proof_that_a_face_was_there(zones: Zones) -> None:
    """Programs that take nose and mouth may leave them; where nothing else lies in view they are all there is."""

    class Eyes(Surface):
        def columns(self, zone: Zone) -> Array:
            return np.arange(RAYS) < 100 if zone.name == "eyes" else np.arange(RAYS) >= 100

    was = rays((100, 30.0), (RAYS - 100, -1.0))
    assert zones(Eyes(was, GONE))["face_present"].value == 0

    class EyesAlone(Eyes):
        def in_view(self, zone: Zone, _: View) -> Array:
            return np.full(RAYS, zone.name == "eyes")

    assert zones(EyesAlone(was, GONE))["face_present"].value == 100


def test_one_zone_that_shows_a_face_is_enough(zones: Zones) -> None:
    class Chin(Surface):
        def columns(self, zone: Zone) -> Array:
            return np.arange(RAYS) < 100 if zone.name == "chin" else np.arange(RAYS) >= 100

    assert zones(Chin(rays((100, 30.0), (RAYS - 100, -1.0)), GONE))["face_present"].value == 100


def test_ears_say_nothing_of_whether_there_was_a_face(zones: Callable[..., dict[str, Check]]) -> None:
    class Ears(Surface):
        def surface_mm(self, view: View, keep: Array | None = None) -> NDArray[np.float64]:
            surface = super().surface_mm(view, keep)
            return surface if view != "front" else np.full(RAYS, np.nan)

    found = zones(Ears(FACE, GONE), ears=True)
    assert found["face_present"].value == 0
    assert found["ear_left_removed"].value == found["ear_right_removed"].value == 100


def test_a_voxel_stays_or_goes_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head's voxels lie between those on which its surface is looked for: the nearest one counts."""
    kept: list[Array] = []

    class Kept(Surface):
        def surface_mm(self, view: View, keep: Array | None = None) -> NDArray[np.float64]:
            kept.extend([] if keep is None else [keep])
            return super().surface_mm(view, keep)

    between = HERE.copy()
    between[2, 3] = 0.4
    monkeypatch.setattr(mask_checks, "face_box", lambda *_: Kept(FACE, GONE, grid=Grid((8, 8, 8), between)))
    keep = np.zeros((8, 8, 8), bool)
    keep[:, :, :4] = True
    mask_checks.zones(HEAD, keep, HERE, ears=False)
    assert np.array_equal(kept[0][:, :, :7], keep[:, :, :7])


@pytest.fixture
def mask_of(monkeypatch: pytest.MonkeyPatch, deface_settings: settings.Deface) -> Callable[..., dict[str, Check]]:
    """What is found of a mask that removes so many of the head's voxels, where the zones are as given."""

    def check(removed: int, zones: dict[str, Check], *, bright: int = 1000) -> dict[str, Check]:
        monkeypatch.setattr(mask_checks, "zones", lambda *_, **__: zones)
        monkeypatch.setattr(mask_checks, "brain_margin", lambda *_: checks_pass("brain_cut"))
        data = np.zeros((20, 20, 40), np.float32)
        data[::2, ::2, ::2].flat[:bright] = 100
        keep = np.ones(data.shape, bool)
        of_head = np.ones(2000, bool)
        of_head[:removed] = False
        keep[::2, ::2, ::2] = of_head.reshape(10, 10, 20)
        return mask_checks.of_mask(Volume(data, HERE), keep, HERE, deface_settings)

    return check


def checks_pass(code: str) -> Check:
    return Check(1.0, "at least", (0.5,), "pass", code)


@pytest.mark.parametrize(
    ("removed", "state", "code"),
    [
        (0, "fail", "face_left"),
        (4, "fail", "face_left"),
        (5, "pass", ""),
        (350, "pass", ""),
        (351, "fail", "brain_cut"),
    ],
)
def test_a_mask_removes_neither_hardly_anything_nor_a_great_part_of_the_head(
    mask_of: Callable[..., dict[str, Check]], removed: int, state: str, code: str
) -> None:
    check = mask_of(removed, {})["removed_percent"]
    assert (check.state, check.value) == (state, removed / 10)
    assert code in ("", check.code)


def test_air_that_a_mask_removes_does_not_count(mask_of: Callable[..., dict[str, Check]]) -> None:
    assert mask_of(100, {}, bright=50)["removed_percent"].value == 100


def test_an_image_without_a_head_has_nothing_removed(mask_of: Callable[..., dict[str, Check]]) -> None:
    assert mask_of(100, {}, bright=0)["removed_percent"].state == "fail"


@pytest.mark.parametrize(
    ("present", "states"),
    [("review", ("review", "defaced_before")), ("pass", ("fail", "face_left")), (None, ("fail", "face_left"))],
)
def test_where_there_was_no_face_a_mask_that_removes_little_is_for_a_person(
    mask_of: Callable[..., dict[str, Check]], present: str | None, states: tuple[str, str]
) -> None:
    failed = replace(checks_pass("face_left"), state="fail")
    given = {"nose_removed": failed}
    if present:
        given["face_present"] = replace(checks_pass("defaced_before"), state=present)
    found = mask_of(0, given)
    assert [(found[name].state, found[name].code) for name in ("nose_removed", "removed_percent")] == [states, states]
    assert found["brain_margin_mm"].state == "pass"


def image(stored: Array, head: bytes = b"head", tail: bytes = b"tail") -> StoredImage:
    return StoredImage(head, stored, tail, HERE, 1, 0)


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_a_single_change_besides_the_face_fails(kind: type) -> None:
    before = np.arange(4**3, dtype=kind).reshape(4, 4, 4)
    keep = before > 9
    faceless = np.where(keep, before, 0).astype(kind)
    other = faceless.copy()
    other[3, 3, 3] += 1
    changed = [
        mask_checks.untouched(image(before), after, keep)
        for after in (image(other), image(faceless, head=b"Head"), image(faceless, tail=b"Tail"))
    ]
    assert [(check.state, check.value, check.code) for check in changed] == [("fail", 1, "brain_cut")] * 3
    whole = mask_checks.untouched(image(before), image(faceless), keep)
    assert (whole.state, whole.value, whole.limits) == ("pass", 0, (0,))
    both = mask_checks.untouched(image(before), image(other, head=b"Head", tail=b"Tail"), keep)
    assert both.value == 3


def test_a_value_that_is_no_number_is_untouched_where_it_stays() -> None:
    before = np.full((4, 4, 4), np.nan, np.float32)
    assert mask_checks.untouched(image(before), image(before.copy()), np.ones(before.shape, bool)).ok


@pytest.fixture
def margin(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Check]:
    """The margin of a mask that removes all from a height on, above a brain that is a cube up to 40 mm."""

    def check(
        first_removed_mm: float,
        *,
        voxel_mm: tuple[float, float, float] = (2, 2, 2),
        moved_mm: float = 0,
        least_mm: float = 3,
        brain_top_mm: float = 40,
        inside: float = 1,
    ) -> Check:
        brain = np.zeros((30, 30, 40), np.float32)
        brain[5:25, 5:25, 5 : int(brain_top_mm / 2) + 1] = inside
        template = np.diag([2.0, 2, 2, 1])
        template[:3, 3] = -30, -20, 10
        monkeypatch.setattr(head_template, "brain", lambda: Volume(brain, template))
        shape = tuple(int(size / edge) for size, edge in zip((60, 60, 80), voxel_mm, strict=True))
        affine = np.diag([*voxel_mm, 1.0])
        affine[:3, 3] = -30, -20, 10 + 2 + moved_mm
        to_template = np.eye(4)
        to_template[2, 3] = -moved_mm
        height_mm = np.arange(shape[2]) * voxel_mm[2] + 2
        keep = np.broadcast_to(height_mm < first_removed_mm, shape)
        return mask_checks.brain_margin(Volume(np.zeros(shape, np.float32), affine), keep, to_template, least_mm)

    return check


Margin = Callable[..., Check]


@pytest.mark.parametrize(
    ("first_removed_mm", "value", "state"), [(60, 20, "pass"), (44, 4, "pass"), (42, 2, "review"), (40, 0, "fail")]
)
def test_a_cut_near_the_brain_is_for_a_person_and_one_that_reaches_it_fails(
    margin: Margin, first_removed_mm: float, value: float, state: str
) -> None:
    check = margin(first_removed_mm)
    assert (check.value, check.state, check.code) == (value, state, "brain_cut")


def test_a_cut_may_come_as_near_as_the_settings_say(margin: Margin) -> None:
    assert margin(44, least_mm=4).state == "pass"
    assert margin(44, least_mm=5).state == "review"


def test_what_is_brain_by_half_is_brain(margin: Margin) -> None:
    assert margin(60, inside=0.5).value == 20
    assert margin(60, inside=0.49).value is None


@pytest.mark.parametrize("voxel_mm", [(1, 1, 1), (1, 1, 4), (0.5, 2, 1), (4, 4, 4)])
def test_the_distance_to_the_brain_is_in_millimetres_whatever_the_voxels(
    margin: Margin, voxel_mm: tuple[float, float, float]
) -> None:
    value = margin(60, voxel_mm=voxel_mm).value
    assert value is not None
    assert abs(value - 20) <= max(voxel_mm)
    assert value == margin(60, voxel_mm=voxel_mm, moved_mm=-24).value


def test_where_nothing_is_removed_or_no_brain_is_in_view_there_is_no_margin(margin: Margin) -> None:
    for check in (margin(1000), margin(60, moved_mm=0, brain_top_mm=8)):
        assert (check.value, check.state, check.limits, check.code) == (None, "pass", (3,), "brain_cut")
