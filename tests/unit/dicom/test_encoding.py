"""DICOM as bytes."""

from pydicom.uid import ImplicitVRLittleEndian

from tests.support.dicom_bytes import small, written
from unface.dicom.encoding import decode


def test_decoding_says_what_the_file_is() -> None:
    encoded = decode(written(small(), ImplicitVRLittleEndian))
    assert encoded.implicit
    assert encoded.sop_class == "1.2.840.10008.5.1.4.1.1.4"
