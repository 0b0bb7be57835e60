"""Programs from elsewhere that deface an image: what they removed is read from what they wrote."""

import os
import shutil
from pathlib import Path

import nibabel as nib
import numpy as np

from unface import tools
from unface.face.images import StoredImage
from unface.face.volume import Array
from unface.outcome import WithheldError

TIMEOUT_S = 1800


def pydeface(image: StoredImage, scratch: Path) -> Array:
    """What the real pydeface keeps of an image, True where kept; its soft edge counts as removed.

    Raises
    ------
    WithheldError
        `engine_missing` where FSL is not installed, `registration_failed` if pydeface fails on the image.
    """
    if shutil.which("flirt") is None or "FSLDIR" not in os.environ:
        raise WithheldError(
            "engine_missing",
            "deface.engine is pydeface, which needs FSL: `flirt` is not on PATH or FSLDIR is not set. Install FSL "
            "(https://fsl.fmrib.ox.ac.uk/fsl/docs) or set `deface.engine: niimath`",
        )
    first, output = scratch / "first.nii.gz", scratch / "pydefaced.nii.gz"
    # pydeface's way with 4D images is broken: it gets the first volume.
    values = image.volume()
    nib.save(nib.Nifti1Image(values.data, values.affine), first)  # type: ignore[no-untyped-call]
    finished = tools.run(
        [tools.find("pydeface"), first, "--outfile", output, "--force"],
        timeout_s=TIMEOUT_S,
        cwd=scratch,
        environment={"TMPDIR": str(scratch), "FSLOUTPUTTYPE": "NIFTI_GZ"},
    )
    if finished.status != 0 or not output.exists():
        raise WithheldError("registration_failed", "pydeface ended with an error on a head image")
    defaced = np.asarray(nib.load(output).dataobj, dtype=np.float32)  # type: ignore[attr-defined]
    return np.asarray(np.isclose(defaced, values.data, rtol=1e-4, atol=1e-4))
