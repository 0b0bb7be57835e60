"""DICOM as bytes."""

import zlib
from contextlib import suppress

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from tests.support.dicom_bytes import small, written
from unface.dicom.encoding import UnreadableError, decode, element
from unface.dicom.transfer_syntax import DEFLATED, EXPLICIT


def test_decoding_says_what_the_file_is() -> None:
    encoded = decode(written(small(), ImplicitVRLittleEndian))
    assert encoded.implicit
    assert encoded.sop_class == "1.2.840.10008.5.1.4.1.1.4"


@pytest.mark.parametrize(
    "syntaxes",
    [[(b"SH", DEFLATED)], [(b"UI", EXPLICIT), (b"UI", DEFLATED)]],
    ids=["of another VR", "stated twice"],
)
def test_pydicom_inflates_nothing_that_was_not_looked_at(
    syntaxes: list[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    inflated: list[bytes] = []
    monkeypatch.setattr("pydicom.filereader.zlib.decompress", lambda data, *_: inflated.append(data) or data)
    meta = b"".join(element(0x00020010, vr, syntax.encode() + bytes(len(syntax) % 2), False) for vr, syntax in syntaxes)
    packed = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data = written(small(), EXPLICIT).split(b"DICM", 1)[1]
    deflated = packed.compress(data[data.index(b"\x08\0\x16\0") :]) + packed.flush()
    for before in (b"", bytes(128) + b"DICM"):
        with suppress(UnreadableError):
            decode(before + meta + deflated)
    assert not inflated
