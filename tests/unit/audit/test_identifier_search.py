"""Every form of an identifier is found, and what only resembles one is not."""

import numpy as np
import pytest

from tests.support.staged_sessions import IDENTIFIERS
from unface.audit.identifier_search import IdentifierSearch

SEARCH = IdentifierSearch.of(IDENTIFIERS)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("DOE^JANE^MARIA", "name"),
        ("Jane Doe", "name"),
        ("jane_doe", "name"),
        ("JaneDoe", "name"),
        ("doemaria", "name"),
        ("brain of Maria", "name"),
        ("scan DOE 3", "name"),
        ("MRN-0048213", "id"),
        ("mrn0048213", "id"),
        ("MRN 48213", "id"),
        ("0048213", "id"),
        ("20190417", "date"),
        ("2019-04-17", "date"),
        ("2019-04-17T09:12:34", "date"),
        ("17.04.2019", "date"),
        ("17.4.2019", "date"),
        ("04/17/2019", "date"),
        ("17 Apr 2019", "date"),
        ("17-APR-2019", "date"),
        ("April 17, 2019", "date"),
        ("17/Apr/2019", "date"),
        ("17th April 2019", "date"),
        ("Apr-17-2019", "date"),
        ("2019Apr17", "date"),
        ("17.04.19", "date"),
        ("190417", "date"),
        ("20190417091234.000000", "date"),
        ("1.3.12.2.1107.5.2.43.67090.2019041709123456", "uid"),
        ("SAINT_ELSEWHERE hospital", "other"),
    ],
)
def test_a_form_of_an_identifier_is_found_in_a_string(text: str, kind: str) -> None:
    assert kind in SEARCH.in_strings(["T1w", text])


@pytest.mark.parametrize(
    "text",
    [
        "does",
        "Marian's",
        "doer",
        "1.20190417",
        "x",
        "2018-04-17",
        "4821",
        "EchoTime 0.0048213",
        "1850-02-03T10:11:12",
        "1850-02-03T19:04:17.190417",
        "19 04 17",
    ],
)
def test_what_only_resembles_an_identifier_is_not_found(text: str) -> None:
    search = IdentifierSearch.of(IDENTIFIERS | {"name": ["DOE^JANE"]})
    assert not search.in_text(text)


def test_accents_and_umlauts_make_no_difference() -> None:
    search = IdentifierSearch.of({"name": ["MÜLLER^ZOË"]})
    for text in ("Müller", "Mueller", "MULLER", "zoe muller", "ZOËMÜLLER"):
        assert search.in_strings([text]) == {"name"}, text


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("offset", [0, 1, 101])
def test_an_identifier_between_voxels_is_found_in_any_encoding(encoding: str, offset: int) -> None:
    voxels = np.random.default_rng(2).integers(0, 4000, 50_000).astype(np.int16).tobytes()
    planted = voxels[:offset] + "Doe, Jane Maria".encode(encoding) + voxels[offset:]
    assert SEARCH.in_binary(planted) == {"name"}
    assert not SEARCH.in_binary(voxels)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_name_outside_ascii_is_found_between_voxels(encoding: str) -> None:
    search = IdentifierSearch.of({"name": ["ТОЛСТОЙ^ЛЕВ"]})
    assert search.in_binary(b"\1\2\3" + "Толстой^Лев".encode(encoding) + b"\4\5\6") == {"name"}
    assert not search.in_binary(b"\1\2\3" + "Чехов".encode(encoding) + b"\4\5\6")


def test_a_short_name_among_voxels_that_are_letters_raises_no_alarm() -> None:
    letters = np.random.default_rng(3).integers(65, 91, 1_000_000).astype(np.uint8).tobytes()
    assert b"DOE" in letters
    assert b"JANE" in letters
    assert not SEARCH.in_binary(letters)


def test_a_number_of_few_digits_is_no_alarm_among_numbers_and_one_as_a_value() -> None:
    search = IdentifierSearch.of({"id": ["1000"]})
    assert not search.in_text("0 1000 1000 2000")
    assert search.in_strings(["1000"]) == {"id"}


