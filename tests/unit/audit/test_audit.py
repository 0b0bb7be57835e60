"""Each check of the audit fires on what it is there for, and an untouched session passes."""

import gzip
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from tests.support.staged_sessions import IDENTIFIERS, Change, audit, codes, image, stage_session
from unface.audit import records
from unface.run.layout import Layout
from unface.run.sessions import SessionId

T1W = "anat/sub-abc_ses-s1_T1w"
DWI = "dwi/sub-abc_ses-s1_dwi"
VOXELS = np.arange(512, dtype=np.int16).reshape(8, 8, 8)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


def sidecar(text: str) -> Change:
    return lambda folder: (folder / f"{DWI}.json").write_text(text) and None


def rewrite(ending: str, change: bytes, *, raw: bool = False) -> Change:
    """Replace what stands inside a gzip file, or append to the file as it stands."""

    def apply(folder: Path) -> None:
        path = folder / ending
        path.write_bytes(path.read_bytes() + change if raw else gzip.compress(change, mtime=0))

    return apply


def with_gzip_name(folder: Path) -> None:
    path = folder / f"{DWI}.nii.gz"
    path.write_bytes(_named(path.read_bytes(), b"doe_jane.nii"))


def _named(data: bytes, name: bytes) -> bytes:
    return data[:3] + b"\x08" + data[4:10] + name + b"\0" + data[10:]


def with_time(folder: Path) -> None:
    path = folder / f"{DWI}.nii.gz"
    path.write_bytes(path.read_bytes()[:4] + struct.pack("<I", 1_600_000_000) + path.read_bytes()[8:])


def with_extension(folder: Path) -> None:
    made = nib.Nifti1Image(VOXELS, np.eye(4))
    made.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"plain words"))
    (folder / f"{DWI}.nii.gz").write_bytes(gzip.compress(made.to_bytes(), mtime=0))


def with_planted_voxels(folder: Path) -> None:
    data = bytearray(VOXELS.tobytes(order="F"))
    data[40:60] = b"MRN0048213 JaneMaria"
    image(folder / f"{DWI}.nii.gz", np.frombuffer(bytes(data), np.int16).reshape(8, 8, 8, order="F"))


def with_trailing_bytes(folder: Path) -> None:
    made = nib.Nifti1Image(VOXELS, np.eye(4))
    (folder / f"{DWI}.nii.gz").write_bytes(gzip.compress(made.to_bytes() + b"tail", mtime=0))


def descrip(text: bytes) -> Change:
    return lambda folder: image(folder / f"{DWI}.nii.gz", VOXELS, descrip=text)


def db_name(folder: Path) -> None:
    image(folder / f"{DWI}.nii.gz", VOXELS, db_name=b"ward 3")


def text(ending: str, content: str) -> Change:
    return lambda folder: (folder / ending).write_text(content) and None


def rename(ending: str) -> Change:
    def apply(folder: Path) -> None:
        for kind in ("nii.gz", "json"):
            target = folder / f"{ending}.{kind}"
            target.parent.mkdir(parents=True, exist_ok=True)
            (folder / f"{DWI}.{kind}").rename(target)
        for kind in ("bval", "bvec"):
            (folder / f"{DWI}.{kind}").unlink()

    return apply


def scans(cell: str, column: str = "acq_time") -> Change:
    table = f"filename\t{column}\n{DWI}.nii.gz\t{cell}\n"
    return lambda folder: (folder / "sub-abc_ses-s1_scans.tsv").write_text(table) and None


