"""The surface of a head from three sides."""

import numpy as np
import pytest

from unface.report.render import shaded, turned


def ball_with_nose() -> tuple[np.ndarray, np.ndarray]:
    """A ball of 40 mm with a bar of 16 mm to the front, beside a small thing that hangs in the air; 2 mm voxels."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -80
    x, y, z = np.moveaxis(np.indices((81, 81, 81)) * 2 - 80.0, 0, 0)
    head = x**2 + y**2 + z**2 < 40**2
    head |= (abs(x) < 6) & (y > 0) & (y < 56) & (abs(z) < 6)
    head |= (abs(x - 60) < 6) & (abs(y) < 6) & (abs(z - 60) < 6)
    return np.where(head, 100.0, 0.0).astype(np.float32), affine


def reach(picture: np.ndarray) -> tuple[float, float]:
    """How far what is seen goes to the viewer's left and right of the middle, in mm."""
    columns = np.flatnonzero((picture > 0).any(axis=0))
    middle = (picture.shape[1] - 1) / 2
    return (middle - columns[0]) / 2, (columns[-1] - middle) / 2


@pytest.mark.parametrize(("view", "left_mm"), [("front", 40), ("oblique", 40), ("left", 56)])
def test_the_nose_points_to_the_viewers_left_of_the_left_side_and_what_hangs_in_the_air_is_not_seen(view, left_mm):
    left, right = reach(shaded(*ball_with_nose())[view])
    assert left == pytest.approx(left_mm, abs=3)
    assert right == pytest.approx(40, abs=3)


def test_the_oblique_view_turns_the_head_as_its_degrees_say():
    data, _ = ball_with_nose()
    assert np.allclose(turned(data, 90), np.rot90(data), atol=1e-3)
    assert turned(data, 40).sum() == pytest.approx(data.sum(), rel=0.01)
