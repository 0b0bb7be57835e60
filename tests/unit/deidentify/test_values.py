"""What the standard asks of single values: required ones stay, and every one obeys its VR; places that hide others."""

import csv
import io
import json
import tracemalloc
from collections import Counter
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import OPTIONS, hostile, small, written
from tests.support.one_patient import header, record_of, run
from unface.deidentify.clean_files import Deidentifier
from unface.deidentify.clock import MORNING, Clock
from unface.deidentify.profile import Profile
from unface.deidentify.rewrite import counted
from unface.deidentify.splitter import HeaderSplitter
from unface.dicom import standard
from unface.dicom.encoding import element, element_at, file_meta
from unface.identity.pseudonyms import Key
from unface.inventory.records import Series, SessionRecord
from unface.run.settings import Deidentify

LONGEST = {"AE": 16, "AS": 4, "CS": 16, "DA": 8, "DS": 16, "DT": 26, "IS": 12, "LO": 64, "SH": 16, "TM": 14, "UI": 64}
"""Characters of one value (PS3.5 table 6.2-1)."""


def deidentifier(options: tuple[str, ...] = OPTIONS, **overrides: str) -> Deidentifier:
    settings = Deidentify(
        options=options, clock_times="move", overrides=overrides, age_band_years=5, folder_pattern=None
    )
    identifiers: dict[str, set[str]] = {"name": {"DOE^JANE"}, "id": set(), "other": set()}
    # A session that began at 10:15.
    return Deidentifier(
        Profile(settings), Key(b"k" * 32), "someone", "asub", identifiers, clock=Clock(MORNING - 10 * 60 - 15)
    )


def cleaned(ds: Dataset, syntax: str = ExplicitVRLittleEndian, **overrides: str) -> tuple[bytes, Dataset]:
    clean = deidentifier(**overrides).clean(written(ds, syntax), HeaderSplitter())
    data = b"".join(bytes(part) for part in clean.parts)
    return data, pydicom.dcmread(io.BytesIO(data))


def test_every_value_has_an_even_length_its_padding_and_room_in_its_vr() -> None:
    ds = header()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Müller^Jané"
    ds.StudyDescription, ds.ImageComments = "Kopf für Müller", "brain Ünal " * 9
    ds.StationName, ds.RequestingService, ds.ScanOptions = "MR1", "neurology of all of the city", "FS"
    ds.StudyID, ds.ProtocolName, ds.AcquisitionNumber = "S-1", "t1 mprage", 7
    data, clean = cleaned(ds, StudyID="hash", ScanOptions="hash", StationName="randomise", RequestingService="hash")
    assert clean.SpecificCharacterSet == "ISO_IR 192"
    assert clean.StudyDescription == ""
    at, looked = file_meta(data)[1], 0
    while at < len(data):
        tag, vr, body, at = element_at(data, at, len(data), implicit=False)
        value = data[body:at]
        assert len(value) % 2 == 0, f"{tag:08x}"
        if vr not in (b"SQ", b"OW", b"OB", b"US"):
            assert not value.endswith(b"\0" if vr != b"UI" else b" "), f"{tag:08x}"
            for part in value.decode("utf-8").split("\\"):
                assert len(part.rstrip("\0 ")) <= LONGEST.get(vr.decode(), len(part)), f"{tag:08x}"
            looked += 1
    assert looked > 20


def test_no_type_1_attribute_of_a_sequence_is_removed_or_emptied_nor_any_at_the_top() -> None:
    classes = {row["iod"]: row["sop_class"] for row in standard.table("sop_classes.tsv")}
    for options in ((), OPTIONS, ("clean_structured_content", "clean_graphics")):
        rewriter = deidentifier(options).rewriter
        looked = 0
        for row in standard.table("attribute_types.tsv"):
            tag, parent = (int(row[name].replace("xx", "00") or "0", 16) for name in ("tag", "parent"))
            if (
                row["type"][:1] != "1"
                or rewriter.profile.decision(parent or tag, "SQ").action == "remove"
                or tag >> 24 == 0x60
            ):
                continue
            for iod in classes if row["iods"] == "*" else {*row["iods"].split()} & {*classes}:
                vr = standard.vr_of(tag)
                value = b"" if vr == "SQ" else b"DOE^JANE"
                action, _, _ = rewriter.judge(tag, vr.encode(), value, {}, parent, classes[iod])
                assert action not in ("remove", "empty"), f"{row['tag']} in {row['parent']} of {iod}: {action}"
                looked += 1
        assert looked > 300


