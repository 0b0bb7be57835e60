"""Every head that would be released is held against its face mask, also against one that BIDS has no name for."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.support.staged_sessions import image
from unface.audit import masks
from unface.audit.candidates import Heads

PET = "sub-a/ses-b/pet/sub-a_ses-b_pet.nii.gz"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, tuple[str, Path]]:
    """A PET image whose front is air."""
    data = np.full((8, 9, 7), 500, np.int16)
    data[:, 6:] = 0
    image(tmp_path / "bids" / PET, data)
    return {PET: ("deface", tmp_path / "bids" / PET)}


def codes(files: dict[str, tuple[str, Path]], unreleased: Path) -> list[str]:
    return [code for code, _ in masks.check(files, Heads(["pet"], []), unreleased)]


def test_a_mask_that_stays_beside_the_dataset_proves_its_image(
    files: dict[str, tuple[str, Path]], tmp_path: Path
) -> None:
    assert codes(files, tmp_path / "masks") == ["face_left"]
    kept = np.ones((8, 9, 7), np.uint8)
    kept[:, 6:] = 0
    image(tmp_path / "masks" / PET, kept)
    assert codes(files, tmp_path / "masks") == []


def test_such_a_mask_finds_what_is_left_of_a_face(files: dict[str, tuple[str, Path]], tmp_path: Path) -> None:
    kept = np.ones((8, 9, 7), np.uint8)
    kept[:, 5:] = 0
    image(tmp_path / "masks" / PET, kept)
    assert codes(files, tmp_path / "masks") == ["face_left"]


T1W = "sub-a/ses-b/anat/sub-a_ses-b_T1w.nii.gz"
KEPT = np.ones((8, 9, 7), np.uint8)
KEPT[:, 6:] = 0
"""What the mask of these tests keeps."""


class Session(dict[str, tuple[str, Path]]):
    """Files of a session, each written as it is added."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def add(self, path: str, data: np.ndarray) -> None:
        image(self.folder / path, data)
        self[path] = ("deface", self.folder / path)

    def found(self, *suffixes: str) -> list[str]:
        heads = Heads(suffixes or ["T1w", "MEGRE"], ["defacemask"])
        return [code for code, _ in masks.check(self, heads, self.folder / "masks")]


@pytest.fixture
def heads(tmp_path: Path) -> Session:
    return Session(tmp_path)


def faceless(value: int = 0, volumes: int = 0) -> np.ndarray:
    data = np.where(KEPT, 500, value).astype(np.int16)
    return np.stack([data] * volumes, axis=3) if volumes else data


def named(*entities: str, suffix: str = "T1w") -> str:
    return f"sub-a/ses-b/anat/{'_'.join(['sub-a', 'ses-b', *entities, suffix])}.nii.gz"


@pytest.mark.parametrize(
    ("mask", "of_image", "serves"),
    [
        (named("mod-T1w", suffix="defacemask"), named(), True),
        (named("acq-x", "mod-T1w", suffix="defacemask"), named("acq-x"), True),
        (named("mod-T1w", "run-1", suffix="defacemask"), named("run-1"), True),
        (named("mod-T1w", suffix="defacemask"), named("echo-1"), True),
        (named("mod-T1w", suffix="defacemask"), named("echo-1", "part-phase", "inv-2", "flip-1", "mt-on"), True),
        (named("mod-T1w", suffix="defacemask"), named("run-1"), False),
        (named("mod-T1w", suffix="defacemask"), named("echo-1", "acq-x"), False),
        (named("mod-T1w", "run-1", suffix="defacemask"), named(), False),
        (named("mod-T1w", "run-1", suffix="defacemask"), named("run-2"), False),
        (named("echo-1", "mod-T1w", suffix="defacemask"), named("echo-2"), False),
        (named("mod-T2w", suffix="defacemask"), named(), False),
        (named("mod-T1w", suffix="defacemask").replace("anat", "fmap"), named(), False),
    ],
)
def test_a_mask_serves_the_image_that_its_name_says_and_what_the_same_scan_gave(
    heads: Session, mask: str, of_image: str, *, serves: bool
) -> None:
    heads.add(of_image, faceless())
    heads.add(mask, KEPT)
    assert heads.found() == ([] if serves else ["face_left"])


