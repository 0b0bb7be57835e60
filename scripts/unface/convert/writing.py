"""What convert leaves of a session: the images with their companions, and a table of when each began."""

from collections.abc import Iterable
from pathlib import Path

from unface.convert import gradients, nifti_headers, perfusion, sidecars
from unface.convert.acquisitions import Acquisition
from unface.run.files import NOT_AVAILABLE, table_text, write_whole
from unface.run.sessions import SessionId


def write_images(dataset: Path, acquisitions: Iterable[Acquisition]) -> dict[str, str]:
    """Write every image with its companions.

    Parameters
    ----------
    dataset
        The folder of the BIDS dataset.
    acquisitions
        Those to be kept, their targets named and complete; each becomes `converted`.

    Returns
    -------
    dict
        By the path of an image in the dataset when it began, in ISO form; empty text where that is not known.
    """
    written = {}
    for acquisition in acquisitions:
        for target in acquisition.targets:
            image = f"{target.stem}.nii.gz"
            (dataset / image).parent.mkdir(parents=True, exist_ok=True)
            nifti_headers.write_clean_gz(target.image.nifti, dataset / image)
            sidecars.write(dataset / f"{target.stem}.json", perfusion.without_context(target.sidecar))
            target.files += [image, f"{target.stem}.json"]
            diffusion = gradients.texts(acquisition, target) if target.suffix == "dwi" else None
            for extension, text in zip((".bval", ".bvec"), diffusion or (), strict=False):
                (dataset / f"{target.stem}{extension}").write_text(text, encoding="ascii")
                target.files.append(f"{target.stem}{extension}")
            if target.suffix == "asl":
                target.files.append(perfusion.write_context(target, dataset))
            written[image] = acquisition.began
        acquisition.state = "converted"
    return written


def write_scans(dataset: Path, session: SessionId, written: dict[str, str]) -> None:
    """Write the session's scans.tsv: its images in the order in which they were measured.

    Parameters
    ----------
    dataset
        The folder of the BIDS dataset.
    session
        Whose images they are.
    written
        When each image began, by its path in the dataset (`write_images`); without any there is no table.
    """
    if not written:
        return
    folder = session.bids_folder
    path = dataset / folder / f"{session.bids_prefix}_scans.tsv"
    rows = sorted(written.items(), key=lambda entry: (entry[1] or "9999", entry[0]))
    cells = [(image.removeprefix(f"{folder}/"), began or NOT_AVAILABLE) for image, began in rows]
    write_whole(path, table_text(("filename", "acq_time"), cells), mode=0o600)
