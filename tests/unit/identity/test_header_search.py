"""Identifiers in the bytes of headers: found in every form and encoding, and no alarm for what only resembles them."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzz import in_time
from tests.support.identifier_examples import FOUND_BY_ALL, IN_HEADERS, RESEMBLING, Example
from unface.identity import header_search
from unface.identity.header_search import HeaderSearch

MANY = list(product(range(8), range(8), range(8), range(6)))


def as_bytes(text: str) -> Iterator[bytes]:
    """The text as headers hold it, in lower case."""
    for encoding in ("utf-8", "latin-1"):
        try:
            yield text.encode(encoding).lower()
        except UnicodeEncodeError:
            continue


@pytest.mark.parametrize("example", [*FOUND_BY_ALL, *IN_HEADERS], ids=str)
def test_an_identifier_is_found_in_a_header(example: Example) -> None:
    search = HeaderSearch(example.identifiers, ())
    for text in as_bytes(example.text):
        assert search.found_in_header(b"head of " + text + b", 1 mm")
        assert search.found_in_text(text)


@pytest.mark.parametrize("example", RESEMBLING, ids=str)
def test_what_only_resembles_an_identifier_is_no_alarm(example: Example) -> None:
    search = HeaderSearch(example.identifiers, ())
    assert not any(search.found_in_text(text) for text in as_bytes(example.text))
    assert not search.found_in_header(b"head of somebody, linear, 1 mm")


@pytest.mark.parametrize(
    ("charset", "name", "elsewhere"),
    [
        ("latin_1", "MÜLLER^JÜRGEN", "MÜLLER"),
        ("latin_1", "Öztürk^Ali", "ÖZTÜRK"),
        ("utf-8", "Müller^Jürgen", "MÜLLER"),
        ("iso8859_5", "Иванов^Петр", "ИВАНОВ"),
        ("iso8859_7", "ΠΑΠΑΔΗΜΑΣ^ΝΙΚΟΣ", "ΝΙΚΟΣ"),
        ("iso_ir_166", "สมชาย^ใจดี", "สมชาย"),
        ("iso2022_jp", "Yamada^Tarou=山田^太郎", "山田"),
        ("shift_jis", "ヤマダ^タロウ", "ヤマダ"),
    ],
)
def test_a_name_is_found_in_any_case_and_character_set(charset: str, name: str, elsewhere: str) -> None:
    search = HeaderSearch({"name": [name]}, ())
    assert search.found_in_header(b"head of " + elsewhere.encode(charset).lower() + b", 1 mm")
    assert not search.found_in_header(b"head of somebody, 1 mm")


def test_common_words_in_a_name_s_place_make_no_others() -> None:
    search = HeaderSearch({"name": ["Spiral_ASL_test", "HEAD^NECK"]}, (b"asl", b"test", b"head", b"neck"))
    assert not any(search.found_in_header(text) for text in (b"sasl", b"tests", b"asltest", b"headneck_20"))
    assert search.found_in_header(b"spiralasl")


@pytest.mark.parametrize(
    "text",
    [
        *("17.03.1985", "17.3.1985", "03/17/1985", "3/17/1985", "17031985", "1985 03 17", "1985-03-17", "1985/3/17"),
        *("17.03.85", "17-3-85", "17mar85", "17-mar-1985", "17. märz 1985", "mar 17, 1985", "1985mar17"),
        "march 17 1985",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_date_is_found_in_any_order_and_leaves_no_digits_that_look_like_settings(text: str, encoding: str) -> None:
    search = HeaderSearch({"date": ["19850317"]}, ())
    date = text.encode(encoding)
    assert search.found_in_header(b"born " + date + b", 1 mm")
    assert search.without_dates_and_ids(b"te " + date) in (b"te  ", b"te " + date)


@pytest.mark.parametrize(
    "text", ["18.03.1985", "117.03.1985", "17.03.19855", "17 marks", "1.17.03.1985.2", "2.17.3.85.1"]
)
def test_another_day_or_a_longer_number_is_no_alarm(text: str) -> None:
    assert not HeaderSearch({"date": ["19850317"]}, ()).found_in_header(text.encode())


def test_an_id_is_found_by_its_number_alone() -> None:
    assert HeaderSearch({"id": ["A-77-12-99"]}, ()).found_in_header(b"mr 77 12 99")
    assert not HeaderSearch({"id": ["A-77-12"]}, ()).found_in_header(b"mr 77 12")
    assert not HeaderSearch({"id": ["771-pet"]}, ()).found_in_header(b"771 peters")


def test_a_short_number_is_an_alarm_in_a_value_of_text_alone() -> None:
    search = HeaderSearch({"id": ["1000"]}, ())
    assert search.found_in_text(b"subject 1000")
    assert not search.found_in_header(b"te 1000")
    assert not search.found_in_number(b"1000")


def test_a_long_number_is_an_alarm_in_a_number_too() -> None:
    search = HeaderSearch({"id": ["4821345"]}, ())
    assert search.found_in_number(b"4821345")
    assert not search.found_in_number(b"14821345")


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("GARCIA-LOPEZ^MARIA", ("lopez", "garcia", "garcialopez", "mariagarcialopez")),
        ("O'BRIEN^SEAN", ("brien", "obrien")),
        ("MUELLER (GEB. WAGNER)^EVA", ("wagner", "eva")),
        ("KOWALSKA/NOWAK^EWA", ("nowak", "kowalskanowak")),
        ('SMITH^ROBERT "BOBBY"', ("bobby", "robertbobby")),
        ("ADAMS&EVE^X", ("eve", "adamseve")),
        ("VAN DER BERG^JAN", ("vanderberg", "derberg", "vanderbergjan", "janvanderberg")),
        ("DE LA CRUZ DEL RIO^ANA MARIA", ("delacruz", "anamaria", "delacruzdelrio")),
    ],
)
def test_every_word_of_a_name_and_runs_of_them_are_found(name: str, texts: tuple[str, ...]) -> None:
    search = HeaderSearch({"name": [name]}, ())
    for text in texts:
        assert search.found_in_text(text.encode()), text
        assert search.found_in_header(b"head, " + text.encode() + b"_2"), text


def test_a_number_that_counts_something_in_a_name_is_no_word_of_it() -> None:
    search = HeaderSearch({"name": ["VS-SEG-001"]}, ())
    assert not search.found_in_text(b"series 001")
    assert search.found_in_text(b"vs-seg-001")


@pytest.mark.parametrize("charset", ["shift_jis", "euc_jp", "gb18030", "euc_kr", "big5", "utf-8"])
def test_a_name_is_found_behind_half_a_character_that_looks_like_a_letter(charset: str) -> None:
    name = "김철수" if charset == "euc_kr" else "田中"
    search = HeaderSearch({"name": [name]}, ())
    assert search.found_in_text(b"x" + name.encode(charset).lower())


def test_three_letters_among_bytes_are_no_alarm_and_a_readable_name_is_one() -> None:
    search = HeaderSearch({"name": ["KIM^MINSEO"]}, ())
    assert not search.found_in_bytes(b"\0\1kim\2\3" * 50)
    assert search.found_in_bytes(b"\0\1for dr. kim, 2 mm\2\3")


def test_names_of_thousands_of_words_are_made_ready_at_once() -> None:
    names = {
        f"{'abcdefgh'[one]}{'ijklmnop'[two]}qu{'rstuvwxy'[three]}{number:02d}z" for one, two, three, number in MANY
    }
    with in_time(5):
        search = HeaderSearch({"name": {"^".join(sorted(names))}, "other": {f"of {name}" for name in names}}, ())
    assert search.found_in_header(b"head of " + min(names).encode() + b", 1 mm")


@given(st.sets(st.text("ab1. ", min_size=3, max_size=9).map(str.encode), max_size=12), st.text("ab1. ", max_size=20))
def test_what_is_left_out_as_held_by_another_is_found_with_it(literals: set[bytes], text: str) -> None:
    fewest = header_search._fewest(literals)
    assert fewest <= literals
    found = [any(header_search._alone(one, text.encode()) for one in some) for some in (literals, fewest)]
    assert found[0] == found[1]
