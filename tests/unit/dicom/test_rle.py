"""Run-length encoded frames hold pixels and nothing else."""

import numpy as np
import pytest
from pydicom.pixels.encoders import RLELosslessEncoder

from unface.dicom.encoding import UnreadableError
from unface.dicom.rle import only_segments

PIXELS = np.random.default_rng(3).integers(0, 4, (15, 17)).astype("<u2") * 300
SIZE = PIXELS.nbytes
FRAME = RLELosslessEncoder.encode(
    PIXELS, rows=15, columns=17, samples_per_pixel=1, bits_allocated=16, bits_stored=16, pixel_representation=0,
    photometric_interpretation="MONOCHROME2", number_of_frames=1,
)  # fmt: skip


def starts(frame: bytes) -> list[int]:
    return np.frombuffer(frame[:64], "<u4").tolist()


def test_a_frame_without_more_than_its_pixels_is_the_same_bytes() -> None:
    assert only_segments(FRAME, SIZE) == FRAME


def test_what_stands_behind_the_segments_between_them_and_in_the_rest_of_the_header_goes() -> None:
    count, first, second, *_ = starts(FRAME)
    header = np.array([count, first, second + 8, *[0x5E454F44] * 13], "<u4").tobytes()
    full = header + FRAME[64:second] + b"DOE^JANE" + FRAME[second:] + b"DOE^JANE"
    clean = only_segments(full, SIZE)
    assert b"DOE" not in clean
    assert clean[64:second] + clean[second + 8 :] == FRAME[64:]


def test_bytes_that_the_last_run_has_too_many_go() -> None:
    header = np.array([1, 64, *[0] * 14], "<u4").tobytes()
    clean = only_segments(header + b"\x0b" + b"abcdDOE^JANE" + b"\0", 4)
    assert clean == header + b"\x0b" + b"abcd" + bytes(9)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        FRAME[:60],
        FRAME[:-40],
        np.array([0] * 16, "<u4").tobytes() + FRAME[64:],
        np.array([16, *range(64, 79)], "<u4").tobytes() + FRAME[64:],
        np.array([2, 64, 64, *[0] * 13], "<u4").tobytes() + FRAME[64:],
        np.array([2, 4000, 64, *[0] * 13], "<u4").tobytes() + FRAME[64:],
        np.array([2, 64, 4_000_000_000, *[0] * 13], "<u4").tobytes() + FRAME[64:],
        np.array([2, 70, 90, *[0] * 13], "<u4").tobytes() + FRAME[64:],
    ],
)
def test_a_frame_that_cannot_be_is_refused(frame: bytes) -> None:
    with pytest.raises(UnreadableError, match="run-length"):
        only_segments(frame, SIZE)
