"""niimath `-allineate`: affine to the template."""

import json
from pathlib import Path

import numpy as np

from unface.deface import head_template
from unface.deface.heads import WORKING_MM
from unface.deface.registration_checks import tilt_degrees
from unface.imaging import nifti
from unface.imaging.resampling import resampled
from unface.imaging.volume import Affine, Volume
from unface.run import tools
from unface.run.outcome import WithheldError

TIMEOUT_S = 300
UPRIGHT_DEGREES = 40.0
"""A head tilted further is aligned again from where the first fit puts it: fits at 46 degrees were off by 8 mm, those
up to 43 degrees by 1 mm."""


def affine_to_template(head: Volume, scratch: Path, *, negative: bool = False) -> Affine | None:
    """Affine registration at niimath's cost `fast`.

    A head whose header puts it far from the template is not found at all: then from its centre of brightness. That
    comes second, for a long neck draws the centre away from the head.

    Parameters
    ----------
    head
        At the working resolution.
    scratch
        Folder for niimath's files.
    negative
        Whether it is aligned with the template's negative.

    Returns
    -------
    (4, 4) array or None
        World of the head to world of the template; None if niimath finds no such affine.
    """
    fit = _allineate(head, scratch, negative=negative)
    if fit is None:
        fit = _allineate(head, scratch, "-com", negative=negative)
    if fit is not None and tilt_degrees(fit) > UPRIGHT_DEGREES:
        again = affine_from(fit, head, scratch, negative=negative)
        fit = fit if again is None else again
    return fit


def affine_from(start: Affine, head: Volume, scratch: Path, *, negative: bool) -> Affine | None:
    """The same for a head as `start` puts it: moved, turned and of another size, but not sheared.

    Parameters
    ----------
    start
        World of the head to world of the template (4, 4).
    head, scratch, negative
        As in `affine_to_template`.

    Returns
    -------
    (4, 4) array or None
        World of the head to world of the template.
    """
    left, sizes, right = np.linalg.svd(start[:3, :3])
    middle = np.linalg.inv(start) @ [*head_template.MIDDLE_MM, 1]
    similar = np.eye(4)
    similar[:3, :3] = np.cbrt(sizes.prod()) * (left @ right)
    similar[:3, 3] = head_template.MIDDLE_MM - similar[:3, :3] @ middle[:3]
    grid = head_template.wide_grid(WORKING_MM)
    low = float(np.percentile(head.data[::2, ::2, ::2], 1))
    placed = Volume(resampled(head, grid, np.linalg.inv(similar), outside=low), grid.affine)
    fit = _allineate(placed, scratch, negative=negative)
    return None if fit is None else fit @ similar


def _allineate(head: Volume, scratch: Path, *options: str, negative: bool = False) -> Affine | None:
    moving, matrix = scratch / "head.nii", scratch / "affine.json"
    matrix.unlink(missing_ok=True)
    _write(moving, head)
    fixed = head_template.head_file()
    if negative and not (fixed := scratch / "negative.nii").exists():
        _write(fixed, head_template.negative())
    # The aligned head itself is not looked at: nearest neighbour is the quickest way to it.
    arguments: list[str | Path] = [tools.find("niimath"), moving, "-allineate", fixed]
    arguments += ["-cost", "fast", *options, "-final", "NN", "-savemat", matrix, scratch / "aligned"]
    try:
        finished = tools.run(arguments, timeout_s=TIMEOUT_S, cwd=scratch)
    except WithheldError:  # It crashed on this head, or did not come to an end: the next engine's turn.
        return None
    if finished.status != 0 or not matrix.exists():
        return None
    fit = np.array(json.loads(matrix.read_text())["moving_to_fixed"], dtype=float)
    return fit if np.isfinite(fit).all() and abs(np.linalg.det(fit[:3, :3])) > 1e-3 else None


def _write(file: Path, head: Volume) -> None:
    nifti.write_volume(file, Volume(head.data.astype(np.float32), head.affine))
