"""What is inside compressed images is read whole: nothing is cut in two, nothing left out."""

import gzip
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from unface.audit import streams

VOXELS = np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def made(kind: Any = nib.Nifti1Image, data: np.ndarray = VOXELS, order: str = "<") -> bytes:
    image = kind(data, np.eye(4), header=kind.header_class(endianness=order))
    image.header.set_data_dtype(data.dtype)
    return bytes(image.to_bytes())


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return tmp_path / "image.nii.gz"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_a_header_of_either_kind_and_byte_order_is_read(kind: Any, order: str, packed: Path) -> None:
    content = made(kind, order=order)
    header = streams.nifti_header(content)
    assert int(header["dim"][3]) == 4
    assert streams.voxel_bytes(header) == VOXELS.nbytes
    assert "magic" not in streams.text_fields(header)
    assert {"descrip", "aux_file", "intent_name"} <= set(streams.text_fields(header))
    packed.write_bytes(gzip.compress(content))
    assert np.array_equal(streams.read_voxels(packed), VOXELS)


def test_fields_left_over_from_analyze_are_fields_of_text() -> None:
    assert {"data_type", "db_name", "regular"} <= set(streams.text_fields(streams.nifti_header(made())))


def test_what_is_no_header_is_refused() -> None:
    good = made()
    wrong_size = b"\x5d\x01" + good[2:]
    other_magic = good[:344] + b"ni1\0" + good[348:]
    for content in (b"", good[:351], wrong_size, other_magic):
        with pytest.raises(ValueError, match="header"):
            streams.nifti_header(content)
    assert int(streams.nifti_header(good[:352])["sizeof_hdr"]) == 348


def test_voxels_count_over_all_dimensions_that_are_in_use_and_no_other() -> None:
    header = streams.nifti_header(made(data=np.zeros((2, 3, 4, 5), np.float32)))
    assert streams.voxel_bytes(header) == 2 * 3 * 4 * 5 * 4
    header = header.copy()
    header["dim"][5:] = 9
    assert streams.voxel_bytes(header) == 2 * 3 * 4 * 5 * 4


def test_voxels_are_read_unscaled_and_from_where_they_begin(packed: Path) -> None:
    image = nib.Nifti1Image(VOXELS, np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"more"))
    content = bytearray(image.to_bytes())
    content[112:120] = np.array([2, 7], "<f4").tobytes()
    packed.write_bytes(gzip.compress(content))
    assert np.array_equal(streams.read_voxels(packed), VOXELS)
    assert streams.read_voxels(packed).dtype == np.dtype("<i2")


def test_pieces_begin_with_the_end_of_what_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "OVERLAP", 4)
    pieces = [b"abcdef", b"gh", b"ijklmnop", b""]
    parts = list(streams.overlapping(iter(pieces)))
    assert [part.data for part in parts] == [b"abcdef", b"cdefgh", b"efghijklmnop", b"mnop"]
    assert [part.new for part in parts] == [6, 2, 8, 0]


def test_an_overlap_is_longer_than_any_value_of_a_header() -> None:
    """1024 characters of LT and long URIs aside: 10,240 bytes are free text's alone."""
    assert streams.OVERLAP >= 2 * 1024


def test_a_file_is_read_in_pieces_of_one_size_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHUNK", 10)
    file = tmp_path / "file"
    file.write_bytes(bytes(range(25)))
    assert [len(piece) for piece in streams.raw(file)] == [10, 10, 5]
    assert b"".join(streams.raw(file)) == bytes(range(25))


def test_a_long_stream_is_inflated_whole_in_pieces_that_fit_into_memory(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHUNK", 1000)
    data = np.random.default_rng(0).integers(0, 4, 50_000, np.uint8).tobytes() + bytes(50_000)
    packed.write_bytes(gzip.compress(data, 9))
    pieces = list(streams.inflate(packed))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1000
    assert all(pieces)


@pytest.mark.parametrize("chunk", [10, 1 << 24])
@pytest.mark.parametrize("behind", [b"x", gzip.compress(b"second", mtime=0), bytes(8)])
def test_bytes_behind_the_stream_are_refused_wherever_a_piece_ends(
    packed: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, behind: bytes
) -> None:
    monkeypatch.setattr(streams, "CHUNK", chunk)
    packed.write_bytes(gzip.compress(b"first") + behind)
    with pytest.raises(ValueError, match="behind"):
        list(streams.inflate(packed))


def test_bytes_behind_the_stream_are_refused_where_it_ends_with_a_piece(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = gzip.compress(b"first")
    monkeypatch.setattr(streams, "CHUNK", len(stream))
    packed.write_bytes(stream)
    assert b"".join(streams.inflate(packed)) == b"first"
    packed.write_bytes(stream + b"x")
    with pytest.raises(ValueError, match="behind"):
        list(streams.inflate(packed))


@pytest.mark.parametrize("cut", [1, 9, 20])
def test_a_stream_that_is_cut_short_is_refused(packed: Path, cut: int) -> None:
    packed.write_bytes(gzip.compress(b"a stream of some length, twenty bytes and more")[:-cut])
    with pytest.raises(ValueError, match="short"):
        list(streams.inflate(packed))


def test_a_damaged_stream_is_no_stream(packed: Path) -> None:
    packed.write_bytes(b"no stream at all")
    with pytest.raises(zlib.error):
        list(streams.inflate(packed))
