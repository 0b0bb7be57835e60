from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from unface.measure.regions import Atlas, groups, label_points, regions
from unface.run.outcome import JobFailedError

TO_WORLD = np.diag([10.0, 10, 10, 1])
TABLE = "index\tname\tlobe\n1002\tleft one\tfrontal\n1003\tleft two\tfrontal\n2002\tright one\t\n"


def atlas(folder: Path, table: str = TABLE) -> Atlas:
    data = np.zeros((4, 4, 4), np.int16)
    data[1, 1, 1], data[2, 1, 1], data[3, 3, 3] = 1002, 1003, 2002
    nib.save(nib.Nifti1Image(data, TO_WORLD), folder / "atlas.nii.gz")
    (folder / "atlas.tsv").write_text(table)
    return Atlas(folder / "atlas.nii.gz", folder / "atlas.tsv")


def test_points_get_the_label_of_the_users_atlas_and_none_outside_of_it(tmp_path: Path) -> None:
    points = np.array([[11.0, 9, 10], [20, 10, 10], [30, 30, 30], [0, 0, 0], [400, 0, 0]])
    names = {part.label: part.name for part in regions(atlas(tmp_path))} | {0: ""}
    found = [names[int(label)] for label in label_points(points, atlas(tmp_path))]
    assert found == ["left one", "left two", "right one", "", ""]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("index\tname\n1002\tleft one\n", "no row: 1003, 2002"),
        ("label\tname\n1\ta\n", "column index is missing"),
        ("index\tname\n1\ta\n1\tb\n", "same index"),
    ],
)
def test_a_table_that_does_not_fit_the_atlas_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        label_points(np.zeros((1, 3)), atlas(tmp_path, table))


def test_hemispheres_and_lobes_are_made_of_regions() -> None:
    found = groups(regions())
    left = {part.name for part in found["left temporal lobe"]}
    assert {"left temporal pole", "left hippocampus"} <= left
    assert not any(name.startswith("right") for name in left)
    assert "left cerebellum anterior" not in {part.name for part in found["left hemisphere"]}
    assert set(found).isdisjoint(part.name for part in regions())