def test_a_required_text_of_nothing_but_a_name_becomes_one_that_says_nothing() -> None:
    ds = small(Modality="MR")
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "DOE", "99JANE", "Doe"
    item = Dataset()
    item.RequestedProcedureCodeSequence = [code]
    ds.RequestAttributesSequence = [item]
    _, clean = cleaned(ds)
    term = clean.RequestAttributesSequence[0].RequestedProcedureCodeSequence[0]
    assert [bool(term[name].value) for name in ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")] == [True] * 3
    assert "DOE" not in str(clean).upper()
    assert "JANE" not in str(clean).upper()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian], ids=["explicit", "implicit"])
def test_icons_signatures_encrypted_attributes_and_sequences_of_vr_un_hide_nothing(syntax: str) -> None:
    ds = header()
    hidden = Dataset()
    hidden.PatientName, hidden.PatientComments = "DOE^JANE", "for JANE"
    icon = Dataset()
    icon.Rows = icon.Columns = 1
    icon.PixelData = b"DOE^JANE"
    icon["PixelData"].VR = "OB"
    ds.IconImageSequence = [icon]
    ds.EncryptedAttributesSequence = [Dataset()]
    ds.EncryptedAttributesSequence[0].EncryptedContent = b"DOE^JANE"
    ds.OriginalAttributesSequence = [hidden]
    ds.DigitalSignaturesSequence = [Dataset()]
    ds.DigitalSignaturesSequence[0].Signature = b"DOE^JANE"
    raw = written(ds, syntax)
    # An item in implicit little endian, in a sequence of VR UN: of a known length and of none (PS3.5 6.2.2).
    inside = element(0x00100010, b"PN", b"DOE^JANE", True) + element(0x00189073, b"FD", bytes(8), True)
    item = b"\xfe\xff\0\xe0" + len(inside).to_bytes(4, "little") + inside
    end = b"\xfe\xff\xdd\xe0\0\0\0\0"
    at = raw.index(b"\x20\0\x0d\0") if b"\x20\0\x0d\0" in raw else raw.index(b"\x28\0")
    unknown = b"\x18\0\x06\x90" + (b"UN\0\0" if syntax == ExplicitVRLittleEndian else b"")
    for sequence in (unknown + len(item).to_bytes(4, "little") + item, unknown + b"\xff\xff\xff\xff" + item + end):
        clean = deidentifier().clean(raw[:at] + sequence + raw[at:], HeaderSplitter())
        data = b"".join(bytes(part) for part in clean.parts)
        for word in (b"DOE", b"JANE"):
            assert word not in data
        done = pydicom.dcmread(io.BytesIO(data))
        assert not {"IconImageSequence", "EncryptedAttributesSequence", "DigitalSignaturesSequence"} & set(done.dir())
        assert done.PixelData == ds.PixelData


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20211105101500.250000+0100", "19{6}080000.250000+0100"),
        ("20211105", "19{6}"),
        ("202111", "19{4}"),
        ("2021", "19{2}"),
        ("20210230", ""),
        ("yesterday", ""),
    ],
)
def test_dates_whole_and_partial_end_before_1926_and_keep_time_and_zone(value: str, expected: str) -> None:
    ds = small(Modality="MR", SeriesTime="101500.25")
    ds.add_new(0x0008002A, "LO", value)
    ds[0x0008002A].VR = "DT"
    _, clean = cleaned(ds)
    shifted = str(clean[0x0008002A].value or "")
    digits = expected.partition("}")[0][-1:]
    if digits:
        assert len(shifted) == len(value)
        assert "1800" < shifted[:4] < "1926"
        assert shifted[8:] == expected.partition("}")[2]
    else:
        assert shifted == ""
    assert clean.SeriesTime == "080000.25"


@pytest.mark.parametrize(("options", "left"), [(OPTIONS, "080000.25"), (("retain_safe_private",), "")])
def test_a_time_in_a_private_element_goes_where_dates_go(options: tuple[str, ...], left: str) -> None:
    ds = small(Modality="MR")
    ds.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "TM", "101500.25")
    clean = deidentifier(options).clean(written(ds, ExplicitVRLittleEndian), HeaderSplitter())
    ds = pydicom.dcmread(io.BytesIO(b"".join(bytes(part) for part in clean.parts)))
    assert str(ds[0x0019100C].value or "") == left


