"""Which registration is believed, and when one engine is not enough.

Registrations are given by hand here, as each real one takes seconds; real ones are in test_deface.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unface.deface import faces, mask_checks, other_programs, registration
from unface.deface.checks import Check, State, at_least
from unface.deface.faces import Face, find_faces
from unface.deface.heads import Head
from unface.deface.registration import Registration
from unface.deface.registration_checks import left_right_lead
from unface.imaging.stored_image import StoredImage
from unface.imaging.volume import Volume
from unface.run import settings
from unface.run.outcome import WithheldError

HERE = np.eye(4)
ONE = (HERE,)


def check(state: State, value: float = 1.0) -> Check:
    return Check(value, "at least", (0.61,), state, "registration_failed")


def fit(
    engine: str, ngf: float, state: State = "pass", others: tuple[Any, ...] | None = None, *, header_lies: bool = False
) -> Registration:
    return Registration(engine, HERE, ngf, others, {"ngf": check(state, ngf)}, header_lies)


def head(number: int, path: str = "") -> Head:
    """A head whose voxels all have its number, by which the stand-ins know it."""
    stored = StoredImage(b"", np.full((8, 8, 8), number, np.int16), b"", HERE * [number, 1, 1, 1], 1, 0)
    return Head(path or f"sub-x/anat/sub-x_run-{number}_T1w.nii.gz", stored)


@dataclass
class Engines:
    """What registering gives, by the number of the head, and what was asked."""

    template: dict[int, list[Registration]] = field(default_factory=dict)
    image: dict[int, Registration] = field(default_factory=dict)
    masked: dict[int, dict[str, Check]] = field(default_factory=dict)
    moved: Check = field(default_factory=lambda: check("pass", 0.0))
    asked: list[tuple[int, str]] = field(default_factory=list)

    def with_template(self, head: Head, *_: object) -> Iterator[Registration]:
        for given in self.template.get(number(head.stored.volume()), []):
            self.asked.append((number(head.stored.volume()), given.engine))
            yield given

    def with_image(self, head: Volume, reference: Volume, *_: object) -> Registration:
        self.asked.append((number(head), f"to {number(reference)}"))
        return self.image[number(head)]

    def of_mask(self, head: Volume, *_: object) -> dict[str, Check]:
        return self.masked.get(number(head), {})


def number(volume: Volume) -> int:
    return int(volume.data.max())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> Engines:
    made = Engines()
    monkeypatch.setattr(registration, "with_template", made.with_template)
    monkeypatch.setattr(registration, "with_image", made.with_image)
    monkeypatch.setattr(registration, "moved", lambda *_: made.moved)
    monkeypatch.setattr(mask_checks, "of_mask", made.of_mask)
    monkeypatch.setattr(faces, "template_mask", lambda grid, *_, **__: np.ones(grid.shape, bool))
    return made


@pytest.fixture
def find(deface_settings: settings.Deface, tmp_path: Path) -> Callable[..., dict[str, Face]]:
    def run(*heads: Head, **changed: Any) -> dict[str, Face]:
        return find_faces(heads, replace(deface_settings, **changed), tmp_path)

    return run


Find = Callable[..., dict[str, Face]]


def found(faces_by_path: dict[str, Face]) -> list[tuple[str, str]]:
    return [(face.registration.engine, face.state) for face in faces_by_path.values()]


def test_a_head_that_one_engine_is_not_sure_of_is_not_believed_before_another_was_asked(
    engines: Engines, find: Find
) -> None:
    engines.template[1] = [fit("first", 0.65), fit("second", 0.64, others=ONE), fit("third", 0.9)]
    assert found(find(head(1))) == [("second", "pass")]
    assert engines.asked == [(1, "first"), (1, "second")]


def test_a_head_that_the_first_engine_is_sure_of_needs_no_other(engines: Engines, find: Find) -> None:
    engines.template[1] = [fit("first", 0.7), fit("second", 0.9, others=ONE)]
    assert found(find(head(1))) == [("first", "pass")]
    assert engines.asked == [(1, "first")]


def test_of_registrations_that_do_not_pass_the_one_with_the_best_gradients_stays(engines: Engines, find: Find) -> None:
    engines.template[1] = [
        fit("first", 0.5, "fail"),
        fit("second", 0.6, "fail"),
        fit("third", 0.6, "review"),
        fit("last", 0.55, "review"),
    ]
    assert found(find(head(1))) == [("third", "review")]
    assert len(engines.asked) == 4


def test_a_mask_that_fails_asks_the_next_engine(engines: Engines, find: Find) -> None:
    engines.template[1] = [fit("first", 0.8), fit("second", 0.8, others=ONE)]
    engines.masked[1] = {"eyes_removed": check("fail"), "face_present": check("pass")}
    assert found(find(head(1))) == [("second", "fail")]
    assert len(engines.asked) == 2


def test_where_the_header_lies_no_other_engine_is_asked(engines: Engines, find: Find) -> None:
    engines.template[1] = [fit("first", 0.65, "fail", header_lies=True), fit("second", 0.9, others=ONE)]
    assert found(find(head(1))) == [("first", "fail")]


@pytest.mark.parametrize(("ngf", "asked"), [(0.8, 1), (0.65, 2)])
def test_a_head_whose_face_was_gone_before_is_not_registered_again_if_it_lies_well(
    engines: Engines, find: Find, ngf: float, asked: int
) -> None:
    engines.template[1] = [fit("first", ngf), fit("second", ngf, others=ONE)]
    engines.masked[1] = {"face_present": check("review")}
    assert next(iter(find(head(1)).values())).state == "review"
    assert len(engines.asked) == asked


def test_a_head_that_no_engine_finds_is_left_out_and_the_others_stay(engines: Engines, find: Find) -> None:
    engines.template[2] = [fit("first", 0.8)]
    engines.image[1] = fit("rigid", 0.3, "fail")
    first, second = head(1), head(2)
    assert set(find(first)) == set()
    assert set(find(second)) == {second.path}


def test_the_others_are_fitted_to_the_first_head_that_passed(engines: Engines, find: Find) -> None:
    engines.template = {1: [fit("first", 0.8)], 2: [fit("first", 0.8)]}
    engines.image = {2: fit("rigid", 0.9), 3: fit("rigid", 0.9)}
    assert found(find(head(1), head(2), head(3))) == [("first", "pass"), ("rigid", "pass"), ("rigid", "pass")]
    assert engines.asked == [(1, "first"), (2, "to 1"), (3, "to 1")]


def test_a_head_that_was_looked_at_before_one_passed_is_fitted_to_that_one_afterwards(
    engines: Engines, find: Find
) -> None:
    engines.template = {1: [fit("first", 0.6, "fail")], 2: [fit("first", 0.8)]}
    engines.image[1] = fit("rigid", 0.9)
    assert found(find(head(1), head(2))) == [("rigid", "pass"), ("first", "pass")]
    assert engines.asked == [(1, "first"), (2, "first"), (1, "to 2")]


def test_a_head_that_no_engine_found_by_itself_is_found_by_another_of_its_session(engines: Engines, find: Find) -> None:
    engines.template[2] = [fit("first", 0.8)]
    engines.image[1] = fit("rigid", 0.9)
    assert found(find(head(1), head(2))) == [("rigid", "pass"), ("first", "pass")]


def test_what_does_not_fit_the_first_head_is_registered_by_itself_and_the_better_one_counts(
    engines: Engines, find: Find
) -> None:
    engines.template = {
        1: [fit("first", 0.8)],
        2: [fit("itself", 0.8)],
        3: [fit("itself", 0.8, "fail")],
        4: [fit("itself", 0.8, "review")],
        5: [fit("itself", 0.8, "fail")],
    }
    engines.image = {
        2: fit("rigid", 0.5, "fail"),
        3: fit("rigid", 0.5, "review"),
        4: fit("rigid", 0.5, "review"),
        5: fit("rigid", 0.5, "fail"),
        6: fit("rigid", 0.5, "fail"),
    }
    assert found(find(*map(head, range(1, 7))))[1:] == [
        ("itself", "pass"),
        ("rigid", "review"),
        ("itself", "review"),
        ("itself", "fail"),
        ("rigid", "fail"),
    ]
    assert engines.asked.count((6, "to 1")) == 1


def test_a_head_fitted_late_keeps_its_own_registration_where_that_is_no_worse(engines: Engines, find: Find) -> None:
    engines.template = {1: [fit("itself", 0.6, "review")], 2: [fit("first", 0.8)]}
    engines.image[1] = fit("rigid", 0.5, "fail")
    assert found(find(head(1), head(2)))[0] == ("itself", "review")


@pytest.mark.parametrize(
    ("ngf", "lead", "state"),
    [
        (0.63, -0.09, "review"),
        (0.61, -0.09, "review"),
        (0.6, -0.09, "pass"),
        (0.0, -0.09, "pass"),
        (0.8, -0.0001, "review"),
        (0.65, -0.0001, "pass"),
        (0.8, 0.09, "pass"),
    ],
)
def test_a_doubt_about_the_sides_that_another_image_casts_stays(
    engines: Engines, find: Find, ngf: float, lead: float, state: str
) -> None:
    """By the exchanged head's gradients: those of the head less its lead."""
    engines.template = {1: [fit("first", 0.8)], 2: [fit("itself", 0.8)]}
    rigid = fit("rigid", ngf, "fail")
    engines.image[2] = replace(rigid, checks=rigid.checks | {"left_right_lead": left_right_lead(lead)})
    face = find(head(1), head(2))[head(2).path]
    assert (face.registration.engine, face.state) == ("itself", state)
    assert face.checks["ngf"].value == 0.8


