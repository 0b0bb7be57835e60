"""Properties of the search for identifiers: whatever the name, date or ID, and however it is written, it is found."""

import gzip
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unface.audit import streams
from unface.audit.forms import PLACEHOLDERS, fold
from unface.audit.identifier_search import IdentifierSearch

words = st.text("abcdefghijklmnopqrstuvwxyzäöüéñßøčž", min_size=3, max_size=12).filter(
    lambda word: fold(word) not in PLACEHOLDERS
)
cases = st.sampled_from([str.lower, str.upper, str.title])
joiners = st.sampled_from(["^", " ", ", ", "_", "-", ".", "=", "^^", "\t"])
surroundings = st.sampled_from(["", " ", "_", "(", "/", ":", '"'])
days = st.dates(date(1905, 1, 1), date(2099, 12, 31))


@given(family=words, given_name=words, case=cases, joiner=joiners, around=surroundings)
def test_a_name_in_either_order_is_found(family: str, given_name: str, case, joiner: str, around: str) -> None:
    search = IdentifierSearch.of({"name": [f"{family}^{given_name}".upper()]})
    for written in (joiner.join((family, given_name)), joiner.join((given_name, family)), family, given_name):
        assert search.in_strings([f"{around}{case(written)}{around}"]) == {"name"}


@given(day=days, time=st.sampled_from(["", "T10:11:12"]))
@pytest.mark.parametrize(
    "form",
    [
        "%Y%m%d",
        "%Y-%m-%d",
        "%Y/%m/%d",
        "%Y:%m:%d",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%d%b%Y",
        "%d-%b-%Y",
        "%B %d, %Y",
        "%d.%m.%y",
    ],
)
def test_a_date_in_any_form_is_found(form: str, day: date, time: str) -> None:
    search = IdentifierSearch.of({"date": [day.strftime("%Y%m%d")]})
    assert search.in_strings([f"on {day.strftime(form)}{time}"]) == {"date"}


@given(day=days, other=days)
def test_another_day_is_not_found(day: date, other: date) -> None:
    search = IdentifierSearch.of({"date": [day.strftime("%Y%m%d")]})
    same = {day, *((date(day.year, day.day, day.month),) if day.day <= 12 else ())}
    assert other in same or not search.in_strings([other.strftime("%Y-%m-%d")])


@given(
    letters=st.text("ABCDEFGHKLMNPQRSTUVWXYZ", max_size=4),
    zeros=st.integers(0, 4),
    number=st.integers(100_000, 999_999_999),
    separator=st.sampled_from(["", "-", " ", "_", "/", "."]),
)
def test_an_id_is_found_without_its_zeros_and_with_other_separators(
    letters: str, zeros: int, number: int, separator: str
) -> None:
    search = IdentifierSearch.of({"id": [f"{letters}-{'0' * zeros}{number}".lstrip("-")]})
    for written in (f"{letters}{separator}{number}", f"{letters.lower()}{separator}{'0' * zeros}{number}", str(number)):
        assert search.in_strings([f"patient {written.lstrip(separator)} scanned"]) == {"id"}


@given(before=st.integers(0, 200), value=st.text("abcdefghijklmnop", min_size=8, max_size=30))
@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le"])
def test_a_value_that_lies_across_two_pieces_is_found(
    encoding: str, before: int, value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    value = f"{value}qq"
    search = IdentifierSearch.of({"other": [value]})
    path = tmp_path_factory.mktemp("pieces") / "file.gz"
    path.write_bytes(gzip.compress(b"\1" * before + value.encode(encoding) + b"\1" * 100))
    assert _kinds(search, path, piece=64) == {"other"}


def _kinds(search: IdentifierSearch, path: Path, piece: int) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "CHUNK", piece)
        return {kind for part in streams.overlapping(streams.inflate(path)) for kind in search.in_binary(part.data)}


@given(
    value=st.text(max_size=64), kind=st.sampled_from(["name", "id", "date", "uid", "other"]), text=st.text(max_size=200)
)
def test_no_value_breaks_the_search(value: str, kind: str, text: str) -> None:
    search = IdentifierSearch.of({kind: [value]})
    search.in_strings([text, value])
    search.in_text(text)
    search.in_binary(text.encode("utf-16", "surrogatepass"))