def test_an_ignored_word_is_no_alarm_and_the_full_name_still_is() -> None:
    search = IdentifierSearch.of({"name": ["PHANTOM^SIEMENS"]}, ignore=["Siemens"])
    assert not search.in_strings(["SIEMENS", "phantom"])
    assert search.in_strings(["Siemens Phantom"]) == {"name"}


@pytest.mark.parametrize("name", ["7712345", "CTRL^7712345"])
def test_a_number_in_the_place_of_a_name_is_searched_like_an_id(name: str) -> None:
    search = IdentifierSearch.of({"name": [name]})
    for text in ("7712345", "scan 7712345", "C 7712345"):
        assert search.in_strings([text]) == {"name"}, text
    assert not search.in_strings(["7712", "771"])


def test_a_number_that_counts_within_a_name_is_not_searched() -> None:
    assert not IdentifierSearch.of({"name": ["PATIENT^2"]}).in_strings(["2", "1 2 3"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Sørensen^Åse", "Sorensen"),
        ("Sørensen^Åse", "SOERENSEN"),
        ("Sørensen^Åse", "Aase"),
        ("SORENSEN^ASE", "Sørensen"),
        ("Łukasz^Michał", "lukasz michal"),
        ("Yıldız^Ayşe", "YILDIZ"),
        ("Đặng^Văn", "dang"),
        ("Đorđević^Ana", "Djordjevic"),
        ("Ægir^Jón", "Aegir"),
        ("Þórsson^Ketill", "Thorsson"),
        ("Groß^Anna", "GROSS"),
    ],
)
def test_a_name_is_found_in_letters_of_ascii(name: str, text: str) -> None:
    search = IdentifierSearch.of({"name": [name]})
    assert search.in_strings([text]) == search.in_strings([f"acq {text} 1mm"]) == {"name"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DOE^JANE", "Jane2"),
        ("DOE^JANE", "T1Jane"),
        ("DOE^JANE", "MprageJaneFast"),
        ("DOE^JANE", "JDoe"),
        ("DOE^JANE", "doej"),
        ("DOE^JANE", "jdoe2"),
        ("LI^NA", "LiNa"),
        ("LI^NA", "NaLi2"),
        ("LI^NA", "LI_NA"),
        ("LI^NA", "scan of Li Na 1 mm"),
        ("O'DEA^LI", "ODea"),
        ("王^小明", "scan of王小明1 mm"),
        ("王^小明", "小明的扫描"),
        ("王^明", "王明"),
        ("김^이나", "김이나의"),
    ],
)
def test_a_short_name_is_found_where_it_is_joined_to_something(name: str, text: str) -> None:
    assert IdentifierSearch.of({"name": [name]}).in_strings([text]) == {"name"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DOE^JANE", "does"),
        ("DOE^JANE", "Janet"),
        ("LI^NA", "Alina"),
        ("LI^NA", "Linear"),
        ("LI^NA", "Ali Nadia"),
        ("TSE^MAY", "Turbo3d"),
        ("MAY^ANN", "Mayo1 Hanna"),
        ("T^1", "T1w"),
        ("SPIRAL^TEST", "tests"),
        ("王^小明", "小"),
    ],
)
def test_a_longer_word_that_begins_like_a_short_name_is_no_alarm(name: str, text: str) -> None:
    assert not IdentifierSearch.of({"name": [name]}).in_strings([text])


@pytest.mark.parametrize(
    "raw", [b"M\xfcller_Jane_Doe", "山田太郎_DOE".encode("shift-jis"), "Доу_Джейн".encode("cp1251")]
)
def test_the_bytes_of_a_name_that_is_no_utf8_are_searched(raw: bytes) -> None:
    search = IdentifierSearch.of({"other": [raw.decode("latin-1")]})
    assert search.in_binary(b"\1\2\3" + raw + b"\4\5\6") == {"other"}
    assert not search.in_binary(b"\1\2\3" + raw[:5] + b"\4\5\6")


def test_half_a_character_among_the_identifiers_breaks_no_search() -> None:
    search = IdentifierSearch.of({"other": ["M\udcfcller_Jane_Doe"]})
    assert not search.in_binary(b"something else")
    assert not search.in_text("something else")
