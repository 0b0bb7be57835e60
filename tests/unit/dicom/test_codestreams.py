"""Text inside compressed pixel data."""

import pydicom
import pytest

from unface.dicom.codestreams import only_images
from unface.dicom.encoding import UnreadableError

ITEM = b"\xfe\xff\x00\xe0"
HEAD = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + ITEM + bytes(4)
JPEG_START = b"\xff\xd8\xff\xe1\0\x08DOE^JA\xff\xfe\0\x06DOE^\xff\xee\0\x0eAdobe1234567"
SCAN = b"\xff\xda\0\x02da\xff\0ta\xff\xd0\xff\x64"
JPEG = JPEG_START + SCAN + b"\xff\xfe\0\x06DOE^" + SCAN + b"\xff\xd9"


def tile(number: int) -> bytes:
    inside = b"\xff\x64\0\x08\0\1DOE^\xff\x93data\xff\x64"
    return b"\xff\x90\0\x0a" + bytes([0, number]) + (12 + len(inside)).to_bytes(4, "big") + b"\0\1" + inside


JPEG_2000 = b"\xff\x4f\xff\x64\0\x08\0\1DOE^" + tile(0) + tile(1) + b"\xff\xd9"


def encapsulated(*fragments: bytes) -> bytes:
    return HEAD + b"".join(ITEM + len(one).to_bytes(4, "little") + one for one in fragments)


@pytest.mark.parametrize("image", [JPEG, JPEG_2000], ids=["JPEG", "JPEG 2000"])
@pytest.mark.parametrize("cut", [0, 40], ids=["one fragment", "two fragments"])
def test_comments_are_blanked_wherever_they_stand_and_nothing_else_changes(image: bytes, cut: int) -> None:
    pixels = encapsulated(*((image[:cut], image[cut:]) if cut else (image,)))
    clean = only_images(pixels, pydicom.uid.JPEGBaseline8Bit, 0)
    assert len(clean) == len(pixels)
    assert b"DOE" not in clean
    assert b"JA" not in clean
    changed = [old for old, new in zip(pixels, clean, strict=True) if old != new]
    assert set(changed) <= set(b"DOE^JA1234567")
    assert clean.count(b"data") == pixels.count(b"data")
    assert clean.count(b"Adobe1234567") == pixels.count(b"Adobe1234567")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (JPEG + b"DOE^JANE", "bytes behind its end"),
        (JPEG_2000 + b"DOE^JANE", "bytes behind its end"),
        (b"\xff\xd8\xff\xfe\x40\0DOE", "reaches past its end"),
        (b"\xff\x4f\xff\x90\0\x0a\0\0\xff\xff\xff\xff\0\1", "reaches past its end"),
        (b"\xff\xd8DOE^JANE", "damaged header"),
        (b"\0\0\0\x0cjP  \r\n\x87\n<name>DOE^JANE</name>" + JPEG_2000, "neither JPEG nor JPEG 2000"),
    ],
)
def test_what_cannot_be_told_is_refused(image: bytes, said: str) -> None:
    with pytest.raises(UnreadableError, match=said):
        only_images(encapsulated(image), pydicom.uid.JPEGBaseline8Bit, 0)


def test_videos_are_refused_with_a_reason() -> None:
    for syntax in (pydicom.uid.MPEG2MPML, pydicom.uid.MPEG4HP41, pydicom.uid.HEVCMP51):
        with pytest.raises(UnreadableError, match="videos"):
            only_images(encapsulated(b"\0\0\1DOE^"), syntax, 0)


def test_a_table_of_offsets_is_written_anew_and_one_that_is_empty_stays_so() -> None:
    cut = len(JPEG) // 2 * 2 - 20
    parts = (JPEG[:cut], JPEG[cut:], JPEG)
    items = b"".join(ITEM + len(part).to_bytes(4, "little") + part for part in parts)
    end = b"\xfe\xff\xdd\xe0"
    for table in (b"DOE^JANE", b"DOE^JANE, 1 Jan. "):
        pixels = HEAD[:-4] + len(table).to_bytes(4, "little") + table + items + end + b"DOE^"
        clean = only_images(pixels, pydicom.uid.JPEGBaseline8Bit, 0)
        assert b"DOE" not in clean
        assert pydicom.encaps.parse_basic_offsets(clean[12:]) == [0, 16 + len(JPEG)]
        assert [len(frame) for frame in pydicom.encaps.generate_frames(clean[12:])] == [len(JPEG)] * 2
        assert clean.endswith(end + bytes(4))
    assert only_images(HEAD + items, pydicom.uid.JPEGBaseline8Bit, 0)[12:20] == ITEM + bytes(4)