def test_the_clean_file_names_its_method_and_the_codes_of_its_options() -> None:
    _, clean = cleaned(small(Modality="MR"))
    assert clean.DeidentificationMethod.startswith("unface ")
    assert "PS3.15 Table E.1-1" in clean.DeidentificationMethod
    schemes = {item.CodingSchemeDesignator for item in clean.DeidentificationMethodCodeSequence}
    assert schemes == {"DCM"}
    assert all(item.CodeMeaning for item in clean.DeidentificationMethodCodeSequence)


def test_of_ge_s_and_philips_private_elements_stay_those_of_the_list_alone() -> None:
    ds = small(Modality="MR", Manufacturer="GE")
    ge = ds.private_block(0x0043, "GEMS_PARM_01", create=True)
    ge.add_new(0x39, "IS", ["1000000800", "8", "0", "0"])
    ge.add_new(0x2C, "SS", 720)
    ge.add_new(0xB6, "LO", ["2", "3", "JANE"])
    ge.add_new(0xFE, "LO", "JANE")
    philips = ds.private_block(0x2001, "Philips Imaging DD 001", create=True)
    philips.add_new(0x03, "FL", 1000.0)
    philips.add_new(0xFE, "LO", "JANE")
    other = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
    other.add_new(0x4E, "FL", 2.5)
    ds.private_block(0x2005, "JANE", create=True).add_new(0x4E, "FL", 2.5)
    data, clean = cleaned(ds)
    assert b"JANE" not in data
    kept = {element.tag: element.value for element in clean if element.tag.is_private and element.tag.element > 0xFF}
    assert list(kept[0x00431039]) == ["1000000800", "8", "0", "0"]
    assert list(kept[0x004310B6])[:2] == ["2", "3"]
    assert (kept[0x0043102C], kept[0x20011003], kept[0x2005104E]) == (720, 1000.0, 2.5)
    assert len(kept) == 5


def test_the_table_of_a_session_counts_what_was_done_to_each_file(tmp_path: Path) -> None:
    raw = tmp_path / "raw.dcm"
    pydicom.dcmwrite(raw, header())
    done, folder = run(tmp_path, record_of(raw))
    assert done.ok
    with (folder / "files.tsv").open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert (folder / "dicom" / row["series"] / row["file"]).is_file()
    # What the profile says of each element of the source, sequences' items included.
    said: Counter[str] = Counter()
    count(header(), 0, {}, said)
    assert {name: int(row[name]) for name in counted(0) if int(row[name])} == dict(said)


def count(ds: Dataset, parent: int, creators: dict[int, str], said: Counter[str]) -> None:
    """Count what the rewriter says of each element but the pixels."""
    rewriter = deidentifier().rewriter
    for each in ds:
        if each.tag == 0x7FE00010:
            continue
        value = str(each.value).encode()
        action, _, _ = rewriter.judge(int(each.tag), each.VR.encode(), value, creators, parent, header().SOPClassUID)
        said[action] += 1
        if action == "recurse":
            for item in each.value:
                count(item, int(each.tag), {}, said)


def test_hostile_files_make_their_series_unreadable_with_a_reason_and_in_little_memory(tmp_path: Path) -> None:
    series = []
    for number, (name, data) in enumerate(hostile().items(), start=1):
        path = tmp_path / f"{name}.dcm"
        path.write_bytes(data)
        series.append(Series(f"s{number:03d}", f"g{number:03d}", {}, record_of(path).series[0].files))
    tracemalloc.start()
    done, folder = run(tmp_path, SessionRecord("asub", "ses1", "MRN-77123", tuple(series)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    states = json.loads((folder / "series.json").read_text())
    assert [(state["state"], bool(state["reason"])) for state in states] == [("unreadable", True)] * len(series)
    assert done.ok
    assert not list(folder.rglob("*.dcm"))
    assert peak < 50e6


@pytest.mark.parametrize("age", ["45", "045y", "45 Y", "0045Y"])
def test_an_age_in_an_odd_form_is_banded_like_any_other(age: str) -> None:
    ds = small()
    ds.add_new("PatientAge", "AS", "045Y")
    data = written(ds, ExplicitVRLittleEndian)
    value = age.encode() + b" " * (len(age) % 2)
    data = data.replace(b"\x10\0\x10\x10AS\4\x00045Y", element(0x00101010, b"AS", value, False))
    assert value in data
    clean = deidentifier().clean(data, HeaderSplitter())
    assert pydicom.dcmread(io.BytesIO(b"".join(bytes(part) for part in clean.parts))).PatientAge == "050Y"