def test_two_masks_of_one_image_prove_nothing(heads: Session) -> None:
    heads.add(named("echo-1"), faceless())
    heads.add(named("mod-T1w", suffix="defacemask"), KEPT)
    heads.add(named("echo-1", "mod-T1w", suffix="defacemask"), KEPT)
    assert heads.found() == ["face_left"]


def test_a_mask_beside_the_dataset_comes_before_one_in_it(heads: Session) -> None:
    heads.add(T1W, faceless())
    heads.add(named("mod-T1w", suffix="defacemask"), KEPT)
    more = KEPT.copy()
    more[:, 5:] = 0
    image(heads.folder / "masks" / T1W, more)
    assert heads.found() == ["face_left"]


def test_images_that_show_no_head_need_no_mask_and_the_others_are_looked_at_all(heads: Session) -> None:
    heads.add(named(suffix="T2starw").replace("anat", "func"), faceless())
    assert heads.found() == []
    heads.add(named("run-1"), faceless())
    heads.add(named("run-2"), faceless())
    assert heads.found() == ["face_left", "face_left"]


@pytest.mark.parametrize("volumes", [0, 2])
def test_every_volume_has_one_value_where_the_mask_removes(heads: Session, volumes: int) -> None:
    heads.add(named("mod-T1w", suffix="defacemask"), KEPT)
    heads.add(T1W, faceless(-1024, volumes))
    assert heads.found() == []
    left = faceless(-1024, volumes)
    left[(7, 8, 6, *([1] if volumes else []))] = 3
    heads.add(T1W, left)
    assert heads.found() == ["face_left"]
    first = faceless(-1024, volumes)
    first[(0, 6, 0, *([0] if volumes else []))] = 3
    heads.add(T1W, first)
    assert heads.found() == ["face_left"]


@pytest.mark.parametrize(
    "mask",
    [
        np.ones((8, 9, 7), np.uint8),
        np.where(KEPT, 2, 0).astype(np.uint8),
        np.where(KEPT, 1, -1).astype(np.int16),
        KEPT[:7],
        KEPT[:, :, :, None].repeat(2, axis=3),
        KEPT.T,
    ],
)
def test_a_mask_that_removes_nothing_or_is_none_proves_nothing(heads: Session, mask: np.ndarray) -> None:
    heads.add(T1W, faceless())
    heads.add(named("mod-T1w", suffix="defacemask"), mask)
    assert heads.found() == ["face_left"]


@pytest.mark.parametrize("damaged", [T1W, named("mod-T1w", suffix="defacemask")])
@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"no image", mtime=0), gzip.compress(bytes(1000), mtime=0)]
)
def test_what_cannot_be_read_is_not_audited_and_the_others_are(heads: Session, damaged: str, content: bytes) -> None:
    heads.add(T1W, faceless())
    heads.add(named("mod-T1w", suffix="defacemask"), KEPT)
    heads.add(named("run-2"), faceless())
    (heads.folder / damaged).write_bytes(content)
    assert heads.found() == ["unaudited", "face_left"]


def test_a_type_of_voxels_that_is_none_is_not_audited(heads: Session) -> None:
    heads.add(T1W, faceless())
    heads.add(named("mod-T1w", suffix="defacemask"), KEPT)
    content = bytearray(gzip.decompress((heads.folder / T1W).read_bytes()))
    content[70:72] = b"\xe7\x03"
    (heads.folder / T1W).write_bytes(gzip.compress(bytes(content)))
    assert heads.found() == ["unaudited"]
