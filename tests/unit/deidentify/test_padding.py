"""Zeros and stray delimiters behind the last element: padding, which goes."""

from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from tests.support.dicom_bytes import cleaned, small, written
from unface.dicom.encoding import UnreadableError
from unface.dicom.headers import read_header

SERIES = 0x0020000E
DELIMITER = b"\xfe\xff\xdd\xe0\0\0\0\0"
ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
JPEG_IMAGE = b"\xff\xd8\xff\xfe\0\4ab\xff\xda\0\2\1\2\3\xff\xd9\0"
JPEG_2000_IMAGE = b"\xff\x4f\xff\x51\0\4ab\xff\x90\0\x0a\0\0\0\0\0\0\0\1\xff\x93\1\2\xff\xd9"


def image(frames: int = 1) -> Dataset:
    ds = small(Modality="MR", SeriesInstanceUID="1.2.9", Rows=4, Columns=4, BitsAllocated=16, NumberOfFrames=frames)
    ds.PixelData = bytes(range(1, 33))
    ds["PixelData"].VR = "OW"
    return ds


def compressed(syntax: str, stream: bytes, images: int = 1, frames: int = 1) -> bytes:
    ds = image(frames)
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    ds.PixelData = encapsulate([stream] * images)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return written(ds, syntax)


def problem(data: bytes, tmp_path: Path) -> str | None:
    """What the inventory finds wrong with a file."""
    (tmp_path / "file").write_bytes(data)
    header = read_header(tmp_path / "file", frozenset({SERIES, 0x00280008}))
    assert SERIES in header.values
    return header.problem


SYNTAXES = ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian
PADDING = {f"{number} zeros": bytes(number) for number in (1, 2, 3, 4, 8, 13, 512, 1 << 19)}
DELIMITERS = {"a delimiter": DELIMITER, "two": ITEM_END + DELIMITER, "one and zeros": DELIMITER + bytes(7)}


@pytest.mark.parametrize("padding", PADDING.values(), ids=PADDING)
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_zeros_behind_the_pixels_go(syntax: str, padding: bytes, tmp_path: Path) -> None:
    data = written(image(), syntax)
    assert cleaned(data + padding) == cleaned(data)
    assert problem(data + padding, tmp_path) is None


@pytest.mark.parametrize("padding", DELIMITERS.values(), ids=DELIMITERS)
@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_delimiters_behind_the_pixels_that_delimit_nothing_go(syntax: str, padding: bytes, tmp_path: Path) -> None:
    data = written(image(), syntax)
    assert cleaned(data + padding) == cleaned(data)
    assert problem(data + padding, tmp_path) is None


@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_zeros_behind_an_element_that_follows_the_pixels_go_and_it_is_still_judged(syntax: str) -> None:
    ds = image()
    ds.add_new(0xFFFCFFFC, "OB", b"DOE^JANE")
    data = written(ds, syntax)
    assert cleaned(data + bytes(100)) == cleaned(data) == cleaned(written(image(), syntax))


@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_zeros_behind_a_header_without_pixels_go(syntax: str, tmp_path: Path) -> None:
    ds = image()
    del ds.PixelData
    data = written(ds, syntax)
    for number in (8, 512, 1 << 19):
        assert cleaned(data + bytes(number)) == cleaned(data)
        assert problem(data + bytes(number), tmp_path) is None


@pytest.mark.parametrize("behind", [bytes(64) + b"JANE DOE", b"JANE DOE" + bytes(64), b"\1" * 64, DELIMITER + b"JANE"])
@pytest.mark.parametrize("syntax", SYNTAXES[:2])
def test_anything_else_behind_the_pixels_is_refused_and_the_reason_says_where(syntax: str, behind: bytes) -> None:
    with pytest.raises(UnreadableError, match="behind its pixels"):
        cleaned(written(image(), syntax) + behind)


@pytest.mark.parametrize(
    ("syntax", "stream"), [(JPEGBaseline8Bit, JPEG_IMAGE), (JPEG2000Lossless, JPEG_2000_IMAGE)], ids=["JPEG", "2000"]
)
def test_zeros_behind_or_instead_of_the_delimiter_of_a_compressed_image_give_way_to_one(
    syntax: str, stream: bytes, tmp_path: Path
) -> None:
    data = compressed(syntax, stream)
    assert data.endswith(DELIMITER)
    clean = cleaned(data)
    assert clean.endswith(DELIMITER)
    assert b"ab" not in clean[-60:] or syntax == JPEG2000Lossless
    for padded in (data + bytes(20), data[:-8] + bytes(8), data[:-8] + bytes(500), data + DELIMITER):
        assert cleaned(padded) == clean
        assert problem(padded, tmp_path) is None


def test_zeros_instead_of_more_of_a_compressed_image_are_refused(tmp_path: Path) -> None:
    unfinished = compressed(JPEGBaseline8Bit, JPEG_IMAGE[:-3] + b"\4")
    run_length = compressed(RLELossless, bytes(64) + b"\1\2")
    for data in (unfinished[:-8] + bytes(64), run_length[:-8] + bytes(64)):
        with pytest.raises(UnreadableError, match="cut short"):
            cleaned(data)
        assert problem(data, tmp_path) == "truncated"


def test_zeros_instead_of_further_images_count_as_truncated(tmp_path: Path) -> None:
    assert problem(compressed(JPEGBaseline8Bit, JPEG_IMAGE, 3, 3)[:-8] + bytes(64), tmp_path) is None
    assert problem(compressed(JPEGBaseline8Bit, JPEG_IMAGE, 2, 3)[:-8] + bytes(64), tmp_path) == "truncated"


def test_a_clean_file_is_whole_for_pydicom(tmp_path: Path) -> None:
    padded = compressed(JPEGBaseline8Bit, JPEG_IMAGE)[:-8] + bytes(64)
    (tmp_path / "clean").write_bytes(cleaned(padded))
    assert pydicom.dcmread(tmp_path / "clean").PixelData == encapsulate([JPEG_IMAGE]).replace(b"ab", b"\0\0")