PLANTED = {
    "a name in descrip": (descrip(b"Jane Doe 3T"), {"nifti_header", "identifier_found"}),
    "plain text in descrip": (descrip(b"TE=3;Time=101112"), {"nifti_header"}),
    "text in a field left over from Analyze": (db_name, {"nifti_header"}),
    "an extension": (with_extension, {"nifti_header"}),
    "identifiers among voxels": (with_planted_voxels, {"identifier_found"}),
    "bytes behind the voxels": (with_trailing_bytes, {"unaudited"}),
    "a name in the gzip header": (with_gzip_name, {"nifti_header", "identifier_found"}),
    "a time in the gzip header": (with_time, {"nifti_header"}),
    "bytes behind the gzip stream": (
        rewrite(f"{DWI}.nii.gz", b"DOE^JANE^MARIA", raw=True),
        {"unaudited", "identifier_found"},
    ),
    "a second gzip member": (rewrite(f"{DWI}.nii.gz", gzip.compress(b"x", mtime=0), raw=True), {"unaudited"}),
    "no NIfTI at all": (rewrite(f"{DWI}.nii.gz", b"DOE" * 200), {"unaudited"}),
    "a name in a value": (sidecar('{"ScanOptions": "for Jane Doe"}'), {"identifier_found"}),
    "a name in escapes": (sidecar('{"ScanOptions": "\\u0044\\u006fe, \\u004aane"}'), {"identifier_found"}),
    "a name deep inside": (sidecar('{"ScanOptions": [1, ["a", "janeDOE"]]}'), {"identifier_found"}),
    "a name as a key": (sidecar('{"\\u0044OE^JANE": 3}'), {"sidecar_key", "identifier_found"}),
    "an ID as a number": (sidecar('{"EchoTime": 48213, "FlipAngle": 1, "EchoNumber": 20190417}'), {"identifier_found"}),
    "a key that may not be released": (sidecar('{"StationName": "MR1"}'), {"sidecar_key"}),
    "a nested key that may not be released": (sidecar('{"ScanOptions": {"PatientAge": 3}}'), {"sidecar_key"}),
    "a key twice": (sidecar('{"EchoTime": 1, "EchoTime": 2}'), {"unaudited"}),
    "a UID of another": (sidecar('{"ScanOptions": "1.2.840.113619.2.55.3.12345"}'), {"identifier_like"}),
    "somebody's name": (sidecar('{"ScanOptions": "SMITH^ADAM"}'), {"identifier_like"}),
    "another day": (sidecar('{"ScanOptions": "2020-05-06"}'), {"identifier_like"}),
    "another day, the day first": (sidecar('{"ScanOptions": "as on 6.5.2020"}'), {"identifier_like"}),
    "another day in words": (sidecar('{"ScanOptions": "May 6, 2020"}'), {"identifier_like"}),
    "damaged JSON": (sidecar('{"EchoTime": 1'), {"unaudited"}),
    "a name in a bvec": (text(f"{DWI}.bvec", "0 1\n0 0\n0 0 Jane\n"), {"unaudited", "identifier_found"}),
    "a column that may not be released": (scans("Smith", "operator"), {"sidecar_key"}),
    "a real date in scans.tsv": (scans("2019-04-17T10:00:00"), {"identifier_like", "identifier_found"}),
    "a name in scans.tsv": (scans("Doe Jane"), {"identifier_like", "identifier_found"}),
    "a name in a file name": (rename("dwi/sub-abc_ses-s1_acq-JaneDoe_dwi"), {"identifier_found"}),
    "a name that BIDS does not know": (rename("dwi/sub-abc_ses-s1_blurb"), {"file_name"}),
    "another session's file": (rename("dwi/sub-abc_ses-s2_dwi"), {"file_name"}),
    "a kind of file without a check": (text("dwi/sub-abc_ses-s1_dwi.nii", "x"), {"file_name"}),
    "a head that was not defaced": (lambda folder: image(folder / "anat/sub-abc_ses-s1_T2w.nii.gz"), {"face_left"}),
    "a head whose suffix the settings leave out": (
        lambda folder: image(folder / "anat/sub-abc_ses-s1_FLAIR.nii.gz"),
        {"face_left"},
    ),
    "a link": (lambda folder: (folder / "anat/x.json").symlink_to("/etc/hostname"), {"unaudited"}),
    "a sidecar alone": (text("anat/sub-abc_ses-s1_PDw.json", "{}"), {"unaudited"}),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_it_is_found(layout: Layout, planted: str) -> None:
    change, expected = PLANTED[planted]
    result = stage_session(layout, converted=change)
    assert expected <= codes(result), result.reasons
    assert "crashed" not in codes(result), result.reasons


@pytest.mark.parametrize("planted", PLANTED)
def test_no_value_is_repeated(layout: Layout, planted: str) -> None:
    result = stage_session(layout, converted=PLANTED[planted][0])
    said = json.dumps([reason.sentence for reason in result.reasons]).lower()
    assert not any(secret in said for secret in ("jane", "48213", "20190417", "smith", "113619", "time=101112"))


def test_an_untouched_session_passes_and_its_contents_are_listed(layout: Layout) -> None:
    result = stage_session(layout)
    assert result.ok, result.reasons
    rows = {row.path: row for row in records.read(layout.stage("audit", SessionId("abc", "s1")) / records.FILE)}
    assert rows[f"sub-abc/ses-s1/{T1W}.nii.gz"].source == "deface"
    assert rows[f"sub-abc/ses-s1/{T1W}.json"].source == "convert"
    assert rows["sub-abc/ses-s1/anat/sub-abc_ses-s1_mod-T1w_defacemask.nii.gz"].source == "deface"
    assert len(rows) == 9


def test_an_anatomical_image_that_shows_no_face_is_released_as_it_is_where_the_settings_say_so(layout: Layout) -> None:
    flair = "anat/sub-abc_ses-s1_FLAIR"

    def convert(folder: Path) -> None:
        image(folder / f"{flair}.nii.gz")
        (folder / f"{flair}.json").write_text(json.dumps({"EchoTime": 0.1}))

    assert "face_left" in codes(stage_session(layout, converted=convert))
    assert audit(layout, SessionId("abc", "s1"), faceless=("FLAIR",)).ok
    rows = {row.path: row for row in records.read(layout.stage("audit", SessionId("abc", "s1")) / records.FILE)}
    assert rows[f"sub-abc/ses-s1/{flair}.nii.gz"].source == "convert"


HEAD_MM = (1.5, 1.5, 1.5)
WHOLE_HEAD = (127, 153, 171)
"""Voxels and shape of a T1w of a whole head."""
ELSEWHERE = ("fmap/sub-abc_ses-s1_magnitude1", "func/sub-abc_ses-s1_task-rest_sbref", "dwi/sub-abc_ses-s1_sbref")


def elsewhere(name: str, shape: tuple[int, ...], voxel_mm: tuple[float, float, float]) -> Change:
    """An image that BIDS does not file with the anatomy."""

    def add(folder: Path) -> None:
        image(folder / f"{name}.nii.gz", np.zeros(shape, np.int16), voxel_mm)

    return add


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_whole_head_is_not_released_for_its_name_and_the_reason_says_what_to_do(layout: Layout, name: str) -> None:
    result = stage_session(layout, converted=elsewhere(name, WHOLE_HEAD, HEAD_MM))
    assert codes(result) == {"face_left"}
    assert "deface.suffixes" in result.reasons[0].sentence
    assert "audit.faceless" in result.reasons[0].sentence


def test_fine_diffusion_of_a_whole_head_is_released_where_the_settings_say_it_shows_no_face(layout: Layout) -> None:
    fine = elsewhere("dwi/sub-abc_ses-s1_dwi", (168, 144, 111, 2), (1.25, 1.25, 1.25))
    assert codes(stage_session(layout, converted=fine)) == {"face_left"}
    assert audit(layout, SessionId("abc", "s1"), faceless=("dwi",)).ok


def test_a_whole_head_whose_header_does_not_tell_its_voxels_is_withheld(layout: Layout) -> None:
    def untold(folder: Path) -> None:
        image(folder / f"{ELSEWHERE[0]}.nii.gz", pixdim=[1, 0, 0, 0, 0, 0, 0, 0])

    assert codes(stage_session(layout, converted=untold)) == {"face_left"}


def geometry(shape: tuple[int, ...], voxel_mm: Sequence[float], affine: Any = None) -> Change:
    """A bold image whose header says this of its voxels, in the matrix too unless that is given."""

    def add(folder: Path) -> None:
        header = nib.Nifti1Header()
        header.set_data_dtype(np.int8)
        header.set_data_shape(shape)
        header["pixdim"] = [1, *voxel_mm, 1, 0, 0, 0]
        rows = np.diag([*voxel_mm, 1])[:3] if affine is None else np.array(affine)
        header["sform_code"], (header["srow_x"], header["srow_y"], header["srow_z"]) = 1, rows
        header["vox_offset"], header["magic"] = 352, b"n+1"
        # nibabel would write an affine that fits.
        content = header.binaryblock + bytes(4 + int(np.prod(shape)))
        (folder / "func").mkdir()
        (folder / "func/sub-abc_ses-s1_task-rest_bold.nii.gz").write_bytes(gzip.compress(content, mtime=0))

    return add


@pytest.mark.parametrize(
    ("shape", "voxel_mm", "affine"),
    [
        ((16, 16, 13), (3.5e9, 3.5e9, 1), None),
        ((16, 16, 13), (0.001, 0.001, 1), None),
        ((16, 16, 13), (1000, 1000, 1), None),
        ((16, 16, 13), (np.nan, np.nan, 1), None),
        ((16, 16, 13), (1, 1, 200), None),  # slices far apart
        ((160, 160, 13), (6, 6, 3), None),  # wider than any bore
        ((16, 16, 13), (1, 1, 1), np.zeros((3, 4))),
        ((16, 16, 13), (1, 1, 1), np.full((3, 4), np.nan)),
        ((16, 16, 13), (1, 1, 1), [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0]]),
        ((16, 16, 13), (1, 1, 1), [[1, 0, 0, 1e6], [0, 1, 0, 0], [0, 0, 1, 0]]),
        ((16, 16, 13), (1, 1, 1), [[1, 0.7, 0, 0], [0, 0.714, 0, 0], [0, 0, 1, 0]]),
    ],
)
def test_an_image_with_a_geometry_that_no_scanner_makes_waits_for_a_person(
    layout: Layout, shape: tuple[int, ...], voxel_mm: Sequence[float], affine: Any
) -> None:
    result = stage_session(layout, converted=geometry(shape, voxel_mm, affine))
    assert codes(result) == {"face_left"}
    assert "no scanner makes" in result.reasons[0].sentence
    assert "audit.faceless" in result.reasons[0].sentence
    assert audit(layout, SessionId("abc", "s1"), faceless=("bold",)).ok


