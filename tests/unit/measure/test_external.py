"""Results of other programs, in made-up files of their own layout."""

import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.compare import compare
from unface.compare.records import AGREEMENT
from unface.measure import external, measure, records
from unface.measure.measures import NotMeasurableError
from unface.run import settings
from unface.run.files import read_table
from unface.run.outcome import JobFailedError, WithheldError, Work
from unface.run.sessions import SessionId

ASEG = """\
# Title Segmentation Statistics
#
# generating_program mri_segstats
# subjectname a
# Measure BrainSeg, BrainSegVol, Brain Segmentation Volume, 1181459.000000, mm^3
# Measure BrainSegNotVent, BrainSegVolNotVent, Brain Segmentation Volume Without Ventricles, 1160000.000000, mm^3
# Measure CerebralWhiteMatter, CerebralWhiteMatterVol, Total cerebral white matter volume, 450000.000000, mm^3
# Measure TotalGray, TotalGrayVol, Total gray matter volume, {gray}, mm^3
# Measure EstimatedTotalIntraCranialVol, eTIV, Estimated Total Intracranial Volume, 1550000.000000, mm^3
# NTableCols 10
# ColHeaders  Index SegId NVoxels Volume_mm3 StructName normMean normStdDev normMin normMax normRange
  1   4      7377     7377.0  Left-Lateral-Ventricle            24.2    11.8     5.0    80.0    75.0
  2  17      4105     {hippocampus}  Left-Hippocampus                  77.7    10.2    31.0   128.0    97.0
"""
APARC = """\
# Title FreeSurfer cortical parcellation anatomical statistics
# hemi {hemi}
# Measure Cortex, NumVert, Number of Vertices, 131000, unitless
# Measure Cortex, MeanThickness, Mean Thickness, 2.48560, mm
# NTableCols 10
# ColHeaders StructName NumVert SurfArea GrayVol ThickAvg ThickStd MeanCurv GausCurv FoldInd CurvInd
bankssts                                 1512   1014   2549  2.545 0.456     0.110     0.023       13     1.4
temporalpole                              611    412   2150  3.601 0.733     0.154     0.069       11     1.8
"""
SYNTHSEG = """\
subject,total intracranial,left cerebral white matter,left cerebral cortex,right cerebral white matter,csf
T1w,1500000.5,210000.0,250000.0,212000.0,300000.0
"""
LIMITS = settings.Compare(brain_percent=2, gm_percent=3, wm_percent=3, csf_percent=6, region_percent=20, dice_min=0.9)


def freesurfer(folder: Path, gray: float = 690000.0, hippocampus: float = 4105.5) -> Path:
    (folder / "stats").mkdir(parents=True)
    (folder / "stats" / "aseg.stats").write_text(ASEG.format(gray=gray, hippocampus=hippocampus))
    for hemi in ("lh", "rh"):
        (folder / "stats" / f"{hemi}.aparc.stats").write_text(APARC.format(hemi=hemi))
    return folder


def values(path: Path) -> dict[tuple[str, str], tuple[float, str]]:
    return {(row.measure, row.region): (row.value, row.unit) for row in external.read_results(path)}


def chosen(**given: str) -> settings.Measure:
    plain: dict[str, Any] = {"atlas": None, "atlas_labels": None, "results": None, "command": None}
    return settings.Measure(engine="external", resolution_mm=2, noise_sessions=0, **plain | given)


def session(folder: Path) -> Path:
    path = folder / "bids" / SessionId("a", "b").bids_folder / "anat" / "sub-a_ses-b_T1w.nii.gz"
    path.parent.mkdir(parents=True)
    nib.save(nib.Nifti1Image(np.zeros((8, 8, 8), np.int16), np.eye(4)), path)
    return folder / "bids"


def measured(folder: Path, image: str, bids: Path, given: settings.Measure) -> Path:
    work = Work(f"measure-{image}", SessionId("a", "b"), folder / image)
    work.scratch.mkdir(parents=True)
    measure.measure_session(work, bids, given)
    return work.folder


