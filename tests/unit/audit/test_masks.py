"""Every head that would be released is held against its face mask, also against one that BIDS has no name for."""

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
