"""Headers cut into segments: what is known of an element from those before it."""

from pydicom.uid import ExplicitVRLittleEndian

from tests.support.dicom_bytes import cleaned, small, written
from tests.support.fuzz import in_time
from unface.deidentify.splitter import HeaderSplitter
from unface.dicom.encoding import decode, element


def private(*elements: tuple[int, bytes]) -> bytes:
    """A file with private elements behind its public ones."""
    made = (element(tag, b"LO", value, False) for tag, value in elements)
    return written(small(), ExplicitVRLittleEndian) + b"".join(made)


def creators(data: bytes, splitter: HeaderSplitter) -> dict[int, str]:
    segments, _ = splitter.split(decode(data))
    parts = (part for segment in segments for part in segment.parts or (segment,))
    return {part.tag: part.creator for part in parts if part.tag & 0x10000}


def test_a_private_element_has_the_creator_that_stands_before_it_in_its_group() -> None:
    splitter = HeaderSplitter()
    one, two = (0x00190010, b"ONE "), (0x00190011, b"TWO ")
    first = private(one, two, (0x00191001, b"a "), (0x00191101, b"b "), (0x00191201, b"c "), (0x00210010, b"THREE "))
    assert creators(first, splitter) == {
        **{0x00190010: "ONE", 0x00190011: "TWO", 0x00191001: "ONE", 0x00191101: "TWO", 0x00191201: ""},
        0x00210010: "THREE",
    }
    # In another file of the series, where all else is as it was, another maker has the first block; in a third none.
    other = private((0x00190010, b"OTHER "), two, (0x00191001, b"a "), (0x00191101, b"b "), (0x00211001, b"d "))
    assert creators(other, splitter)[0x00191001] == "OTHER"
    assert creators(other, splitter)[0x00211001] == ""
    assert creators(private(two, (0x00191001, b"a "), (0x00191101, b"b ")), splitter) == {
        **{0x00190011: "TWO", 0x00191001: "", 0x00191101: "TWO"},
    }


def test_thousands_of_private_elements_without_a_creator_take_no_more_time_than_their_length() -> None:
    data = private(*[(0x00291000 + number % 0xE000, b"ZQ") for number in range(20_000)])
    with in_time(5):
        assert b"ZQ" not in cleaned(data)
