"""What each kind of file may hold, file by file, with nothing of a session around it."""

import gzip
import json
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.audit import streams
from unface.audit.files import FileCheck
from unface.audit.identifier_search import IdentifierSearch

HERE = "sub-abc/ses-s1"
T1W = f"{HERE}/anat/sub-abc_ses-s1_T1w"
DWI = f"{HERE}/dwi/sub-abc_ses-s1_dwi"
SCANS = f"{HERE}/sub-abc_ses-s1_scans.tsv"
SEARCH = IdentifierSearch.of({"name": ["DOE^JANE"], "id": ["MRN-0048213", "77123456"]}, [])
VOXELS = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
Codes = Callable[[str, bytes | str], list[str]]


def check(options: Iterable[str] = (), released: Iterable[str] = ()) -> FileCheck:
    return FileCheck(HERE, SEARCH, list(released), list(options))


@pytest.fixture
def content(tmp_path: Path) -> Callable[..., list[str]]:
    """The codes of what is found in a file of some content."""

    def found(path: str, data: bytes | str, **changed: Any) -> list[str]:
        file = tmp_path / "file"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [code for code, _ in check(**changed).content(path, file)]

    return found


def name(path: str) -> list[str]:
    return [code for code, _ in check().name(path)]


@pytest.mark.parametrize(
    "path",
    [f"{T1W}.nii.gz", f"{T1W}.json", f"{DWI}.bval", SCANS, f"{HERE}/anat/sub-abc_ses-s1_acq-mprage_run-01_T1w.nii.gz"],
)
def test_a_bids_name_in_the_sessions_own_folder_may_leave(path: str) -> None:
    assert name(path) == []


@pytest.mark.parametrize(
    "path",
    [
        "sub-abc/ses-s2/anat/sub-abc_ses-s2_T1w.nii.gz",
        "sub-abc/ses-s12/anat/sub-abc_ses-s12_T1w.nii.gz",
        "sub-bcd/ses-s1/anat/sub-bcd_ses-s1_T1w.nii.gz",
        "sub-abc/ses-s2/sub-abc_ses-s2_scans.tsv",
        f"{HERE}/anat/sub-abc_ses-s1_T1w.nii.gz.bak",
        f"{HERE}/anat/notes.json",
        f"{HERE}/anat/sub-abc_ses-s1_scans.tsv",
        "participants.tsv",
    ],
)
def test_no_other_name_may_leave(path: str) -> None:
    assert name(path) == ["file_name"]


def test_labels_are_searched_for_identifiers_and_numbers_that_count_are_no_labels() -> None:
    by_number = IdentifierSearch.of({"id": ["482", "4821"]}, [])
    entities = ["run-482_T1w", "run-4821_T1w", "acq-482_T1w"]
    found = {
        part: [code for code, _ in FileCheck(HERE, by_number, [], []).name(f"{HERE}/anat/sub-abc_ses-s1_{part}.nii.gz")]
        for part in entities
    }
    assert found["run-482_T1w"] == []
    assert found["run-4821_T1w"] == ["identifier_found"]
    assert name(f"{HERE}/anat/sub-abc_ses-s1_acq-janedoe_T1w.nii.gz") == ["identifier_found"]


def test_the_labels_of_subject_and_session_are_searched_where_they_name_a_table_too() -> None:
    folder = "sub-janedoe/ses-s1"
    own = FileCheck(folder, SEARCH, [], [])
    assert [code for code, _ in own.name(f"{folder}/sub-janedoe_ses-s1_scans.tsv")] == ["identifier_found"]
    folder = "sub-abc/ses-janedoe"
    own = FileCheck(folder, SEARCH, [], [])
    assert [code for code, _ in own.name(f"{folder}/sub-abc_ses-janedoe_scans.tsv")] == ["identifier_found"]


def test_a_name_that_is_none_is_searched_as_a_whole() -> None:
    assert name("sub-abc/janedoe.json") == ["file_name", "identifier_found"]


@pytest.mark.parametrize("path", [f"{DWI}.nii", f"{DWI}.txt", f"{HERE}/README", f"{DWI}.json.gz", f"{DWI}.edf"])
def test_a_kind_of_file_that_no_check_knows_may_not_leave(content: Codes, path: str) -> None:
    assert content(path, "") == ["file_name"]


# Images


def packed(image: bytes, flags: int = 0, stamp: int = 0, extra: bytes = b"") -> bytes:
    data = gzip.compress(image, mtime=0)
    return data[:3] + bytes([flags]) + struct.pack("<I", stamp) + data[8:10] + extra + data[10:]


