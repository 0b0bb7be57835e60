"""What BIDS asks for beside a diffusion image: b-values and b-vectors."""

from unface.convert.acquisitions import Acquisition, Target
from unface.mapping.criteria import values_of


def texts(acquisition: Acquisition, target: Target) -> tuple[str, str] | None:
    """The contents of the files bval and bvec of a diffusion image.

    Parameters
    ----------
    acquisition
        The acquisition, whose header may tell that no volume has diffusion weighting.
    target
        One of its images.

    Returns
    -------
    tuple of str, or None
        Those of bval and bvec as dcm2niix wrote them; None unless they have a value for every volume.
    """
    if target.image.bval.exists() and target.image.bvec.exists():
        bval, bvec = (path.read_text(encoding="ascii") for path in (target.image.bval, target.image.bvec))
        counts = {len(line.split()) for line in (bval + "\n" + bvec).splitlines() if line.strip()}
        return (bval, bvec) if counts == {target.geometry.volumes} else None
    b_values = [value for value in values_of(acquisition.fields.get("DiffusionBValue")) if value is not None]
    if b_values and all(value == 0 for value in b_values):
        zeros = " ".join("0" for _ in range(target.geometry.volumes)) + "\n"
        return zeros, zeros * 3
    return None
