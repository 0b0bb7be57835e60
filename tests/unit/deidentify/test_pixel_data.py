"""The pixels of a clean file hold the image and nothing beside it."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from tests.support.dicom_bytes import cleaned, small, written
from unface.deidentify.splitter import HeaderSplitter
from unface.dicom.encoding import UnreadableError


def image(rows: int = 3, columns: int = 5, frames: int = 1, bits: int = 16, behind: bytes = b"") -> Dataset:
    """An MR image of zeros with bytes behind it."""
    ds = small(Modality="MR", Rows=rows, Columns=columns, BitsAllocated=bits, BitsStored=12, HighBit=11)
    ds.SamplesPerPixel, ds.PixelRepresentation, ds.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    if frames > 1:
        ds.NumberOfFrames = frames
    size = rows * columns * frames * bits // 8
    ds.add_new(0x7FE00010, "OW" if bits > 8 else "OB", bytes(size) + behind + bytes((size + len(behind)) % 2))
    return ds


def with_overlay(bit: int, data: bool) -> Dataset:
    ds = image()
    for number, vr, value in ((0x10, "US", 3), (0x11, "US", 5), (0x40, "CS", "G"), (0x100, "US", 16)):
        ds.add_new(0x60020000 + number, vr, value)
    ds.add_new(0x60020102, "US", bit)
    if data:
        ds.add_new(0x60023000, "OW", bytes(2))
    return ds


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_bytes_behind_the_image_do_not_come_along(syntax: str, frames: int, bits: int) -> None:
    clean = cleaned(written(image(frames=frames, bits=bits, behind=b"EDOJ NAE 19850317 "), syntax))
    assert b"1985" not in clean
    assert b"9158" not in clean
    pixels = pydicom.dcmread(io.BytesIO(clean)).PixelData
    assert not any(pixels)
    assert len(pixels) in (size := 15 * frames * bits // 8, size + size % 2)


def test_an_image_of_the_right_length_is_the_same_bytes() -> None:
    ds = image()
    ds.PixelData = np.arange(15, dtype="<u2").tobytes()
    assert pydicom.dcmread(io.BytesIO(cleaned(written(ds, ExplicitVRLittleEndian)))).PixelData == ds.PixelData


@pytest.mark.parametrize(("bit", "data"), [(12, False), (12, True), (0, False)])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_an_image_with_an_overlay_in_its_pixels_is_refused(syntax: str, bit: int, data: bool) -> None:
    splitter = HeaderSplitter()
    for ds in (image(), image(), with_overlay(0, data=True)):
        cleaned(written(ds, syntax), splitter)
    with pytest.raises(UnreadableError, match="overlay"):
        cleaned(written(with_overlay(bit, data), syntax), splitter)


def test_pixels_of_unknown_size_are_refused() -> None:
    ds = image()
    del ds.Rows
    with pytest.raises(UnreadableError, match="how large"):
        cleaned(written(ds, ExplicitVRLittleEndian))


def test_a_private_element_in_the_groups_of_overlays_is_none() -> None:
    ds = image()
    ds.private_block(0x6001, "SOMEONE", create=True).add_new(0x30, "US", 12)
    assert len(pydicom.dcmread(io.BytesIO(cleaned(written(ds, ExplicitVRLittleEndian)))).PixelData) == 30


def compressed(syntax: str, behind: bytes = b"", table: bytes = b"") -> Dataset:
    """An image of two frames in fragments, with bytes behind the last one and in its tables of offsets."""
    ds = image(frames=2)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PixelData = (np.arange(30) % 7 * 111).astype("<u2").tobytes()
    ds.compress(syntax, generate_instance_uid=False)
    frames = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=2))
    frames[-1] += behind + bytes(len(behind) % 2)
    items = b"".join(b"\xfe\xff\x00\xe0" + len(one).to_bytes(4, "little") + one for one in frames)
    ds.PixelData = b"\xfe\xff\x00\xe0" + len(table).to_bytes(4, "little") + table + items
    ds["PixelData"].is_undefined_length = True
    return ds


def test_compressed_images_decode_to_the_same_pixels_without_what_stands_beside_them() -> None:
    ds = compressed(RLELossless, behind=b"JANE DOE", table=b"JANE^DOE1985")
    ds.add_new(0x7FE00001, "OV", b"JANE^DOE" * 2)
    ds.add_new(0x7FE00002, "OV", b"DOE^JANE" * 2)
    clean = cleaned(written(ds, RLELossless))
    assert b"JANE" not in clean
    assert b"DOE" not in clean
    decoded = pydicom.dcmread(io.BytesIO(clean))
    assert "ExtendedOffsetTable" not in decoded
    np.testing.assert_array_equal(decoded.pixel_array, (np.arange(30) % 7 * 111).reshape(2, 3, 5))


def test_pixels_that_are_in_fragments_or_not_against_their_transfer_syntax_are_refused() -> None:
    ds = compressed(RLELossless)
    data = written(ds, RLELossless).replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.1\0")
    with pytest.raises(UnreadableError, match="transfer syntax"):
        cleaned(data)
    data = written(image(), ExplicitVRLittleEndian).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    with pytest.raises(UnreadableError, match="transfer syntax"):
        cleaned(data)


def test_pixels_that_stand_elsewhere_than_the_image_go() -> None:
    ds, item = image(), Dataset()
    item.add_new(0x7FE00010, "OW", b"JANE^DOE")
    ds.ReferencedImageSequence = [item]
    assert b"JANE" not in cleaned(written(ds, ExplicitVRLittleEndian))