@pytest.mark.parametrize("shape", [(160, 160, 1, 130), (160, 160, 2, 65)])
def test_a_head_whose_slices_all_lie_in_one_place_is_withheld(layout: Layout, shape: tuple[int, ...]) -> None:
    assert codes(stage_session(layout, converted=geometry(shape, (1, 1, 1)))) == {"face_left"}


@pytest.mark.parametrize(
    ("shape", "voxel_mm"),
    [
        ((96, 96, 30), (0.1, 0.1, 0.1)),  # a specimen
        ((64, 64, 1, 200), (3.0, 3.0, 8.0)),  # one slice, measured fast
        ((128, 128, 1), (1.5, 1.5, 50.0)),  # one slab
        ((40, 50, 150), (10.0, 10.0, 12.0)),  # a whole body
        ((12, 14, 6, 40), (0.8, 0.8, 0.8)),  # layers of cortex
    ],
)
def test_sizes_that_are_rare_but_real_pass(layout: Layout, shape: tuple[int, ...], voxel_mm: Sequence[float]) -> None:
    result = stage_session(layout, converted=geometry(shape, voxel_mm))
    assert "face_left" not in codes(result), result.reasons


@pytest.mark.parametrize(
    ("shape", "voxel_mm"),
    [
        ((128, 128, 80), (2.0, 2.0, 2.0)),  # a field map of GE, and bold as in large studies
        ((112, 112, 72, 2), (1.964, 1.964, 2.0)),
        ((256, 256, 60), (0.9375, 0.9375, 2.4)),  # diffusion that the scanner interpolated in plane
        ((320, 320, 80), (0.7, 0.7, 0.7)),  # a slab
    ],
)
def test_field_maps_and_series_of_usual_voxels_and_slabs_pass(
    layout: Layout, shape: tuple[int, ...], voxel_mm: tuple[float, float, float]
) -> None:
    result = stage_session(layout, converted=elsewhere("fmap/sub-abc_ses-s1_magnitude1", shape, voxel_mm))
    assert "face_left" not in codes(result), result.reasons