def test_a_doubt_about_the_sides_stays_with_a_head_that_was_looked_at_first(engines: Engines, find: Find) -> None:
    engines.template = {1: [fit("itself", 0.8, "review")], 2: [fit("first", 0.8)]}
    rigid = fit("rigid", 0.65, "fail")
    engines.image[1] = replace(rigid, checks=rigid.checks | {"left_right_lead": left_right_lead(-0.09)})
    assert "left_right_lead" in find(head(1), head(2))[head(1).path].checks


def test_a_head_that_only_another_image_places_keeps_what_that_one_says(engines: Engines, find: Find) -> None:
    engines.template = {1: [fit("first", 0.8)]}
    rigid = fit("rigid", 0.65, "fail")
    engines.image[2] = replace(rigid, checks=rigid.checks | {"left_right_lead": left_right_lead(-0.09)})
    assert found(find(head(1), head(2)))[1] == ("rigid", "fail")


def twins(*parts: str) -> list[Head]:
    """Images of one acquisition on one grid."""
    return [head(1, f"sub-x/anat/sub-x_{part}_MEGRE.nii.gz") for part in parts]


def test_images_of_one_acquisition_share_the_face_of_the_first(engines: Engines, find: Find) -> None:
    engines.template[1] = [fit("first", 0.8)]
    engines.moved = check("fail", 9.0)
    shared = find(*twins("echo-1", "echo-2", "echo-1_part-phase"))
    assert len({id(face) for face in shared.values()}) == 1
    assert len(shared) == 3
    assert engines.asked == [(1, "first")]


