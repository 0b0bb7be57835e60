"""Numbers as text (VR DS and IS): what is no number goes, whoever it tells of; what is one stays as it was written."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import OPTIONS, cleaned, small, written
from tests.support.fuzz import in_time
from unface.deidentify.profile import Profile
from unface.deidentify.values import ValueRewriter, padded
from unface.dicom.encoding import element, new_file_meta
from unface.identity.header_search import HeaderSearch
from unface.identity.pseudonyms import Key
from unface.run.settings import Deidentify

IMAGES, FIELD, WEIGHT, SPACING = 0x00201002, 0x00180087, 0x00101030, 0x00280030
VRS = {IMAGES: "IS", FIELD: "DS", WEIGHT: "DS", SPACING: "DS"}


def made_clean(vr: str, value: bytes, **identifiers: set[str]) -> bytes | None:
    profile = Profile(
        Deidentify(options=OPTIONS, clock_times="move", overrides={}, age_band_years=5, folder_pattern=None)
    )
    return ValueRewriter(Key(b"k" * 32), 0, profile, HeaderSearch(identifiers, ())).apply("check", vr, value)


@pytest.mark.parametrize("text", ["WIGGLESWORTH", "tel 0170 5551234", "born 1961", "01705551234x", "1961-03-14", "nan"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("tag", VRS)
def test_text_in_a_number_goes_whatever_attribute_holds_it(tag: int, syntax: str, text: str) -> None:
    start = len(written(small(), syntax))
    value = padded(VRS[tag], text.encode())
    ds = small()
    data = written(ds, syntax)[:start] + element(tag, VRS[tag].encode(), value, syntax == ImplicitVRLittleEndian)
    clean = cleaned(data)
    assert text.encode() not in clean
    assert not pydicom.dcmread(io.BytesIO(clean)).get(tag).value


def test_text_in_a_number_of_a_sequence_goes_too() -> None:
    item = element(FIELD, b"DS", b"JANE DOE", False)
    sequence = element(0x00189329, b"SQ", b"\xfe\xff\x00\xe0" + len(item).to_bytes(4, "little") + item, False)
    meta = new_file_meta("1.2.840.10008.5.1.4.1.1.4", b"1.2.3", ExplicitVRLittleEndian)
    class_and_instance = written(small(), ExplicitVRLittleEndian).split(b"\x08\0\x16\0", 1)[1]
    assert b"JANE" not in cleaned(meta + b"\x08\0\x16\0" + class_and_instance + sequence)


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DS", rb"-0.000123456789012345\1e-05\+3.\.5\7E+10 "),
        ("DS", rb" 1.5 \  2\3"),
        ("DS", rb"\2\ "),
        ("DS", b"12\0"),
        ("IS", rb"7 \-12\+3\0000000012 "),
        ("IS", b"1.000000"),
        ("IS", b"2147483647"),
    ],
)
def test_a_number_stays_as_it_was_written(vr: str, value: bytes) -> None:
    assert made_clean(vr, value) == value


def test_of_several_values_only_those_that_are_no_numbers_go() -> None:
    assert made_clean("DS", rb"1.5\JANE\2.5") == rb"1.5\\2.5"
    assert made_clean("DS", rb"JANE\DOE") == b""


def test_a_telephone_number_is_too_long_for_a_whole_number() -> None:
    assert made_clean("IS", b"17055512345") == b""


def test_a_subject_s_own_name_in_a_number_costs_the_value_and_not_the_file() -> None:
    assert made_clean("DS", b"DOE^JANE", name={"DOE^JANE"}) == b""
    assert made_clean("DS", b"4821345", id={"4821345"}) == b""


def test_weight_and_size_stay_where_patient_characteristics_are_retained() -> None:
    ds: Dataset = small(PatientWeight="71.5", PatientSize="1.8")
    clean = pydicom.dcmread(io.BytesIO(cleaned(written(ds, ExplicitVRLittleEndian))))
    assert (clean.PatientWeight, clean.PatientSize) == (71.5, 1.8)


@pytest.mark.parametrize("vr", ["DS", "IS"])
@pytest.mark.parametrize(
    "text", [b" " * 65_000, b" \\" * 32_000, b"0" * 65_000, b"1\\" * 32_000], ids=lambda text: text[:2]
)
def test_a_value_as_long_as_a_header_can_hold_is_cleaned_at_once(vr: str, text: bytes) -> None:
    with in_time(2):
        assert b"x" not in (made_clean(vr, text + b"x") or b"")
