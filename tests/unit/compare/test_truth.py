"""A phantom with known volumes: the comparison finds what was taken from it.

More amounts than one are measured by benchmarks/morphometry.py.
"""

from pathlib import Path

import nibabel as nib
import pytest

from tests.support.brain_phantom import Phantom
from tests.support.small_cohort import made_once
from unface.compare import compare
from unface.compare.records import AGREEMENT
from unface.measure import measure
from unface.measure.regions import regions
from unface.run import settings
from unface.run.files import read_table
from unface.run.outcome import Work
from unface.run.sessions import SessionId

ATROPHIED = "left middle temporal"
CHOSEN = settings.Measure(
    engine="ants", resolution_mm=4, atlas=None, atlas_labels=None, results=None, command=None, noise_sessions=0
)
LIMITS = settings.Compare(
    brain_percent=1.5, gm_percent=3, wm_percent=3, csf_percent=8, region_percent=15, dice_min=0.92
)


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return Phantom(1, voxel_mm=2)


def measured(folder: Path, data: object, phantom: Phantom) -> Path:
    image = folder / "bids" / SessionId("a", "b").bids_folder / "anat" / "sub-a_ses-b_T1w.nii.gz"
    image.parent.mkdir(parents=True)
    nib.save(nib.Nifti1Image(data, phantom.affine), image)
    work = Work("measure-original", SessionId("a", "b"), folder / "measured")
    work.scratch.mkdir(parents=True)
    measure.measure_session(work, folder / "bids", CHOSEN)
    return work.folder


@pytest.fixture(scope="module")
def original(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    def make(folder: Path) -> None:
        measured(folder, phantom.image(phantom.tissue), phantom)

    return made_once(tmp_path_factory, worker_id, "measured_phantom", make) / "measured"


def compared(original: Path, other: Path, folder: Path) -> Work:
    work = Work("compare", SessionId("a", "b"), folder / "compare")
    work.folder.mkdir()
    compare.compare_session(work, original, other, LIMITS)
    return work


def changes(work: Work) -> dict[str, float]:
    """Change of the grey matter of every region in percent."""
    rows = read_table(work.folder / AGREEMENT)
    names = {part.name for part in regions()}
    return {row["region"]: float(row["percent"]) for row in rows if row["measure"] == "gm" and row["region"] in names}


@pytest.mark.slow
def test_atrophy_of_one_region_is_found_there(phantom: Phantom, original: Path, tmp_path: Path) -> None:
    percent = 5
    image = phantom.image(phantom.atrophied(ATROPHIED, percent))
    percents = changes(compared(original, measured(tmp_path, image, phantom), tmp_path))
    assert -1.5 * percent < percents[ATROPHIED] < -0.5 * percent
    assert min(percents, key=lambda name: percents[name]) == ATROPHIED


@pytest.mark.slow
def test_a_cut_through_the_temporal_pole_is_found_there_and_withholds_the_session(
    phantom: Phantom, original: Path, tmp_path: Path
) -> None:
    image = phantom.cut(phantom.image(phantom.tissue))
    work = compared(original, measured(tmp_path, image, phantom), tmp_path)
    percents = changes(work)
    assert min(percents, key=lambda name: percents[name]) == "left temporal pole"
    assert percents["left temporal pole"] < -LIMITS.region_percent
    assert [reason.code for reason in work.reasons] == ["morphometry_changed"]
    rows = read_table(work.folder / AGREEMENT)
    assert "left temporal pole" in {row["region"] for row in rows if row["ok"] == "false"}
