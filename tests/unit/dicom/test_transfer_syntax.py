"""Files whose meta information is missing, doubled or wrong: what their data set says of itself counts."""

import io
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tests.support.dicom_bytes import cleaned, small, written
from unface.dicom.encoding import UnreadableError, decode, file_meta, new_file_meta
from unface.dicom.headers import read_header

MR, CT = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2"
INSTANCE, MODALITY, ROWS = 0x00080018, 0x00080060, 0x00280010
DATASET = {"Modality": "MR", "ImageType": ["ORIGINAL", "PRIMARY"], "Rows": 7, "SeriesDescription": "t1"}
WRITABLE = ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian
STATED = *WRITABLE, DeflatedExplicitVRLittleEndian


def without_meta(syntax: str) -> bytes:
    data = written(small(**DATASET), syntax)
    return data[file_meta(data)[1] :]


def stating(stated: str, true: str, sop_class: str = MR) -> bytes:
    """A file whose meta information states one transfer syntax and whose data set has another one."""
    return new_file_meta(sop_class, b"1.2.3", stated) + without_meta(true)


@pytest.mark.parametrize("true", WRITABLE)
@pytest.mark.parametrize("stated", STATED)
def test_the_first_element_says_how_the_data_set_is_written_whatever_is_stated(
    stated: str, true: str, tmp_path: Path
) -> None:
    data = stating(stated, true)
    right = pydicom.dcmread(io.BytesIO(cleaned(written(small(**DATASET), true))))
    clean = pydicom.dcmread(io.BytesIO(cleaned(data)))
    assert clean.file_meta.TransferSyntaxUID == right.file_meta.TransferSyntaxUID
    assert clean == right
    (tmp_path / "file").write_bytes(data)
    header = read_header(tmp_path / "file", frozenset({MODALITY, ROWS}))
    assert header.problem is None
    assert header.values[MODALITY] == b"MR"
    assert header.values[ROWS] == (b"\0\7" if header.order == ">" else b"\7\0")


def test_a_compressed_image_in_implicit_vr_is_refused() -> None:
    with pytest.raises(UnreadableError):
        cleaned(stating(JPEGBaseline8Bit, ImplicitVRLittleEndian))


@pytest.mark.parametrize("between", [b"", bytes(128) + b"DICM"], ids=["at once", "after a preamble"])
@pytest.mark.parametrize("second", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_of_two_meta_headers_the_first_counts_unless_the_data_set_contradicts(
    between: bytes, second: str, tmp_path: Path
) -> None:
    first = new_file_meta(MR, b"1.2.3", ExplicitVRLittleEndian)
    data = first + between + new_file_meta(CT, b"1.2.9", second)[132:] + without_meta(ExplicitVRLittleEndian)
    assert cleaned(data) == cleaned(first + without_meta(ExplicitVRLittleEndian))
    (tmp_path / "file").write_bytes(data)
    header = read_header(tmp_path / "file", frozenset({INSTANCE}))
    assert header.problem is None
    assert header.values[INSTANCE].strip(b"\0") == b"1.2.3"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("stated", ["", CT])
def test_the_class_of_the_data_set_counts_where_the_meta_header_has_none_or_another(stated: str, syntax: str) -> None:
    data = stating(syntax, syntax, stated)
    assert decode(data).sop_class == MR
    clean = pydicom.dcmread(io.BytesIO(cleaned(data)))
    assert clean.file_meta.MediaStorageSOPClassUID == MR
    assert clean.file_meta.MediaStorageSOPInstanceUID == clean.SOPInstanceUID


def test_a_meta_header_that_holds_the_transfer_syntax_alone_is_enough() -> None:
    syntax = b"\2\0\x10\0UI\x14\x00" + ExplicitVRLittleEndian.encode() + b"\0"
    bare = bytes(128) + b"DICM" + syntax + without_meta(ExplicitVRLittleEndian)
    assert cleaned(bare) == cleaned(stating(ExplicitVRLittleEndian, ExplicitVRLittleEndian))


def test_without_a_class_anywhere_a_file_is_refused() -> None:
    ds = small(**DATASET)
    data = written(ds, ExplicitVRLittleEndian)
    del ds.SOPClassUID
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    start = file_meta(buffer.getvalue())[1]
    bare = new_file_meta("", b"1.2.3", ExplicitVRLittleEndian) + buffer.getvalue()[start:]
    assert cleaned(data)
    with pytest.raises(UnreadableError, match="class"):
        cleaned(bare)