def nifti(**fields: Any) -> bytes:
    made = nib.Nifti1Image(VOXELS, np.eye(4))
    for field, value in fields.items():
        made.header[field] = value
    return bytes(made.to_bytes())


def test_a_plain_image_may_leave(content: Codes) -> None:
    assert content(f"{DWI}.nii.gz", packed(nifti())) == []
    # What some programs write into a field that Analyze left.
    assert content(f"{DWI}.nii.gz", packed(nifti(regular=b"r"))) == []


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b\x08", nifti(), b"\x1f\x8b\x07" + bytes(20), packed(nifti())[:9]])
def test_what_is_not_packed_by_gzip_may_not_leave(content: Codes, data: bytes) -> None:
    assert content(f"{DWI}.nii.gz", data) == ["unaudited"]


def test_a_gzip_header_with_a_time_a_name_or_a_comment_may_not_leave(content: Codes) -> None:
    assert content(f"{DWI}.nii.gz", packed(nifti(), stamp=1)) == ["nifti_header"]
    assert content(f"{DWI}.nii.gz", packed(nifti(), flags=8, extra=b"x.nii\0")) == ["nifti_header"]
    named = content(f"{DWI}.nii.gz", packed(nifti(), flags=16, extra=b"of janedoe\0"))
    assert named == ["nifti_header", "identifier_found"]


@pytest.mark.parametrize("field", ["descrip", "aux_file", "intent_name", "db_name", "data_type"])
def test_text_in_a_header_may_not_leave(content: Codes, field: str) -> None:
    assert content(f"{DWI}.nii.gz", packed(nifti(**{field: b"plain"}))) == ["nifti_header"]
    told = content(f"{DWI}.nii.gz", packed(nifti(**{field: b"janedoe"})))
    assert set(told) == {"nifti_header", "identifier_found"}


def test_an_extension_or_a_gap_may_not_leave_and_is_searched(content: Codes) -> None:
    gap = bytearray(nifti())
    gap[108:112] = struct.pack("<f", 368)
    gap[352:352] = b"doe, jane\0\0\0\0\0\0\0"
    assert {"nifti_header", "identifier_found"} == set(content(f"{DWI}.nii.gz", packed(bytes(gap))))
    silent = bytearray(nifti())
    silent[108:112] = struct.pack("<f", 368)
    silent[352:352] = bytes(16)
    assert content(f"{DWI}.nii.gz", packed(bytes(silent))) == ["nifti_header"]
    flagged = bytearray(nifti())
    flagged[348] = 1
    assert content(f"{DWI}.nii.gz", packed(bytes(flagged))) == ["nifti_header"]


