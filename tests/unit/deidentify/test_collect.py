"""The identifiers of a session: collected however its headers write them."""

import warnings

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import small, written
from unface.deidentify.collect import IdentifierCollector, collect_encoded
from unface.deidentify.splitter import HeaderSplitter
from unface.dicom.encoding import decode
from unface.identity.identifiers import searchable


def known(raw: bytes, *, by_pydicom: bool = False) -> dict[str, list[str]]:
    """The identifiers of one file."""
    collector, encoded = IdentifierCollector(frozenset()), decode(raw)
    segments, _ = HeaderSplitter().split(encoded)
    collect_encoded(encoded, segments, collector, by_pydicom)
    return searchable(collector.identifiers)


def with_value(tag: int, vr: str, value: str | bytes, syntax: str = ExplicitVRLittleEndian, **others: object) -> bytes:
    """A file with one element whose value may break the rules of its VR."""
    ds = small(**others)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = value if isinstance(value, bytes) else value.encode("latin-1")
        ds[tag] = pydicom.dataelem.RawDataElement(
            pydicom.tag.Tag(tag), vr, len(raw) + len(raw) % 2, raw + b" " * (len(raw) % 2), 0, False, True
        )
        return written(ds, syntax)


@pytest.mark.parametrize("by_pydicom", [True, False])
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("19850317", ["19850317"]),
        ("1985.03.17", ["19850317"]),
        ("1985-03-17", ["19850317"]),
        ("1985/03/17", ["19850317"]),
        ("17.03.1985", ["19850317"]),
        ("04/03/1985", ["19850304", "19850403"]),
        ("1985", []),
    ],
)
@pytest.mark.parametrize("vr", ["DA", "LO"])
def test_a_birth_date_is_known_however_it_is_written(vr: str, text: str, meant: list[str], by_pydicom: bool) -> None:
    assert known(with_value(0x00100030, vr, text), by_pydicom=by_pydicom)["date"] == meant


@pytest.mark.parametrize("vr", ["LO", "SH", "UN", "PN"])
def test_a_name_is_known_whatever_vr_the_file_gives_it(vr: str) -> None:
    assert known(with_value(0x00100010, vr, "KOWALSKA^ANNA"))["name"] == ["KOWALSKA^ANNA"]
    assert known(with_value(0x00100020, vr, "X 77 12"))["id"] == ["X 77 12"]


def test_a_name_in_utf8_is_known_where_the_header_says_latin_1() -> None:
    raw = with_value(0x00100010, "PN", "Müller^Jürgen".encode(), SpecificCharacterSet="ISO_IR 100")
    assert "Müller^Jürgen" in known(raw)["name"]


def test_a_name_in_an_item_is_read_in_the_items_own_character_set() -> None:
    item = Dataset()
    item.SpecificCharacterSet, item.PatientName = "ISO_IR 144", "Иванов^Пётр"
    ds = small(SpecificCharacterSet="ISO_IR 100", RequestAttributesSequence=[item])
    assert known(written(ds, ImplicitVRLittleEndian))["name"] == ["Иванов^Пётр"]


def test_what_stands_around_a_malformed_sequence_is_collected() -> None:
    before, after = small(PatientName="Doe^Jane"), small(PatientID="A-4711")
    raw = written(before, ExplicitVRLittleEndian) + b"\x08\0\x40\x11UN\0\0\2\0\0\0NO"
    raw += written(after, ExplicitVRLittleEndian).partition(b"\x10\0\x20\0LO")[1] + b"\6\0A-4711"
    assert known(raw)["name"] == ["Doe^Jane"]
    assert known(raw)["id"] == ["A-4711"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("shift_jis", "能見^表ソ"),  # of each but the second the second byte is a backslash
        ("gb18030", "王^伟谅"),
        ("euc_jp", "山田^太郎"),
        ("euc_kr", "김^철수"),
        ("big5", "許^功蓋"),
        ("utf-8", "Müller^Jürgen"),
    ],
)
@pytest.mark.parametrize("declared", [None, "ISO_IR 100"])
def test_a_name_is_read_in_a_character_set_that_the_file_does_not_name(
    charset: str, name: str, declared: str | None
) -> None:
    written_name = name.encode(charset)
    marked = small(PatientName="Q" * len(written_name), **({"SpecificCharacterSet": declared} if declared else {}))
    raw = written(marked, ExplicitVRLittleEndian).replace(b"Q" * len(written_name), written_name)
    names = known(raw)["name"]
    assert name in names
    assert all(part in "".join(names) for part in name.split("^"))
