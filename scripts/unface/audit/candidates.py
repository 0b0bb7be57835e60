"""Which files of a session would be released.

Everything comes from the conversion, but for one rule that the release stands on: an image that shows the head comes
from defacing or not at all.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from unface.run.outcome import Work

HEAD_FOLDERS = {"anat", "pet", "ct"}
"""Whatever lies in these folders of a session is an image of the head."""

_MASK = re.compile(r"_mod-[A-Za-z0-9]+(_[a-z]+-[A-Za-z0-9]+)*_defacemask\.(nii\.gz|json)$")


@dataclass(frozen=True)
class Heads:
    """Which images show the head and so have to come from defacing: `path in heads` asks it of one.

    Those with the suffixes that are defaced, and every image in a folder of anatomy, so that no face gets through by a
    suffix that the settings leave out or misspell.

    Attributes
    ----------
    suffixes : collection of str
        BIDS suffixes that are defaced.
    faceless : collection of str
        Suffixes of other images that show no face, wherever BIDS files them.
    """

    suffixes: Collection[str]
    faceless: Collection[str]

    def __contains__(self, path: str) -> bool:
        if not is_image(path) or _MASK.search(path):
            return False
        anatomical = path.split("/")[-2] in HEAD_FOLDERS and suffix(path) not in self.faceless
        return anatomical or suffix(path) in self.suffixes


def candidates(work: Work, converted: Path, defaced: Path, heads: Heads) -> Mapping[str, tuple[str, Path]]:
    """Choose the files that would be released.

    Withholds the session if a head image was not defaced, if defacing left anything other than defaced images and
    their masks, or if something is not a regular file.

    Parameters
    ----------
    work
        Of the audit, which withholds the session.
    converted, defaced
        Folders of the two stages that the released files come from.
    heads
        Which images show the head: these come from `defaced` alone.

    Returns
    -------
    dict
        For each path in the dataset, in order, the stage and the file below its `bids/`.
    """
    whole, faceless = _files(work, converted / "bids"), _files(work, defaced / "bids")
    shown = {path for path in whole if path in heads}
    for path in sorted(shown - faceless.keys()):
        work.withhold(
            "face_left",
            f"{path} shows the head and was not defaced: give its suffix to deface.suffixes, or to audit.faceless if "
            "it shows no face",
        )
    for path in sorted(faceless.keys() - shown):
        if not _MASK.search(path):
            work.withhold("unaudited", "defacing left a file that is neither the image of a head nor a mask")
    if any(_MASK.search(path) for path in whole):
        work.withhold("unaudited", "conversion made a file with the name of a face mask")
    chosen = {path: ("convert", file) for path, file in whole.items() if path not in shown}
    chosen |= {path: ("deface", file) for path, file in faceless.items() if path in shown or _MASK.search(path)}
    return {path: chosen[path] for path in sorted(chosen)}


def _files(work: Work, bids: Path) -> dict[str, Path]:
    files = {}
    for path in sorted(bids.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            work.withhold("unaudited", "a link or a special file stands among the results")
        elif path.is_file():
            files[path.relative_to(bids).as_posix()] = path
    return files


def is_image(path: str) -> bool:
    """Whether a file is a NIfTI image, compressed or not.

    Parameters
    ----------
    path
        Its path in the dataset.

    Returns
    -------
    bool
        By its ending.
    """
    return path.endswith((".nii", ".nii.gz"))


def suffix(path: str) -> str:
    """The BIDS suffix: what stands last in a name, before its extension.

    Parameters
    ----------
    path
        A path in the dataset.

    Returns
    -------
    str
        Such as `T1w`.
    """
    return path.rsplit("/", 1)[-1].split(".", 1)[0].rsplit("_", 1)[-1]
