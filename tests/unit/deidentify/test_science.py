"""What must survive de-identification: what dcm2niix makes of real scanners' files; and the judge of the benchmark."""

import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from tests.support.one_patient import NO_DATES, header, record_of, run
from unface.deidentify import command
from unface.identity.pseudonyms import Key
from unface.run.settings import PROJECT

sys.path.insert(0, str(PROJECT / "benchmarks"))

import midi
import scanners

KEYS = [
    "EchoTime",
    "RepetitionTime",
    "InversionTime",
    "FlipAngle",
    "SliceTiming",
    "PhaseEncodingDirection",
    "PhaseEncodingAxis",
    "TotalReadoutTime",
    "EffectiveEchoSpacing",
    "DwellTime",
    "MagneticFieldStrength",
    "SliceThickness",
    "ImageOrientationPatientDICOM",
    "EchoNumber",
    "MultibandAccelerationFactor",
    "ParallelReductionFactorInPlane",
    "PartialFourier",
    "BandwidthPerPixelPhaseEncode",
    "ImageType",
    "ReconMatrixPE",
    "AcquisitionMatrixPE",
    "BaseResolution",
    "PercentPhaseFOV",
    "EchoTrainLength",
    "Modality",
    "Manufacturer",
]
FOLDERS = 3
"""The number of a set's folders that are looked at: each is converted twice."""


def converted(folder: Path, work: Path) -> dict[str, tuple[np.ndarray, np.ndarray, str, dict[str, object]]]:
    """What dcm2niix makes of a folder, of its sidecars the technical keys."""
    made = scanners.converted(sorted(path for path in folder.rglob("*") if path.is_file()), work)
    return {
        image: (voxels, affine, gradients, {name: sidecar[name] for name in KEYS if name in sidecar})
        for image, (voxels, affine, gradients, sidecar) in made.items()
    }


@pytest.mark.parametrize("name", ["siemens_multiecho", "ge_siemens_epi"])
def test_dcm2niix_makes_the_same_of_clean_files(name: str, shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    folders = sorted({path.parent for path in shared_data(name).rglob("*") if path.is_file()})
    compared = 0
    for number, folder in enumerate(folders[:FOLDERS]):
        source, clean = tmp_path / f"in{number}", tmp_path / f"clean{number}"
        shutil.copytree(folder, source)
        command.main([str(source), str(clean), "--key", str(tmp_path / "key")])
        before, after = converted(source, tmp_path), converted(clean, tmp_path)
        assert before.keys() == after.keys()
        for image, (voxels, affine, gradients, technical) in before.items():
            assert np.array_equal(voxels, after[image][0])
            assert np.array_equal(affine, after[image][1])
            assert (gradients, technical) == after[image][2:]
            compared += 1
    assert compared


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("uih_umr770", "scan2/dti_tra_dir16_PA_SaveBySlc*"), ("fieldmaps_ge_siemens_philips", "**/*gre_field_mag*")],
)
def test_dcm2niix_tells_the_same_slice_timing_where_dates_were_removed(
    name: str, pattern: str, shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    folders = [path for path in sorted(shared_data(name).glob(pattern)) if path.is_dir()]
    assert folders
    for number, folder in enumerate(folders):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        done, clean = run(tmp_path / str(number), record_of(*files), options=NO_DATES)
        assert done.ok
        before, after = converted(folder, tmp_path), converted(clean / "dicom", tmp_path)
        assert before.keys() == after.keys()
        for image, (_, _, _, technical) in before.items():
            assert "SliceTiming" in technical
            assert after[image][3] == technical


def test_the_judge_of_the_benchmark_finds_what_is_wrong(tmp_path: Path) -> None:
    source, copied, clean, empty = (tmp_path / name for name in ("in", "copied", "clean", "empty"))
    for folder in (source, copied, empty):
        folder.mkdir()
    ds = header()
    ds.Rows = ds.Columns = 2
    pydicom.dcmwrite(source / "a.dcm", ds)
    key = Key.load_or_make(tmp_path / "key")
    command.main([str(source), str(clean), "--key", str(tmp_path / "key")])
    ds.SOPInstanceUID = key.uid(ds.SOPInstanceUID)
    pydicom.dcmwrite(copied / "a.dcm", ds)
    planted = [b"JANE", b"MRN-77123"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = {folder: midi.judge(source, folder, key, planted)[0] for folder in (clean, copied, empty)}
    assert scores[clean].percent(midi.REMOVAL) == 100
    assert len(scores[copied].failed["text_removed"]) == 2
    assert scores[copied].failed["uid_changed"]
    assert scores[copied].failed["date_shifted"]
    for kind, done in scores[empty].done.items():
        assert len(scores[empty].failed[kind]) == done, kind