def test_a_scan_taken_later_is_held_against_the_face_that_it_shares(engines: Engines, find: Find) -> None:
    engines.template[1] = [fit("first", 0.8)]
    engines.moved = check("review", 9.0)
    first, second, phase = (face for face in find(*twins("flip-1", "flip-2", "flip-2_part-phase")).values())
    assert (first.state, second.state, phase.state) == ("pass", "review", "pass")
    assert second.checks["moved_mm"].value == 9.0
    assert second.checks["ngf"] == first.checks["ngf"]


def test_a_mask_that_fails_on_a_later_scan_fails_for_that_one(
    engines: Engines, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.template[1] = [fit("first", 0.8)]
    states = iter(["pass", "fail"])
    monkeypatch.setattr(mask_checks, "of_mask", lambda *_: {"eyes_removed": check(next(states))})
    assert [face.state for face in find(*twins("flip-1", "flip-2")).values()] == ["pass", "fail"]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A program of the user's own that keeps all; the heads that it was asked for."""
    asked: list[int] = []

    def kept(_: settings.Deface, volume: Volume, *__: object) -> np.ndarray:
        asked.append(number(volume))
        return np.ones(volume.data.shape, bool)

    monkeypatch.setattr(other_programs, "kept", kept)
    return asked


@pytest.mark.parametrize(("engine", "times"), [("pydeface", 1), ("quickshear", 2)])
def test_a_program_runs_once_for_a_head_unless_it_needs_the_registration(
    engines: Engines, find: Find, program: list[int], engine: str, times: int
) -> None:
    engines.template[1] = [fit("first", 0.6, "fail"), fit("second", 0.8, others=ONE)]
    faces_by_path = find(head(1), engine=engine)
    assert found(faces_by_path) == [("second", "pass")]
    assert faces_by_path[head(1).path].keep.all()
    assert program == [1] * times


def test_another_engine_does_not_mend_the_mask_of_a_program_on_a_head_that_lies_well(
    engines: Engines, find: Find, program: list[int]
) -> None:
    engines.template = {1: [fit("first", 0.8), fit("second", 0.8)], 2: [fit("first", 0.8, "fail"), fit("second", 0.8)]}
    engines.image[2] = fit("rigid", 0.5, "fail")
    engines.masked = {one: {"eyes_removed": at_least(10, 90, "face_left")} for one in (1, 2)}
    find(head(1), engine="pydeface")
    find(head(2), engine="pydeface")
    assert [len([asked for asked in engines.asked if asked[0] == one]) for one in (1, 2)] == [1, 2]
    assert program == [1, 2]


def test_a_program_that_fails_withholds_with_the_name_of_the_image(
    engines: Engines, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept(*_: object) -> None:
        raise WithheldError("engine_missing", "what is wrong")

    monkeypatch.setattr(other_programs, "kept", kept)
    engines.template[1] = [fit("first", 0.8)]
    with pytest.raises(WithheldError) as raised:
        find(head(1), engine="pydeface")
    assert raised.value.reason.code == "engine_missing"
    assert "sub-x_run-1_T1w" in raised.value.reason.sentence
    assert "what is wrong" in raised.value.reason.sentence
