"""The face mask is held against the brain that morphometry found in the original."""

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from unface.compare.brain_kept import BRAIN_KEPT, check_brain
from unface.measure import measure, records
from unface.run.files import read_table, table_text, write_whole
from unface.run.image_names import mask_path
from unface.run.outcome import Work
from unface.run.sessions import SessionId

IMAGE = "sub-p1/ses-s1/anat/sub-p1_ses-s1_T1w.nii.gz"


@pytest.fixture
def checked(tmp_path: Path) -> Callable[[int], Work]:
    """Check a mask that removes all planes in front of plane `cut` of a 1 mm image; the brain ends with plane 29."""

    def run(cut: int) -> Work:
        original, defaced, work = (
            tmp_path / "original",
            tmp_path / "deface",
            Work("compare", SessionId("p1", "s1"), tmp_path),
        )
        labels = np.zeros((20, 20, 20), np.uint8)
        labels[5:15, 5:15, 5:15] = 2
        keep = np.ones((40, 40, 40), np.uint8)
        keep[:, cut:] = 0
        mask = defaced / "bids" / str(mask_path(IMAGE))
        tissue = original / records.LABELS / "sub-p1_ses-s1_T1w_tissue.nii.gz"
        for path, data, mm in ((tissue, labels, 2.0), (mask, keep, 1.0)):
            path.parent.mkdir(parents=True)
            nib.save(nib.Nifti1Image(data, np.diag([mm, mm, mm, 1])), path)
        write_whole(original / records.MEASURES, table_text(measure.COLUMNS, [(IMAGE, "icv", "", "1500", "mL")]))
        check_brain(work, original, defaced, least_mm=3)
        return work

    return run


def test_a_cut_far_from_the_brain_passes_and_its_distance_is_recorded(checked: Callable[[int], Work]) -> None:
    work = checked(36)
    assert work.reasons == []
    assert read_table(work.folder / BRAIN_KEPT)[0]["removed_ml"] == "0.000"
    assert work.measurements["brain_margin_mm"] == 8


@pytest.mark.parametrize(
    ("cut", "code", "words"),
    [(30, "brain_near", "comes within 2.0 mm"), (25, "brain_cut", "removes 1.60 mL of the brain")],
)
def test_a_cut_into_the_brain_and_one_too_near_to_it_withhold_by_codes_of_their_own(
    checked: Callable[[int], Work], cut: int, code: str, words: str
) -> None:
    work = checked(cut)
    assert [reason.code for reason in work.reasons] == [code]
    assert words in work.reasons[0].sentence