def test_an_identifier_among_voxels_is_found_wherever_a_piece_ends(
    content: Codes, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = nifti()
    planted = image[:400] + b"mrn0048213" + image[410:]
    for chunk in (1 << 24, 404, 405):
        monkeypatch.setattr(streams, "CHUNK", chunk)
        assert content(f"{DWI}.nii.gz", packed(planted)) == ["identifier_found"]
        assert content(f"{DWI}.nii.gz", packed(image)) == []


@pytest.mark.parametrize("image", [nifti() + b"\0", nifti()[:-1], nifti()[:100], b""])
def test_an_image_has_the_bytes_that_its_header_says(content: Codes, image: bytes) -> None:
    assert content(f"{DWI}.nii.gz", packed(image)) == ["unaudited"]


def test_an_image_of_a_type_that_is_none_cannot_be_audited(content: Codes) -> None:
    image = bytearray(nifti())
    image[70:72] = struct.pack("<h", 999)
    assert content(f"{DWI}.nii.gz", packed(bytes(image))) == ["unaudited"]


# Sidecars


def test_a_sidecar_of_known_keys_may_leave_in_any_shape(content: Codes) -> None:
    plain = {"EchoTime": 0.003, "Manufacturer": "Siemens", "ScanOptions": ["A", {"FlipAngle": 3}], "ImageType": []}
    assert content(f"{DWI}.json", json.dumps(plain)) == []
    assert content(f"{DWI}.json", "{}") == []


@pytest.mark.parametrize("data", ["", "{", b"\xff\xfe{}", "[" * 100_000, '{"EchoTime": 1} more'])
def test_a_sidecar_that_cannot_be_read_may_not_leave(content: Codes, data: bytes | str) -> None:
    assert content(f"{DWI}.json", data) == ["unaudited"]


@pytest.mark.parametrize(
    "text",
    [
        '{"PatientAge": 3}',
        '{"ScanOptions": {"PatientAge": 3}}',
        '{"ScanOptions": [[{"PatientAge": 3}]]}',
        '{"ScanOptions": {"FlipAngle": {"PatientAge": 3}}}',
    ],
)
def test_a_key_that_may_not_leave_is_found_at_any_depth(content: Codes, text: str) -> None:
    assert content(f"{DWI}.json", text) == ["sidecar_key"]


@pytest.mark.parametrize(
    "text",
    [
        '{"EchoTime": 1, "EchoTime": 2}',
        '{"ScanOptions": {"EchoTime": 1, "EchoTime": 2}}',
        '{"ScanOptions": [3, {"EchoTime": 1, "EchoTime": 2}]}',
        '{"FlipAngle": 3, "ScanOptions": {"FlipAngle": {"EchoTime": 1, "EchoTime": 2}}}',
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_found_at_any_depth(content: Codes, text: str) -> None:
    assert content(f"{DWI}.json", text) == ["unaudited"]


def test_a_key_that_stands_in_two_objects_is_no_fault(content: Codes) -> None:
    assert content(f"{DWI}.json", '{"EchoTime": 1, "ScanOptions": [{"EchoTime": 1}, {"EchoTime": 2}]}') == []


def test_the_reason_names_keys_unless_they_tell_something(tmp_path: Path) -> None:
    def said(*keys: str) -> str:
        (tmp_path / "file").write_text(json.dumps(dict.fromkeys(keys, 1)))
        findings = check().content(f"{DWI}.json", tmp_path / "file")
        return next(sentence for code, sentence in findings if code == "sidecar_key")

    assert "StationName" in said("StationName")
    many = [f"Key{letter}" for letter in "ABCDEF"]
    assert [key in said(*many) for key in many] == [True] * 5 + [False]
    for keys in (["janedoe"], ["StationName", "jane doe"], ["StationName", "x"], ["Jane", "Doe"], ["MRN0048213"]):
        assert not any(key in said(*keys) for key in keys)


def test_identifiers_are_found_in_values_keys_and_numbers(content: Codes) -> None:
    for text in (
        '{"ScanOptions": "for janedoe"}',
        '{"ScanOptions": ["x", {"FlipAngle": "janedoe"}]}',
        '{"EchoTime": 77123456}',
        '{"ScanOptions": "\\u006aane\\u0064oe"}',
    ):
        assert set(content(f"{DWI}.json", text)) == {"identifier_found"}
    assert "identifier_found" in content(f"{DWI}.json", '{"janedoe": 1}')


@pytest.mark.parametrize("value", ["1.2.840.113619.2.55.3.12345", "SMITH^ADAM", "2020-05-06"])
def test_what_looks_like_an_identifier_may_not_leave_but_as_a_version_of_software(content: Codes, value: str) -> None:
    assert content(f"{DWI}.json", json.dumps({"ScanOptions": value})) == ["identifier_like"]
    assert content(f"{DWI}.json", json.dumps({"ScanOptions": [value]})) == ["identifier_like"]
    assert content(f"{DWI}.json", json.dumps({"SoftwareVersions": value})) == []


# Tables


def table(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def test_a_table_of_scans_may_leave(content: Callable[..., list[str]]) -> None:
    listed = [f"{T1W}.nii.gz", f"{DWI}.nii.gz"]
    rows = table(
        "filename\tacq_time",
        "anat/sub-abc_ses-s1_T1w.nii.gz\t1850-02-03T10:11:12",
        "dwi/sub-abc_ses-s1_dwi.nii.gz\tn/a",
    )
    assert content(SCANS, rows, released=listed) == []
    assert content(SCANS, rows, released=listed[:1]) == ["unaudited"]


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        (table("filename\toperator"), ["sidecar_key"]),
        (table("filename\tfilename"), ["sidecar_key"]),
        ("", ["sidecar_key"]),
        (table("filename\tacq_time", "x"), ["unaudited"]),
        (table("filename\tacq_time", "x\tn/a\tmore"), ["unaudited"]),
        (table("volume_type", "label"), ["sidecar_key"]),
    ],
)
def test_a_table_of_another_form_may_not_leave(content: Codes, rows: str, codes: list[str]) -> None:
    assert content(SCANS, rows) == codes


def test_a_table_that_is_no_text_may_not_leave(content: Codes) -> None:
    assert content(SCANS, b"filename\n\xff\n") == ["unaudited"]


@pytest.mark.parametrize(
    ("time", "fine"),
    [
        ("1850-02-03T10:11:12", True),
        ("1925-12-31T10:11:12.25Z", True),
        ("n/a", True),
        ("1926-01-01T00:00:00", False),
        ("2019-04-17T10:11:12", False),
        ("10:11:12", False),
        ("", False),
    ],
)
def test_a_time_of_a_scan_is_a_shifted_one(content: Callable[..., list[str]], time: str, *, fine: bool) -> None:
    listed = [f"{T1W}.nii.gz"]
    rows = table("filename\tacq_time", f"anat/sub-abc_ses-s1_T1w.nii.gz\t{time}")
    assert ("identifier_like" not in content(SCANS, rows, released=listed)) is fine
    later = table("filename\tacq_time", "anat/sub-abc_ses-s1_T1w.nii.gz\tn/a", rows.splitlines()[1])
    assert ("identifier_like" not in content(SCANS, later, released=listed)) is fine


def test_dates_that_an_option_retains_may_leave(content: Callable[..., list[str]]) -> None:
    rows = table("filename\tacq_time", "anat/sub-abc_ses-s1_T1w.nii.gz\t2019-04-18T10:11:12")
    kept = ["retain_longitudinal_full_dates"]
    assert content(SCANS, rows, released=[f"{T1W}.nii.gz"], options=kept) == []
    no_time = rows.replace("T10:11:12", "")
    assert content(SCANS, no_time, released=[f"{T1W}.nii.gz"], options=kept) == ["identifier_like"]


def test_cells_are_searched_and_the_names_of_files_and_times_are_not(
    content: Callable[..., list[str]], tmp_path: Path
) -> None:
    aslcontext = f"{HERE}/perf/sub-abc_ses-s1_aslcontext.tsv"
    assert content(aslcontext, table("volume_type", "label", "control")) == []
    assert set(content(aslcontext, table("volume_type", "janedoe"))) == {"identifier_found"}
    assert content(aslcontext, table("volume_type", "SMITH^ADAM")) == ["identifier_like"]
    by_number = IdentifierSearch.of({"id": ["101112"]}, [])
    own = FileCheck(HERE, by_number, [f"{T1W}.nii.gz"], [])

    def found(time: str, tmp: Path) -> set[str]:
        tmp.write_text(table("filename\tacq_time", f"anat/sub-abc_ses-s1_T1w.nii.gz\t{time}"))
        return {code for code, _ in own.content(SCANS, tmp)}

    assert found("1850-02-03T10:11:12", tmp_path / "table") == set()
    assert "identifier_found" in found("101112", tmp_path / "table")


# Gradients


def test_tables_of_numbers_may_leave(content: Codes) -> None:
    assert content(f"{DWI}.bval", "0 1000\n") == []
    assert content(f"{DWI}.bvec", "0 -1e-3\n+0.5 1\n0 0\n") == []
    assert content(f"{DWI}.bvec", "nan nan NaN\n") == []


@pytest.mark.parametrize("text", ["0 1000 x\n", "label\n", "0;1\n", "0 \xff\n"])
def test_anything_but_numbers_may_not(content: Codes, text: str) -> None:
    assert content(f"{DWI}.bval", text.encode("latin-1")) == ["unaudited"]


def test_words_and_numbers_between_gradients_are_searched(content: Codes) -> None:
    assert set(content(f"{DWI}.bval", "0 janedoe\n")) == {"unaudited", "identifier_found"}
    assert "identifier_found" in content(f"{DWI}.bval", "0 mrn0048213\n")


def test_what_bids_itself_puts_into_a_name_tells_nothing_of_a_person_called_like_it() -> None:
    search = IdentifierSearch.of({"name": ["ANAT^JANE", "BOLD^JANE"]}, [])
    own = FileCheck(HERE, search, [], [])
    for path in (f"{T1W}.nii.gz", f"{HERE}/func/sub-abc_ses-s1_task-rest_bold.nii.gz"):
        assert list(own.name(path)) == []


def test_a_key_that_may_be_a_name_is_not_repeated_however_little_it_looks_like_one(tmp_path: Path) -> None:
    """Found as a whole string only, or in the text of all."""
    (tmp_path / "file").write_text(json.dumps({"Ng": 1}))
    own = FileCheck(HERE, IdentifierSearch.of({"name": ["NG^JO"]}, []), [], [])
    sentences = [sentence for _, sentence in own.content(f"{DWI}.json", tmp_path / "file")]
    assert not any("Ng" in sentence for sentence in sentences)


def test_a_short_name_between_gradients_is_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("0 ng\n")
    own = FileCheck(HERE, IdentifierSearch.of({"name": ["NG^JO"]}, []), [], [])
    assert {code for code, _ in own.content(f"{DWI}.bval", tmp_path / "file")} == {"unaudited", "identifier_found"}