def test_freesurfers_tables_give_volumes_in_ml_and_thickness_in_mm(tmp_path: Path) -> None:
    found = values(freesurfer(tmp_path))
    assert found["icv", ""] == (1550.0, "mL")
    assert found["brain", ""] == (1160.0, "mL")
    assert found["gm", ""] == (690.0, "mL")
    assert found["wm", ""] == (450.0, "mL")
    assert found["volume", "left hippocampus"] == (pytest.approx(4.1055), "mL")
    assert found["gm", "right temporalpole"] == (2.15, "mL")
    assert found["thickness", "left bankssts"] == (2.545, "mm")
    assert found["thickness", "right cortex"] == (2.4856, "mm")


def test_fastsurfers_names_of_files_are_known(tmp_path: Path) -> None:
    folder = freesurfer(tmp_path) / "stats"
    (folder / "aseg.stats").rename(folder / "aseg+DKT.stats")
    for hemi in ("lh", "rh"):
        (folder / f"{hemi}.aparc.stats").rename(folder / f"{hemi}.aparc.DKTatlas.mapped.stats")
    assert {("icv", ""), ("gm", "left bankssts"), ("gm", "right bankssts")} <= values(tmp_path).keys()


def test_synthsegs_volumes_are_read_and_white_matter_is_summed(tmp_path: Path) -> None:
    (tmp_path / "volumes.csv").write_text(SYNTHSEG)
    found = values(tmp_path)
    assert found["icv", ""] == (pytest.approx(1500.0005), "mL")
    assert found["wm", ""] == (422.0, "mL")
    assert found["volume", "left cerebral cortex"] == (250.0, "mL")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("volumes.csv", "a,b\n1,2\n", "no column `total intracranial`"),
        ("volumes.csv", SYNTHSEG + SYNTHSEG.splitlines()[1] + "\n", "2 rows"),
        ("volumes.csv", SYNTHSEG.replace("250000.0", "nan"), "no number"),
        ("stats/aseg.stats", ASEG[: ASEG.rindex("128.0")], "cut short"),
        ("stats/aseg.stats", "# Title Segmentation Statistics\n", "no table"),
        ("readme.txt", "", "no results"),
    ],
)
def test_results_that_are_no_results_are_refused_with_what_is_wrong(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(content.format(gray=1.0, hippocampus=1.0) if "stats" in name else content)
    with pytest.raises(NotMeasurableError, match=said):
        values(tmp_path)


def test_results_of_original_and_defaced_are_compared_against_the_limits(tmp_path: Path) -> None:
    freesurfer(tmp_path / "fs" / "a_b_original")
    freesurfer(tmp_path / "fs" / "a_b_defaced", gray=640000.0)
    given = chosen(results=f"{tmp_path}/fs/{{subject}}_{{session}}_{{image}}")
    bids = session(tmp_path)
    folders = [measured(tmp_path, image, bids, given) for image in ("original", "defaced")]
    work = Work("compare", SessionId("a", "b"), tmp_path / "compare")
    work.folder.mkdir()
    compare.compare_session(work, *folders, LIMITS)
    assert [reason.code for reason in work.reasons] == ["morphometry_changed"]
    rows = read_table(work.folder / AGREEMENT)
    assert [(row["measure"], row["region"]) for row in rows if row["ok"] == "false"] == [("gm", "")]
    assert "thickness" in {row["measure"] for row in rows}


def test_a_command_of_the_users_own_makes_the_results(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import pathlib, sys\n"
        "assert pathlib.Path(sys.argv[1]).is_file()\n"
        f"(pathlib.Path(sys.argv[2]) / 'volumes.csv').write_text({SYNTHSEG!r})\n"
    )
    given = chosen(command=f"{sys.executable} {program} {{input}} {{output}}")
    folder = measured(tmp_path, "original", session(tmp_path), given)
    assert {row["measure"] for row in read_table(folder / records.MEASURES)} == {"icv", "wm", "volume"}


def test_a_missing_result_withholds_the_session_and_names_no_path(tmp_path: Path) -> None:
    given = chosen(results=f"{tmp_path}/nothing/{{subject}}")
    with pytest.raises(WithheldError) as caught:
        measured(tmp_path, "original", session(tmp_path), given)
    assert caught.value.reason.code == "morphometry_failed"
    assert str(tmp_path) not in caught.value.reason.sentence


@pytest.mark.parametrize(("given", "said"), [({}, "set measure.results"), ({"results": "/x/{name}"}, "{subject}")])
def test_settings_that_fit_no_session_fail_the_job(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(JobFailedError, match=said):
        measured(tmp_path, "original", session(tmp_path), chosen(**given))
