"""The identifiers of a session: collected however its headers write them, found however they are written again."""

import warnings

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import small, written
from unface.deidentify.engine import collect_encoded
from unface.deidentify.identifiers import Collector
from unface.deidentify.splitter import Splitter
from unface.dicom.encoding import decode
from unface.identity.header_search import HeaderSearch
from unface.identity.identifiers import usable
from unface.identity.label_search import LabelSearch


def known(raw: bytes, *, by_pydicom: bool = False) -> dict[str, list[str]]:
    """The identifiers of one file."""
    collector, encoded = Collector(frozenset()), decode(raw)
    units, _ = Splitter().split(encoded)
    collect_encoded(encoded, units, collector, by_pydicom)
    return usable(collector.answers)


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


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Sørensen^Åse", "head of sorensen 1 mm"),
        ("Sørensen^Åse", "soerensen"),
        ("Müller^Jürgen", "juergen"),
        ("Łuszcz^Michał", "luszcz"),
        ("DOE^JANE", "janedoe"),
        ("DOE^JANE", "t1 jdoe2"),
        ("LI^NA", "li_na"),
        ("LI^NA", "lina"),
    ],
)
def test_a_name_is_found_in_a_header_in_letters_of_ascii_and_joined(name: str, text: str) -> None:
    secrets = HeaderSearch({"name": [name]}, ())
    assert secrets.found(text.encode())
    assert not secrets.found(b"head of somebody, linear, 1 mm")


def test_common_words_in_a_name_s_place_make_no_others() -> None:
    secrets = HeaderSearch({"name": ["Spiral_ASL_test", "HEAD^NECK"]}, (b"asl", b"test", b"head", b"neck"))
    assert not any(secrets.found(text) for text in (b"sasl", b"tests", b"asltest", b"headneck_20"))
    assert secrets.found(b"spiralasl")


@pytest.mark.parametrize(
    "text",
    [
        *("17.03.1985", "17.3.1985", "03/17/1985", "3/17/1985", "17031985", "1985 03 17", "1985-03-17", "1985/3/17"),
        *(
            "17.03.85",
            "17-3-85",
            "17mar85",
            "17-mar-1985",
            "17. märz 1985",
            "mar 17, 1985",
            "1985mar17",
            "march 17 1985",
        ),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_date_is_found_in_a_header_in_any_order(text: str, encoding: str) -> None:
    secrets = HeaderSearch({"date": ["19850317"]}, ())
    written = text.encode(encoding)
    assert secrets.found(b"born " + written + b", 1 mm")
    assert secrets.without_written(b"te " + written) in (b"te  ", b"te " + written)


@pytest.mark.parametrize(
    "text", ["18.03.1985", "117.03.1985", "17.03.19855", "17 marks", "1.17.03.1985.2", "2.17.3.85.1"]
)
def test_another_day_or_a_longer_number_is_no_alarm(text: str) -> None:
    assert not HeaderSearch({"date": ["19850317"]}, ()).found(text.encode())


@pytest.mark.parametrize("text", ["123 45 6789", "123.45.6789", "123456789", "id 123-456789"])
def test_an_id_is_found_with_other_separators(text: str) -> None:
    assert HeaderSearch({"id": ["123-45-6789"]}, ()).found(text.encode())


def test_an_id_is_found_by_its_number_alone() -> None:
    assert HeaderSearch({"id": ["A-77-12-99"]}, ()).found(b"mr 77 12 99")
    assert not HeaderSearch({"id": ["A-77-12"]}, ()).found(b"mr 77 12")
    assert not HeaderSearch({"id": ["771-pet"]}, ()).found(b"771 peters")


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        ({"name": ["DOE^JANE"]}, "Jane2"),
        ({"name": ["DOE^JANE"]}, "T1Jane"),
        ({"name": ["DOE^JANE"]}, "JDoe"),
        ({"name": ["LI^NA"]}, "LiNa"),
        ({"name": ["Sørensen^Bo"]}, "xSoerensen"),
        ({"id": ["MRN-77123"]}, "mrn77123"),
        ({"date": ["20190314"]}, "20190314"),
        ({"date": ["20190314"]}, "T1on14Mar2019"),
        ({"date": ["20190314"]}, "140319"),
    ],
)
def test_a_label_that_holds_a_name_an_id_or_a_date_is_known(answers: dict[str, list[str]], label: str) -> None:
    assert LabelSearch(answers, ()).found(label)


def test_a_label_of_common_words_identifies_nobody() -> None:
    own = LabelSearch({"name": ["REST^ANN", "TSE^MAY"], "date": ["20190314"], "id": ["77"]}, (b"rest", b"tse"))
    assert [label for label in ("rest", "tse3d", "Annual", "b2019", "highres", "77", "Mayo") if own.found(label)] == []


def test_a_number_behind_a_placeholder_tells_people_apart_and_is_searched_for() -> None:
    found = {"id": {"ANONYM0012", "VOLUNTEER", "anonymized", "N/A"}, "name": {"No^Name", "DOE^JANE"}}
    assert usable(found) == {"id": ["ANONYM0012"], "name": ["DOE^JANE"]}
