"""Names of images by BIDS, and where the face mask of one lies."""

from pathlib import Path

NIFTI = ".nii.gz"
"""How the name of every image ends."""


def stem(image: str | Path) -> str:
    """An image's file name without its ending.

    Parameters
    ----------
    image
        A path or name.

    Returns
    -------
    str
        Such as `sub-X_T1w`.
    """
    return Path(image).name.removesuffix(NIFTI)


TWIN_ENTITIES = ("echo", "part", "inv", "flip", "mt")
"""What tells images of one acquisition apart: they lie at the same place and share one registration and one mask."""


def without_twins(image: str) -> str:
    """A BIDS path without the entities that tell images of one acquisition apart: equal for all of them.

    Parameters
    ----------
    image
        The path of an image in BIDS.

    Returns
    -------
    str
        Such as `anat/sub-X_MEGRE.nii.gz` of `anat/sub-X_echo-1_MEGRE.nii.gz`.
    """
    return "_".join(part for part in image.split("_") if part.split("-")[0] not in TWIN_ENTITIES)


MASKS = "masks"
"""Folder of the defaced stage for face masks that BIDS has no name for: they are looked at and not released."""


def mask_path(image: str) -> str | None:
    """The BIDS path of an image's face mask: `anat/sub-X_echo-1_T1w.nii.gz` has `anat/sub-X_mod-T1w_defacemask.nii.gz`.

    Parameters
    ----------
    image
        The path of an image in BIDS.

    Returns
    -------
    str or None
        None for what BIDS knows no face mask of: it does of anatomical images alone.
    """
    entities, suffix = without_twins(image).removesuffix(NIFTI).rsplit("_", 1)
    return f"{entities}_mod-{suffix}_defacemask.nii.gz" if Path(image).parent.name == "anat" else None


def mask_names(image: str) -> list[str]:
    """Where the face mask of an image may lie in the folder of the defaced stage: its own first, then a shared one.

    Parameters
    ----------
    image
        The path of an image in BIDS.

    Returns
    -------
    list of str
        Paths from the folder of the defaced stage.
    """
    shared = mask_path(image)
    return [f"{MASKS}/{image}", *([f"bids/{shared}"] if shared else [])]


def mask_file(defaced: Path, image: str) -> Path | None:
    """The face mask of an image, if there is one.

    Parameters
    ----------
    defaced
        The folder of the defaced stage.
    image
        The path of the image in BIDS.

    Returns
    -------
    Path or None
        The first of `mask_names` that is there.
    """
    return next((defaced / name for name in mask_names(image) if (defaced / name).is_file()), None)
