"""Small data sets as bytes of files, and what becomes of them."""

import functools
import io
import struct

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from unface.deidentify.clean_files import Deidentifier
from unface.deidentify.profile import Profile
from unface.deidentify.splitter import HeaderSplitter
from unface.identity.pseudonyms import Key
from unface.run.settings import Deidentify

OPTIONS = (
    "retain_patient_characteristics",
    "retain_longitudinal_modified_dates",
    "retain_safe_private",
    "clean_descriptors",
)


@functools.cache
def profile() -> Profile:
    return Profile(Deidentify(options=OPTIONS, clock_times="move", overrides={}, age_band_years=5, folder_pattern=None))


def deidentifier() -> Deidentifier:
    return Deidentifier(profile(), Key(b"k" * 32), "someone", "asub", {})


def cleaned(data: bytes, splitter: HeaderSplitter | None = None) -> bytes:
    """The clean file's bytes, as they would be written."""
    return b"".join(bytes(part) for part in deidentifier().clean(data, splitter or HeaderSplitter()).parts)


def written(ds: Dataset, syntax: str) -> bytes:
    """A data set as a file of one transfer syntax."""
    buffer = io.BytesIO()
    ds.file_meta.TransferSyntaxUID = UID(syntax)
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def small(**attributes: object) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", "1.2.3"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def head(tag: tuple[int, int], vr: bytes, length: int) -> bytes:
    return struct.pack("<HH", *tag) + vr + b"\0\0" + struct.pack("<I", length)


def hostile() -> dict[str, bytes]:
    base = written(small(Modality="MR"), ExplicitVRLittleEndian)
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    deep = b""
    for _ in range(2000):
        deep = head((0x40, 0x275), b"SQ", len(deep) + 8) + item[:4] + struct.pack("<I", len(deep)) + deep
    implicit = struct.pack("<HHI", 8, 0x1150, 4) + b"1.2\0"
    explicit = struct.pack("<HH2sH", 8, 0x1150, b"UI", 4) + b"1.2\0"
    nested = b"".join(head((0x40, 0x275), b"SQ", 0xFFFFFFFF) + item for _ in range(1000))
    return {
        "empty": b"",
        "noise": bytes(range(256)) * 40,
        "a length past the end": base + head((0x40, 0x275), b"SQ", 5000),
        "four gigabytes": base + head((0x7FE0, 0x10), b"OW", 0xFFFFFFFE),
        "nested a thousand deep": base + nested,
        "no end of a sequence": base + head((0x40, 0x275), b"SQ", 0xFFFFFFFF),
        "no end of the pixels": base + head((0x7FE0, 0x10), b"OB", 0xFFFFFFFF) + b"\xfe\xff\x00\xe0\x08\0\0\0",
        "nested two thousand deep with lengths": base + deep,
        "text where a sequence stands": base + head((8, 0x1140), b"UN", 2) + b"NO",
        "what is no item": base + head((8, 0x1140), b"SQ", 8) + b"abcdefgh",
        "an item past its sequence": base + head((8, 0x1140), b"SQ", 8) + item[:4] + b"\xff\0\0\0",
        "implicit VRs in an explicit file": base + head((8, 0x1140), b"SQ", 20) + item[:4] + b"\x0c\0\0\0" + implicit,
        "explicit VRs in what is implicit": base + head((8, 0x1140), b"UN", 20) + item[:4] + b"\x0c\0\0\0" + explicit,
        "an unknown VR": base + struct.pack("<HH", 0x40, 0x275) + b"??\4\0abcd",
        "half an element": base + b"\x40\0\x75",
    }
