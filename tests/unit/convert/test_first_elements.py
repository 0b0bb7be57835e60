"""What the conversion reads of clean headers, whatever they hold."""

from pathlib import Path

import pytest

from tests.support.dicom_bytes import small, written
from unface.convert import completeness, first_elements

EXPLICIT = "1.2.840.10008.1.2.1"


def test_digits_that_are_no_time_are_passed_over(tmp_path: Path) -> None:
    ds = small(AcquisitionDate="20191399", AcquisitionTime="996199", ContentDate="20190314", ContentTime="101112")
    (tmp_path / "1.dcm").write_bytes(written(ds, EXPLICIT))
    assert first_elements.began([tmp_path]) == "2019-03-14T10:11:12"


@pytest.mark.parametrize("time", ["235960", "251200", "096100", "\\", "noon"])
def test_a_time_that_no_clock_shows_is_none(tmp_path: Path, time: str) -> None:
    whole = written(small(AcquisitionDate="20190314", AcquisitionTime="101112"), EXPLICIT)
    (tmp_path / "1.dcm").write_bytes(whole.replace(b"TM\6\x00101112", b"TM\6\0" + time.ljust(6).encode()))
    assert first_elements.began([tmp_path]) == ""
    (tmp_path / "1.dcm").write_bytes(whole.replace(b"TM\6\x00101112", b"DS\6\0" + time.ljust(6).encode()))
    assert first_elements.began([tmp_path]) == ""


def test_an_instance_number_that_is_none_says_nothing_of_missing_images(tmp_path: Path) -> None:
    whole = written(small(InstanceNumber="12345678"), EXPLICIT)
    for number, text in enumerate((b"--5     ", b"1\\2     ", b"\xb2       ", b"1e400   ")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "1.dcm").write_bytes(whole.replace(b"12345678", text))
        assert completeness._instance_numbers(folder) == set()
