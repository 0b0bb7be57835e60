"""What would be released of one session: a list of files, each with the stage that it comes from.

Everything comes from the conversion, but for one rule that the release stands on: an image that shows the head comes
from defacing or not at all.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from unface.run.files import read_table, table_text, write_whole
from unface.run.outcome import Work

FILE = "contents.tsv"
HEAD_FOLDERS = {"anat", "pet", "ct"}
"""Whatever lies in these folders of a session is an image of the head."""

_MASK = re.compile(r"_mod-[A-Za-z0-9]+(_[a-z]+-[A-Za-z0-9]+)*_defacemask\.(nii\.gz|json)$")


@dataclass(frozen=True)
class Released:
    """One file that may be released: its path in the dataset, the stage it comes from, its digest and size."""

    path: str
    source: str
    sha256: str
    bytes: int

    def lies_in(self, stage_folder: Path) -> Path:
        return stage_folder / "bids" / self.path


@dataclass(frozen=True)
class Heads:
    """Which images show the head and so have to come from defacing.

    Those with the suffixes that are defaced, and every image in a folder of anatomy, so that no face gets through by a
    suffix that the settings leave out or misspell. `faceless`: suffixes of other images that show no face,
    wherever BIDS files them.
    """

    suffixes: Collection[str]
    faceless: Collection[str]

    def __contains__(self, path: str) -> bool:
        if not is_image(path) or _MASK.search(path):
            return False
        anatomical = path.split("/")[-2] in HEAD_FOLDERS and suffix(path) not in self.faceless
        return anatomical or suffix(path) in self.suffixes


def candidates(work: Work, converted: Path, defaced: Path, shown: Heads) -> list[tuple[str, Path]]:
    """Each file that would be released as (stage, file below `bids/`), by path.

    Withholds the session if a head image was not defaced, if defacing left anything other than defaced images and
    their masks, or if something is not a regular file.
    """
    whole, faceless = _files(work, converted / "bids"), _files(work, defaced / "bids")
    heads = {path for path in whole if path in shown}
    for path in sorted(heads - faceless.keys()):
        work.withhold(
            "face_left",
            f"{path} shows the head and was not defaced: give its suffix to deface.suffixes, or to audit.faceless if "
            "it shows no face",
        )
    for path in sorted(faceless.keys() - heads):
        if not _MASK.search(path):
            work.withhold("unaudited", "defacing left a file that is neither the image of a head nor a mask")
    if any(_MASK.search(path) for path in whole):
        work.withhold("unaudited", "conversion made a file with the name of a face mask")
    chosen = {path: ("convert", file) for path, file in whole.items() if path not in heads}
    chosen |= {path: ("deface", file) for path, file in faceless.items() if path in heads or _MASK.search(path)}
    return [chosen[path] for path in sorted(chosen)]


def _files(work: Work, bids: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(bids.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            work.withhold("unaudited", "a link or a special file stands among the results")
        elif path.is_file():
            found[path.relative_to(bids).as_posix()] = path
    return found


def is_image(path: str) -> bool:
    return path.endswith((".nii", ".nii.gz"))


def suffix(path: str) -> str:
    """The BIDS suffix: what stands last in a name, before its extension."""
    return path.rsplit("/", 1)[-1].split(".", 1)[0].rsplit("_", 1)[-1]


def write(path: Path, rows: Sequence[Released]) -> None:
    write_whole(path, table_text([field.name for field in fields(Released)], map(astuple, rows)), mode=0o600)


def read(path: Path) -> Iterator[Released]:
    for row in read_table(path):
        yield Released(row["path"], row["source"], row["sha256"], int(row["bytes"]))
