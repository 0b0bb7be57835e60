"""Programs from elsewhere that deface an image: what they removed is read from what they wrote."""

import os
import shutil
from pathlib import Path

import numpy as np

from unface.deface import head_template
from unface.imaging import nifti
from unface.imaging.resampling import resampled
from unface.imaging.volume import Affine, Array, Volume
from unface.run import settings, tools
from unface.run.outcome import JobFailedError, WithheldError

QUICKSHEAR_BUFFER = 10
OTHER_GRID = "what the defacing program wrote is not on the image's own grid"


def kept(defacing: settings.Deface, volume: Volume, head_to_template: Affine, scratch: Path) -> Array:
    """What the program that the settings name keeps of an image.

    Parameters
    ----------
    defacing
        With `engine`, and the command of `command`.
    volume
        The first volume of the image: programs get it as floats, in a file with nothing but its affine.
    head_to_template
        Our own registration: quickshear needs a brain mask, which is carried by it.
    scratch
        Folder that takes the program's files.

    Returns
    -------
    (i, j, k) bool array
        True where kept.

    Raises
    ------
    WithheldError
        `engine_missing` where the program is not installed, `registration_failed` if it fails on the image or writes
        something other than an image or a mask on the same grid, `tool_timeout`.
    """
    folder = scratch / "engine"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    before, after = folder / "head.nii.gz", folder / "defaced.nii.gz"
    nifti.write_volume(before, volume)
    if defacing.engine == "pydeface":
        arguments = _pydeface(before, after)
    elif defacing.engine == "quickshear":
        arguments = _quickshear(before, after, volume, head_to_template)
    else:
        arguments = _own(defacing.command, before, after)
    finished = tools.run(
        arguments,
        timeout_s=defacing.command_timeout_s,
        cwd=folder,
        environment={"TMPDIR": str(folder), "FSLOUTPUTTYPE": "NIFTI_GZ"},
    )
    if finished.status != 0 or not after.exists():
        raise WithheldError(
            "registration_failed",
            f"{Path(arguments[0]).name} ended with status {finished.status} "
            f"{'and' if after.exists() else 'and no output'} on a head image",
        )
    return _kept(volume, after)


def _pydeface(before: Path, after: Path) -> list[str | Path]:
    if shutil.which("flirt") is None or "FSLDIR" not in os.environ:
        raise WithheldError(
            "engine_missing",
            "deface.engine is pydeface, which needs FSL: `flirt` is not on PATH or FSLDIR is not set. Install FSL "
            "(https://fsl.fmrib.ox.ac.uk/fsl/docs) or set `deface.engine: niimath`",
        )
    # It gets the first volume alone: its way with 4D images is broken.
    return [_installed("pydeface"), before, "--outfile", after, "--force"]


def _quickshear(before: Path, after: Path, volume: Volume, head_to_template: Affine) -> list[str | Path]:
    program = _installed("quickshear")
    brain = resampled(head_template.brain(), volume.grid, head_to_template) >= 0.5
    mask = before.with_name("brain.nii.gz")
    nifti.write_volume(mask, Volume(brain.astype(np.uint8), volume.affine))
    return [program, before, mask, after, str(QUICKSHEAR_BUFFER)]


def _own(command: tuple[str, ...] | None, before: Path, after: Path) -> list[str | Path]:
    assert command is not None, "the settings' check asks for it"
    places = {"input": str(before), "output": str(after)}
    program, *words = [word.format(**places) for word in command]
    return [_installed(program), *words]


def _installed(program: str) -> str:
    try:
        return tools.find(program)
    except JobFailedError:
        raise WithheldError(
            "engine_missing", f"deface.engine needs the program {Path(program).name}, which is not installed"
        ) from None


def _kept(volume: Volume, file: Path) -> Array:
    """What a program kept: where the mask that it wrote is set, or where the image that it wrote is the same."""
    try:
        written = nifti.read_volume(file, np.float32, first_of_many=True)
    except nifti.NotAVolumeError:
        raise WithheldError("registration_failed", OTHER_GRID) from None
    except nifti.UNREADABLE:
        raise WithheldError("registration_failed", "what the defacing program wrote cannot be read as NIfTI") from None
    if written.data.shape != volume.data.shape or not np.allclose(written.affine, volume.affine, atol=1e-2):
        raise WithheldError("registration_failed", OTHER_GRID)
    if set(np.unique(written.data)) <= {0.0, 1.0}:
        return np.asarray(written.data > 0)
    return np.asarray(np.isclose(written.data, volume.data, rtol=1e-4, atol=1e-4))
