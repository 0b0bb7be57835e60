import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest

from tests.support.converted_sessions import Converted, convert, take_in
from tests.support.dicom_factory import write_mosaics, write_series
from unface.convert.sidecars import allowed_keys
from unface.convert.states import STATES
from unface.run import tools

SETS = (
    *("ct_philips_burned_in_screens", "fieldmaps_ge_siemens_philips", "ge_deidentified_fruit", "ge_siemens_epi"),
    *("philips_elition", "siemens_multiecho", "siemens_trio_missing_slices", "siemens_xa30_classic_phantom"),
    *("siemens_xa30_enhanced", "uih_umr770"),
)

Sets = Callable[..., list[Converted]]


@pytest.fixture(scope="module")
def sets(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Sets:
    """Convert a scanner set, with settings if they matter; each combination is converted once."""
    done: dict[str, list[Converted]] = {}
    usual = {"siemens_xa30_classic_phantom": {"repeats": "all"}}

    def of(name: str, **settings: str) -> list[Converted]:
        settings = settings or usual.get(name, {})
        key = json.dumps([name, settings])
        if key not in done:
            done[key] = convert(take_in(shared_data(name), tmp_path_factory.mktemp("results")), **settings)
        return done[key]

    return of


@pytest.mark.parametrize("name", SETS)
def test_every_file_of_a_scanner_set_ends_in_one_state(sets: Sets, name: str) -> None:
    for session in sets(name):
        assert [entry["series"] for entry in session.series] == [series.series for series in session.record.series]
        assert {entry["state"] for entry in session.series} <= set(STATES)
        assert sum(entry["files"] for entry in session.series) == sum(
            len(series.files) for series in session.record.series
        )
        assert sum(session.outcome.measurements["files"].values()) == sum(entry["files"] for entry in session.series)
        written = {str(path.relative_to(session.bids)) for path in session.bids.rglob("*") if path.is_file()}
        listed = {path for entry in session.series for path in entry["outputs"]}
        assert listed == {path for path in written if not path.endswith("_scans.tsv")}
        own = f"sub-{session.outcome.subject}/ses-{session.outcome.session}/"
        assert all(path.startswith(own) for path in written), "no session writes what it shares with others"
        assert all(entry["reason"] for entry in session.series if entry["state"] != "converted")


def errors(sessions: list[Converted], dataset: Path) -> list[dict[str, Any]]:
    """What the BIDS validator finds wrong in a dataset of these sessions."""
    for session in sessions:
        shutil.copytree(session.bids, dataset, dirs_exist_ok=True)
    description = {"Name": "Scanner sets", "BIDSVersion": "1.11.1", "License": "CC0", "Authors": ["A. Author"]}
    (dataset / "dataset_description.json").write_text(json.dumps(description))
    (dataset / "README").write_text("Scanner sets as the conversion to BIDS leaves them.\n" * 5)
    rows = sorted({f"sub-{session.outcome.subject}" for session in sessions})
    (dataset / "participants.tsv").write_text("\n".join(["participant_id", *rows]) + "\n")
    finished = subprocess.run([tools.find("bids-validator-deno"), "--json", dataset], capture_output=True, check=False)
    issues = json.loads(finished.stdout)["issues"]["issues"]
    return [issue for issue in issues if issue["severity"] == "error"]


def test_the_validator_finds_no_error_in_any_scanner_set(sets: Sets, tmp_path: Path) -> None:
    sessions = [session for name in SETS for session in sets(name) if session.bids.exists()]
    assert errors(sessions, tmp_path / "dataset") == []


def test_an_acquisition_split_over_series_becomes_one_image_with_all_its_volumes(sets: Sets) -> None:
    (session,) = sets("siemens_xa30_classic_phantom")
    for run in (1, 2):
        image = nibabel.load(session.file(f"task-fa_run-{run}_bold.nii.gz"))
        assert image.shape == (64, 64, 33, 20)
    assert nibabel.load(session.file("dir-AP_dwi.nii.gz")).shape == (72, 72, 39, 21)


def test_two_reconstructions_of_one_acquisition_are_told_apart_and_none_is_lost(sets: Sets) -> None:
    for name in ("siemens_xa30_enhanced", "siemens_xa30_classic_phantom"):
        (session,) = sets(name)
        assert [name for name in session.names() if name.endswith("T1w")] == ["acq-tfl_T1w", "acq-tfl_rec-norm_T1w"]
        assert any("reconstructions of one acquisition" in note for note in session.outcome.notes)


@pytest.mark.parametrize(
    ("volumes", "ends"), [((3, 3), ["duplicate", "converted"]), ((3, 2), ["converted", "incomplete"])]
)
def test_of_a_repeated_run_the_last_is_kept_that_was_not_stopped(
    volumes: tuple[int, int], ends: list[str], tmp_path: Path
) -> None:
    for number, count in enumerate(volumes, start=4):
        write_mosaics(tmp_path / "raw" / str(number), volumes=count, series_number=number)
    (session,) = convert(take_in(tmp_path / "raw", tmp_path / "results"))
    assert list(session.states().values()) == ends
    assert session.outcome.state == "ok"
    assert nibabel.load(session.file("_bold.nii.gz")).shape[3] == 3


def test_missing_slices_withhold_the_session_and_no_resampled_twin_takes_their_place(sets: Sets) -> None:
    (session,) = sets("siemens_trio_missing_slices")
    assert session.outcome.state == "withheld"
    assert {reason.code for reason in session.outcome.reasons} == {"incomplete"}
    assert "1 of 176" in session.reason("incomplete")
    assert not list(session.bids.rglob("*.nii.gz"))


def test_missing_slices_leave_the_series_out_where_the_settings_say_so(sets: Sets) -> None:
    (session,) = sets("siemens_trio_missing_slices", incomplete="exclude")
    assert list(session.states().values()).count("incomplete") == 2
    assert {reason.code for reason in session.outcome.reasons} <= {"nothing_left"}


def test_screens_are_not_converted(sets: Sets) -> None:
    (session,) = sets("ct_philips_burned_in_screens")
    assert set(session.states().values()) == {"excluded"}
    assert not session.bids.exists()


def test_no_sidecar_or_header_holds_what_raw_headers_say_of_the_patient(sets: Sets) -> None:
    (session,) = sets("philips_elition")
    header = pydicom.dcmread(session.record.series[0].files[0].path, stop_before_pixels=True)
    secrets = {str(header[name].value) for name in ("PatientID", "StudyDescription", "StationName") if name in header}
    for path in session.bids.rglob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert set(json.loads(text)) <= allowed_keys()
        assert not [secret for secret in secrets if len(secret) > 3 and secret in text]
    for path in session.bids.rglob("*.nii.gz"):
        packed = path.read_bytes()
        assert packed[3:8] == bytes(5), "the gzip header has no name and no time"
        image = nibabel.load(path).header
        assert {bytes(image[name]).strip(b"\0") for name in ("descrip", "aux_file", "db_name", "intent_name")} == {b""}
        assert not image.extensions


def test_voxels_gradients_and_geometry_are_those_of_dcm2niix(sets: Sets, tmp_path: Path) -> None:
    (session,) = sets("siemens_xa30_enhanced")
    (series,) = [series for series in session.record.series if series.fields["SeriesNumber"] == 10]
    for number, file in enumerate(series.files):
        (tmp_path / f"{number}.dcm").symlink_to(file.path)
    subprocess.run([tools.find("dcm2niix"), "-z", "n", "-f", "plain", "-o", tmp_path, tmp_path], check=True)
    packed = session.file("dir-PA_dwi.nii.gz")
    ours, plain = nibabel.load(packed), nibabel.load(tmp_path / "plain.nii")
    assert gzip.decompress(packed.read_bytes())[352:] == (tmp_path / "plain.nii").read_bytes()[352:]
    for name in ("datatype", "scl_slope", "scl_inter", "qform_code", "sform_code", "pixdim", "xyzt_units", "dim_info"):
        np.testing.assert_array_equal(ours.header[name], plain.header[name])
    np.testing.assert_array_equal(ours.affine, plain.affine)
    for ending in ("bval", "bvec"):
        assert session.file(f"dir-PA_dwi.{ending}").read_bytes() == (tmp_path / f"plain.{ending}").read_bytes()


def test_a_field_map_names_the_images_it_corrects_and_they_name_it(sets: Sets) -> None:
    (session,) = sets("siemens_xa30_enhanced")
    phase = session.sidecar("phasediff")
    assert (phase["EchoTime1"], phase["EchoTime2"]) == (0.01, 0.01246)
    assert {Path(uri).name.split("_", 2)[2] for uri in phase["IntendedFor"]} == {
        "dir-AP_dwi.nii.gz",
        "dir-PA_dwi.nii.gz",
        "task-fa_run-1_bold.nii.gz",
    }
    assert session.sidecar("bold")["B0FieldSource"] == phase["B0FieldIdentifier"]


def test_echoes_and_kinds_of_one_acquisition_get_names_of_their_own(sets: Sets) -> None:
    (session,) = sets("siemens_multiecho")
    assert session.names() == [
        *("magnitude1", "magnitude2", "phasediff"),
        *("task-unnamed_echo-1_bold", "task-unnamed_echo-2_bold"),
    ]
    (session,) = sets("philips_elition")
    assert session.names() == ["T1w", "magnitude1", "magnitude2", "phase1", "phase2"]


def test_perfusion_without_the_context_that_bids_requires_is_left_out_and_said(sets: Sets) -> None:
    (session,) = sets("philips_elition")
    (entry,) = [entry for entry in session.series if entry["rule"] == "asl"]
    assert entry["state"] == "excluded"
    assert "aslcontext.tsv" in entry["reason"]
    assert any("aslcontext.tsv" in note for note in session.outcome.notes)


ASL_RULE = """extends: shipped
rules:
- name: asl
  datatype: perf
  suffix: asl
  criteria: {ImageType: {any: [ASL]}}
  sidecar:
    ASLContext: [m0scan, control, label]
    M0Type: Included
    BackgroundSuppression: false
    RepetitionTimePreparation: 4.8
    TotalAcquiredPairs: 3
"""


@pytest.mark.slow
def test_perfusion_is_carried_with_its_context_where_a_rule_says_what_headers_do_not(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(ASL_RULE)
    (session,) = convert(take_in(shared_data("siemens_xa30_enhanced"), tmp_path / "results"), tmp_path / "rules.yaml")
    assert session.file("aslcontext.tsv").read_text().split() == [
        *("volume_type", "m0scan", "control", "label", "control", "label", "control", "label")
    ]
    assert nibabel.load(session.file("_asl.nii.gz")).shape[3] == 7
    assert "ASLContext" not in session.sidecar("_asl")
    (entry,) = [entry for entry in session.series if entry["rule"] == "asl"]
    assert any(path.endswith("aslcontext.tsv") for path in entry["outputs"])
    assert errors([session], tmp_path / "dataset") == []


PET_RULE = """rules:
- name: pet
  datatype: pet
  suffix: pet
  criteria: {Modality: PT}
  entities: {trc: FDG}
  sidecar:
    {Manufacturer: Siemens, ManufacturersModelName: mMR, Units: Bq/mL, TracerName: FDG, TracerRadionuclide: F18,
     InjectedRadioactivity: 200, InjectedRadioactivityUnits: MBq, InjectedMass: 5, InjectedMassUnits: ug,
     SpecificRadioactivity: 40, SpecificRadioactivityUnits: MBq/ug, ModeOfAdministration: bolus,
     TimeZero: "10:00:00", ScanStart: 0, InjectionStart: 0, FrameTimesStart: [0], FrameDuration: [600],
     AcquisitionMode: list mode, ImageDecayCorrected: true, ImageDecayCorrectionTime: 0, ReconMethodName: OSEM,
     ReconMethodParameterLabels: [none], ReconFilterType: none, AttenuationCorrection: measured}
"""


def test_pet_is_left_out_with_what_it_lacks_and_carried_where_a_rule_says_it(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "raw", 0, rare=False)
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
        ds.Modality = "PT"
        ds.save_as(path)
    layout = take_in(tmp_path / "raw", tmp_path / "results")
    (session,) = convert(layout)
    assert session.states() == {"s001": "excluded"}
    assert "TimeZero" in session.reason("excluded")
    (tmp_path / "rules.yaml").write_text(PET_RULE)
    (session,) = convert(layout, tmp_path / "rules.yaml")
    assert session.names() == ["trc-FDG_pet"]
    assert errors([session], tmp_path / "dataset") == []


FIELD_MAPS = {
    "siemens_multiecho": ["magnitude1", "magnitude2", "phasediff"],
    "philips_elition": ["magnitude1", "magnitude2", "phase1", "phase2"],
    "fieldmaps_ge_siemens_philips": ["fieldmap", "magnitude"],
    "ge_siemens_epi": ["dir-AP_epi", "dir-LR_epi", "dir-PA_epi", "dir-RL_epi"],
}


@pytest.mark.parametrize("name", FIELD_MAPS)
def test_all_four_kinds_of_field_maps_of_bids_come_out_with_what_tells_them_together(sets: Sets, name: str) -> None:
    """Phase difference, two phases, direct (from an enhanced file that mixes both kinds, too), opposed directions."""
    sessions = [
        session for session in sets(name) if session.bids.exists() and set(FIELD_MAPS[name]) <= set(session.names())
    ]
    for session in sessions:
        identifiers = {suffix: session.sidecar(f"_{suffix}").get("B0FieldIdentifier") for suffix in FIELD_MAPS[name]}
        assert len(set(identifiers.values())) == 1
        assert None not in identifiers.values()
    makers = {session.sidecar(f"_{FIELD_MAPS[name][0]}")["Manufacturer"] for session in sessions}
    assert makers == ({"GE", "Philips"} if name == "fieldmaps_ge_siemens_philips" else makers)
    assert sessions


def test_a_rule_may_ask_for_what_dcm2niix_finds_out(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "  - {name: bold, criteria: {PhaseEncodingDirection: j, ScanningSequence: EP},"
        " datatype: func, suffix: bold, entities: {task: rest}}\n"
        "  - {name: other, criteria: {PhaseEncodingDirection: i, ScanningSequence: EP}, exclude: another direction}\n"
    )
    (session,) = convert(take_in(shared_data("siemens_multiecho"), tmp_path / "results"), rules)
    assert list(session.states().values()) == ["unmapped", "unmapped", "converted"]
    assert session.names() == ["task-rest_echo-1_bold", "task-rest_echo-2_bold"]


def test_scans_are_listed_in_the_order_of_their_acquisition(sets: Sets) -> None:
    (session,) = sets("siemens_xa30_enhanced")
    rows = [line.split("\t") for line in session.file("_scans.tsv").read_text().splitlines()]
    assert rows[0] == ["filename", "acq_time"]
    assert [row[1] for row in rows[1:]] == sorted(row[1] for row in rows[1:])
    assert len(rows) - 1 == len(list(session.bids.rglob("*.nii.gz")))


def test_converting_twice_gives_the_same_bytes(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    digests = []
    for run in ("first", "second"):
        (session,) = convert(take_in(shared_data("siemens_multiecho"), tmp_path / run))
        files = sorted(path for path in session.bids.rglob("*") if path.is_file())
        digests.append({str(path.relative_to(session.bids)): _digest(path) for path in files})
    assert digests[0] == digests[1]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_phase_images_say_their_units_as_bids_requires(tmp_path: Path) -> None:
    paths, _ = write_mosaics(tmp_path / "raw")
    (tmp_path / "raw" / "phase").mkdir()
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "P", "ND", "MOSAIC"]
        ds.SeriesNumber, ds.SeriesInstanceUID = 5, f"{ds.SeriesInstanceUID}.5"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID}.5"
        ds.save_as(tmp_path / "raw" / "phase" / path.name)
    (session,) = convert(take_in(tmp_path / "raw", tmp_path / "results"))
    assert session.names() == ["task-rest_part-mag_bold", "task-rest_part-phase_bold"]
    assert session.sidecar("part-phase_bold")["Units"] == "arbitrary"
    assert "Units" not in session.sidecar("part-mag_bold")
    assert errors([session], tmp_path / "dataset") == []


@pytest.mark.parametrize("spacing", ["0", "1e308", ""])
def test_a_series_whose_voxels_have_no_size_is_unreadable_and_the_others_go_on(tmp_path: Path, spacing: str) -> None:
    write_mosaics(tmp_path / "raw" / "4", series_number=4)
    for path in write_mosaics(tmp_path / "raw" / "5", series_number=5)[0]:
        ds = pydicom.dcmread(path)
        ds.PixelSpacing = [spacing, spacing] if spacing else None
        ds.save_as(path)
    (session,) = convert(take_in(tmp_path / "raw", tmp_path / "results"), repeats="all")
    assert list(session.states().values()) == ["converted", "unreadable"]
    (reason,) = session.outcome.reasons
    assert reason.code == "unreadable"
    assert "PixelSpacing" in reason.sentence


def test_what_was_measured_in_two_studies_of_one_day_is_kept_as_runs(tmp_path: Path) -> None:
    paths, _ = write_mosaics(tmp_path / "raw")
    (tmp_path / "raw" / "again").mkdir()
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.5", f"{ds.SeriesInstanceUID}.5"
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID}.5"
        ds.AcquisitionTime = f"16{ds.AcquisitionTime[2:]}"
        ds.AcquisitionDateTime = f"{ds.AcquisitionDate}{ds.AcquisitionTime}"
        ds.save_as(tmp_path / "raw" / "again" / path.name)
    (session,) = convert(take_in(tmp_path / "raw", tmp_path / "results"))
    assert session.names() == ["task-rest_run-1_bold", "task-rest_run-2_bold"]
    assert not [uid for series in session.record.series for uid in [series.fields["StudyInstanceUID"]]
                if uid in str(session.outcome.notes)]  # fmt: skip
