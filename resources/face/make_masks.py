"""Make the template masks of unface from what comes in wheels: `python resources/face/make_masks.py`.

Writes beside itself, on the grid of pydeface's mean head (`mean_reg2mean.nii.gz`):

brain.nii.gz
    1 in the brain. nilearn's MNI152 brain, carried by affine registrations with niimath: the first aligns the whole
    head, the next ones the head without what lies outside the last brain, so that the skull stops pulling.
keep.nii.gz
    The face mask, 1 keep, 0 removed. pydeface's mask, and beyond it the eyes up to the brows: all that lies in
    front of a plane behind the eyes, below the brows and at least `EYES_BRAIN_MM` from the brain. The outermost planes
    repeat their neighbours, so that a head larger than the template continues them outward; pydeface's are set to
    keep.
"""

import json
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

HERE = Path(__file__).resolve().parent
TEMPLATE = files("pydeface") / "data" / "mean_reg2mean.nii.gz"
FACE_MASK = files("pydeface") / "data" / "facemask.nii.gz"
MNI_BRAIN = files("nilearn") / "datasets" / "data" / "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"

EYES_BRAIN_MM = 7.0
EYES_BACK_MM = 68.0  # world y of the template: behind the eyes, where pydeface's mask cuts the cheeks
BROWS_MM = -4.0  # world z of the template

EARS_BRAIN_MM = 8.0
EARS_MM = 61.0  # beside the middle of the template's head
EARS_Y_MM, EARS_Z_MM = (-46.0, 16.0), (-84.0, -10.0)


def brain_on_template(rounds: int = 4) -> NDArray[np.bool_]:
    """nilearn's brain on the template's grid."""
    template, mni = nib.load(TEMPLATE), nib.load(MNI_BRAIN)
    head = np.asarray(template.dataobj, dtype=np.float32)
    mni_mask = (np.asarray(mni.dataobj) > 0).astype(np.float32)
    brain = np.ones(head.shape, bool)
    with tempfile.TemporaryDirectory() as folder:
        moving, matrix = Path(folder) / "head.nii", Path(folder) / "affine.json"
        for _ in range(rounds):
            nib.save(nib.Nifti1Image(np.where(brain, head, 0).astype(np.float32), template.affine), moving)
            niimath = [str(Path(sys.executable).with_name("niimath")), str(moving), "-allineate", str(MNI_BRAIN)]
            subprocess.run([*niimath, "-savemat", str(matrix), str(Path(folder) / "out")], check=True)
            template_to_mni = np.array(json.loads(matrix.read_text())["moving_to_fixed"])
            voxels = np.linalg.inv(mni.affine) @ template_to_mni @ template.affine
            carried = ndimage.affine_transform(
                mni_mask, voxels[:3, :3], voxels[:3, 3], output_shape=head.shape, order=1
            )
            brain = ndimage.binary_fill_holes(carried > 0.5)
    return brain


def with_eyes(keep: NDArray[np.bool_], brain: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The face mask with the eyes taken too, and with sound outer planes."""
    mm = nib.affines.voxel_sizes(affine)
    world = nib.affines.apply_affine(affine, np.moveaxis(np.indices(keep.shape), 0, -1))
    to_brain_mm = ndimage.distance_transform_edt(~brain, sampling=mm)
    eyes = (world[..., 1] > EYES_BACK_MM) & (world[..., 2] < BROWS_MM) & (to_brain_mm >= EYES_BRAIN_MM)
    keep = keep & ~eyes
    inner = tuple(slice(2, -2) for _ in range(3))
    return np.pad(keep[inner], 2, mode="edge")


def without_ears(keep: NDArray[np.bool_], brain: NDArray[np.bool_], affine: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The face mask with the ears taken too."""
    x, y, z = np.moveaxis(nib.affines.apply_affine(affine, np.moveaxis(np.indices(keep.shape), 0, -1)), -1, 0)
    to_brain_mm = ndimage.distance_transform_edt(~brain, sampling=nib.affines.voxel_sizes(affine))
    # The template's head is turned a little: its middle is not a plane of constant x.
    beside_mm = np.abs(x - (-13.0 + 0.05 * y))
    high = (y > EARS_Y_MM[0]) & (y < EARS_Y_MM[1]) & (z > EARS_Z_MM[0]) & (z < EARS_Z_MM[1])
    return keep & ~(high & (beside_mm > EARS_MM) & (to_brain_mm >= EARS_BRAIN_MM))


def save(name: str, mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> None:
    image = nib.Nifti1Image(mask.astype(np.uint8), affine)
    image.set_qform(affine, 2)
    image.set_sform(affine, 2)
    nib.save(image, HERE / name)


if __name__ == "__main__":
    face = nib.load(FACE_MASK)
    brain = brain_on_template()
    save("brain.nii.gz", brain, face.affine)
    keep = with_eyes(np.asarray(face.dataobj) >= 0.5, brain, face.affine)
    save("keep.nii.gz", keep, face.affine)
    save("keep_no_ears.nii.gz", without_ears(keep, brain, face.affine), face.affine)