def test_defacing_may_leave_nothing_but_heads_and_masks(layout: Layout) -> None:
    result = stage_session(layout, defaced=lambda folder: image(folder / f"{DWI}.nii.gz"))
    assert codes(result) == {"unaudited"}


def leave(mask: np.ndarray | None = None, head: np.ndarray | None = None) -> Change:
    def apply(folder: Path) -> None:
        path = folder / "anat/sub-abc_ses-s1_mod-T1w_defacemask.nii.gz"
        if mask is None and head is None:
            path.unlink()
            path.with_name(path.name.replace(".nii.gz", ".json")).unlink()
        if mask is not None:
            image(path, mask)
        if head is not None:
            image(folder / f"{T1W}.nii.gz", head)

    return apply


HEAD = np.zeros((8, 9, 7), np.int16)
HEAD[4, 7, 3] = 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leave(), "has no face mask"),
        (leave(mask=np.ones((8, 9, 7), np.uint8)), "removes nothing"),
        (leave(mask=np.zeros((7, 9, 8), np.uint8)), "own grid"),
        (leave(mask=np.full((8, 9, 7), 2, np.uint8)), "0 and 1"),
        (leave(head=HEAD), "voxels left"),
    ],
)
def test_a_head_that_its_mask_does_not_prove_faceless_is_withheld(layout: Layout, change: Change, words: str) -> None:
    result = stage_session(layout, defaced=change)
    assert codes(result) == {"face_left"}
    assert words in result.reasons[0].sentence


