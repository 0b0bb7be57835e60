"""Which files of a session would leave: an image of the head from defacing or not at all."""

import os
from pathlib import Path

import pytest

from unface.audit.candidates import Heads, candidates, is_image, suffix
from unface.run.outcome import Work
from unface.run.sessions import SessionId

HEADS = Heads(("T1w", "T2w", "M0map"), ("T2starw",))
HERE = "sub-a/ses-b"
MASK = f"{HERE}/anat/sub-a_ses-b_mod-T1w_defacemask"


class Session:
    """What conversion and defacing left, and what comes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = Work("audit", SessionId("a", "b"), folder / "audit")

    def leave(self, stage: str, *paths: str) -> None:
        for path in paths:
            file = self.folder / stage / "bids" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()

    def chosen(self) -> dict[str, str]:
        found = candidates(self.work, self.folder / "convert", self.folder / "deface", HEADS)
        assert all(file == self.folder / stage / "bids" / path for path, (stage, file) in found.items())
        return {path: stage for path, (stage, _) in found.items()}

    @property
    def codes(self) -> list[str]:
        return [reason.code for reason in self.work.reasons]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.mark.parametrize(
    ("path", "shows"),
    [
        ("anat/sub-a_ses-b_T1w.nii.gz", True),
        ("anat/sub-a_ses-b_T1w.nii", True),
        ("anat/sub-a_ses-b_FLAIR.nii.gz", True),
        ("pet/sub-a_ses-b_pet.nii.gz", True),
        ("ct/sub-a_ses-b_ct.nii.gz", True),
        ("perf/sub-a_ses-b_M0map.nii.gz", True),
        ("fmap/sub-a_ses-b_T1w.nii.gz", True),
        ("anat/sub-a_ses-b_T2starw.nii.gz", False),
        ("func/sub-a_ses-b_bold.nii.gz", False),
        ("anat/sub-a_ses-b_T1w.json", False),
        ("anat/sub-a_ses-b_mod-T1w_defacemask.nii.gz", False),
        ("anat/sub-a_ses-b_mod-T1w_run-2_defacemask.nii.gz", False),
        ("anat/sub-a_ses-b_T1w_defacemask.nii.gz", True),
        ("anat/sub-a_ses-b_mod-_defacemask.nii.gz", True),
        ("anat/sub-a_ses-b_mod-T1w_defacemask_T1w.nii.gz", True),
        ("anat/sub-a_ses-b_mod-T1w_defacemask.nii", True),
    ],
)
def test_an_image_shows_the_head_by_its_suffix_or_its_folder(path: str, shows: bool) -> None:
    assert (f"{HERE}/{path}" in HEADS) is shows


def test_heads_come_from_defacing_and_all_else_from_conversion(session: Session) -> None:
    t1w, bold = f"{HERE}/anat/sub-a_ses-b_T1w", f"{HERE}/func/sub-a_ses-b_bold"
    session.leave("convert", f"{t1w}.nii.gz", f"{t1w}.json", f"{bold}.nii.gz", f"{HERE}/sub-a_ses-b_scans.tsv")
    session.leave("deface", f"{t1w}.nii.gz", f"{MASK}.nii.gz", f"{MASK}.json")
    assert session.chosen() == {
        f"{t1w}.json": "convert",
        f"{t1w}.nii.gz": "deface",
        f"{MASK}.json": "deface",
        f"{MASK}.nii.gz": "deface",
        f"{bold}.nii.gz": "convert",
        f"{HERE}/sub-a_ses-b_scans.tsv": "convert",
    }
    assert list(session.chosen()) == sorted(session.chosen())
    assert session.codes == []


def test_a_head_that_was_not_defaced_leaves_neither_as_it_was_nor_at_all(session: Session) -> None:
    heads = [f"{HERE}/anat/sub-a_ses-b_{kind}.nii.gz" for kind in ("T1w", "FLAIR")]
    session.leave("convert", *heads)
    assert session.chosen() == {}
    assert session.codes == ["face_left", "face_left"]


@pytest.mark.parametrize(
    "path", ["func/sub-a_ses-b_bold.nii.gz", "anat/sub-a_ses-b_T1w.json", "anat/sub-a_ses-b_T2w.nii.gz"]
)
def test_what_defacing_left_besides_heads_and_masks_withholds_and_does_not_leave(session: Session, path: str) -> None:
    """A head that was never converted, too."""
    session.leave("deface", f"{HERE}/{path}")
    assert session.chosen() == {}
    assert session.codes == ["unaudited"]


def test_a_mask_that_defacing_did_not_make_withholds(session: Session) -> None:
    session.leave("convert", f"{MASK}.nii.gz")
    session.chosen()
    assert session.codes == ["unaudited"]


@pytest.mark.parametrize("stage", ["convert", "deface"])
def test_a_link_withholds_and_is_not_followed(session: Session, stage: str) -> None:
    session.leave("convert", f"{HERE}/func/sub-a_ses-b_bold.nii.gz")
    bids = session.folder / stage / "bids" / HERE
    bids.mkdir(parents=True, exist_ok=True)
    (bids / "link.json").symlink_to(session.folder)
    assert list(session.chosen()) == [f"{HERE}/func/sub-a_ses-b_bold.nii.gz"]
    assert session.codes == ["unaudited"]


def test_a_suffix_is_what_stands_last_in_a_name() -> None:
    assert suffix("sub-a/ses-b/anat/sub-a_ses-b_T1w.nii.gz") == "T1w"
    assert suffix("sub-a_x/y/bold.v2.nii.gz") == "bold"
    assert is_image("a.nii")
    assert is_image("a.nii.gz")
    assert not is_image("a.gz")


def test_a_special_file_withholds(session: Session) -> None:
    session.leave("convert", f"{HERE}/func/sub-a_ses-b_bold.nii.gz")
    os.mkfifo(session.folder / "convert" / "bids" / HERE / "func" / "sub-a_ses-b_bold.json")
    assert list(session.chosen()) == [f"{HERE}/func/sub-a_ses-b_bold.nii.gz"]
    assert session.codes == ["unaudited"]