def test_echoes_of_one_acquisition_share_a_mask_and_another_run_does_not(layout: Layout) -> None:
    def twins(*labels: str) -> Change:
        def add(folder: Path) -> None:
            for label in labels:
                head = np.zeros((8, 9, 7), np.int16)
                head[:, :6] = 7
                image(folder / f"anat/sub-abc_ses-s1_{label}_T1w.nii.gz", head)

        return add

    echoes = twins("echo-1", "echo-2")
    assert stage_session(layout, converted=echoes, defaced=echoes).ok
    run = twins("run-2")
    assert codes(stage_session(layout, converted=run, defaced=run)) == {"face_left"}


def test_a_head_filled_with_one_value_other_than_zero_passes(layout: Layout) -> None:
    filled = np.full((8, 9, 7), -1024, np.int16)
    filled[:, :6] = 40
    result = stage_session(layout, defaced=leave(head=filled.astype(">i2")))
    assert result.ok, result.reasons


def test_a_session_without_identifiers_is_withheld(layout: Layout) -> None:
    assert codes(stage_session(layout, identifiers={"name": []})) == {"unaudited"}


def test_a_person_called_like_a_word_of_the_format_raises_no_alarm(layout: Layout) -> None:
    public = '{"Manufacturer": "Philips", "EchoTime": 0.03, "BodyPart": "BRAIN"}'
    identifiers = dict(IDENTIFIERS) | {"name": ["ANGLE^ANAT", "FIELD^ECHO", "BRAIN^PHILIPS"]}
    result = stage_session(layout, identifiers=identifiers, converted=sidecar(public))
    assert result.ok, result.reasons
    result = stage_session(layout, identifiers=identifiers, converted=sidecar('{"ScanOptions": "Philips"}'))
    assert codes(result) == {"identifier_found"}


@pytest.mark.parametrize("name", ["LE^NAM", "QTI^ME"])
def test_a_person_whose_name_stands_in_the_columns_of_scans_tsv_raises_no_alarm(layout: Layout, name: str) -> None:
    result = stage_session(layout, identifiers=dict(IDENTIFIERS) | {"name": [name]})
    assert result.ok, result.reasons


CODES = """{
    "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"], "ScanningSequence": "GR_IR", "SequenceVariant": "SK_SP",
    "MRAcquisitionType": "3D", "InPlanePhaseEncodingDirectionDICOM": "ROW", "SequenceName": "*tse3d1_23"
}"""


@pytest.mark.parametrize("name", ["ROW^AMY", "TSE^KA MAN", "MILLER^NORM", "GR^SK", "ND", "SK", "ORIGINAL^PRIMARY"])
def test_a_person_called_like_a_code_of_a_closed_list_raises_no_alarm(layout: Layout, name: str) -> None:
    identifiers = dict(IDENTIFIERS) | {"name": [name]}
    result = stage_session(layout, identifiers=identifiers, converted=sidecar(CODES))
    assert result.ok, result.reasons


@pytest.mark.parametrize(
    "value",
    [
        '"ScanOptions": "TSE"',
        '"ImageType": ["ORIGINAL", "AMY"]',
        '"ScanningSequence": "GR_ROW"',
        '"SequenceName": "tse_amy"',
        '"ScanOptions": "ROW"',
        '"ScanningSequence": ["GR", "ROW"]',
    ],
)
def test_a_name_that_is_no_code_of_its_attribute_is_found(layout: Layout, value: str) -> None:
    identifiers = dict(IDENTIFIERS) | {"name": ["ROW^AMY", "TSE^KA MAN"]}
    result = stage_session(layout, identifiers=identifiers, converted=sidecar("{" + value + "}"))
    assert codes(result) == {"identifier_found"}


def test_words_of_unface_its_converter_and_the_scanner_raise_no_alarm(layout: Layout) -> None:
    machine = """{
        "Manufacturer": "SIEMENS", "ManufacturersModelName": "Galan 3T", "SoftwareVersions": "syngo MR XA60",
        "SequenceName": "epi", "DeidentificationMethod": "unface 0.1.0: DICOM PS3.15 Table E.1-1",
        "ConversionSoftware": "dcm2niix", "ConversionSoftwareVersion": "v1.0.20250506",
        "DeidentificationMethodCodeSequence": [
            {"CodeValue": "113100", "CodingSchemeDesignator": "DCM",
             "CodeMeaning": "Basic Application Confidentiality Profile"}
        ]
    }"""
    own = {
        "name": ["phantom_check_XA60", "SIEMENS^EPI", "BASIC^PROFILE", "Unface^Table", "TITAN^GALAN"],
        "id": ["113100", "001"],
        "date": ["20250506"],
        "other": ["1-1", "1-001", "Galan 3T", "E.1-1"],
    }
    result = stage_session(layout, identifiers=own, converted=sidecar(machine))
    assert result.ok, result.reasons


def test_a_finding_names_the_key_where_it_stands(layout: Layout) -> None:
    result = stage_session(layout, converted=sidecar('{"EchoTime": 0.03, "ScanOptions": "for Jane Doe"}'))
    assert any("ScanOptions" in reason.sentence for reason in result.reasons), result.reasons
    assert not any("jane" in reason.sentence.lower() for reason in result.reasons)


def test_a_time_of_day_with_the_digits_of_an_id_raises_no_alarm(layout: Layout) -> None:
    result = stage_session(layout, identifiers=dict(IDENTIFIERS) | {"id": ["101112"], "date": ["20101112"]})
    assert result.ok, result.reasons


def test_dates_and_uids_that_an_option_retains_are_no_fault(layout: Layout) -> None:
    def real(folder: Path) -> None:
        scans("2019-04-18T10:11:12")(folder)
        sidecar('{"ScanOptions": "1.2.840.113619.2.55.3.12345"}')(folder)

    assert codes(stage_session(layout, converted=real)) == {"identifier_like"}
    retained = ["retain_longitudinal_full_dates", "retain_uids"]
    assert stage_session(layout, converted=real, options=retained).ok


def test_a_word_to_ignore_raises_no_alarm(layout: Layout) -> None:
    identifiers = dict(IDENTIFIERS) | {"other": ["Scanners"]}
    assert codes(stage_session(layout, identifiers=identifiers)) == {"identifier_found"}
    assert stage_session(layout, identifiers=identifiers, ignore=["SCANNERS"]).ok


def test_what_another_session_of_the_subject_says_of_them_is_searched_for(layout: Layout) -> None:
    stage_session(layout, SessionId("abc", "s2"), identifiers={"name": ["KOWALSKA^ANNA"], "id": ["P-771234"]})
    named = sidecar('{"ScanOptions": "for Kowalska"}')
    assert codes(stage_session(layout, identifiers={"id": ["P-771234"]}, converted=named)) == {"identifier_found"}
    assert stage_session(layout, SessionId("bcd", "s1"), identifiers={"id": ["P-881234"]}).ok


def test_a_session_whose_headers_were_never_read_stops_no_other_of_the_subject_and_is_told(layout: Layout) -> None:
    stage_session(layout, SessionId("abc", "s2"), identifiers={})
    result = stage_session(layout)
    assert result.ok
    assert any("1 other session" in note for note in result.notes)
    layout.identifiers(SessionId("abc", "s2")).write_text("{")
    assert codes(audit(layout, SessionId("abc", "s1"))) == {"unaudited"}
