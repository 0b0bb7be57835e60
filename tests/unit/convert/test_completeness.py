import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from tests.support.converted_sessions import Converted, convert, take_in
from unface.dicom.headers import read_header

SERIES_NUMBER = frozenset([0x00200011])


def without(raw: Path, folder: Path, number: int, lost: Callable[[pydicom.Dataset], bool]) -> Converted:
    """Convert one series of a set, by its SeriesNumber, without the files that were lost."""
    (folder / "raw").mkdir()
    for path in sorted(path for path in raw.rglob("*") if path.is_file()):
        header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
        if header.get("SeriesNumber") == number and not lost(header):
            shutil.copy(path, folder / "raw" / f"{len(list((folder / 'raw').iterdir())):06d}")
    (session,) = convert(take_in(folder / "raw", folder / "results"))
    return session


LOST = {
    "a slice of one volume": ("ge_siemens_epi", lambda ds: ds.InstanceNumber == 37, "1 of 150"),
    "a volume inside": ("ge_siemens_epi", lambda ds: 30 < ds.InstanceNumber <= 45, "15 of 150"),
    "the beginning": ("ge_siemens_epi", lambda ds: ds.InstanceNumber <= 15, "the first 15"),
    "the last volume": ("ge_siemens_epi", lambda ds: ds.InstanceNumber > 135, "9 of 10 volumes"),
    "the end of the last volume": ("ge_siemens_epi", lambda ds: ds.InstanceNumber > 140, "140 images"),
}


@pytest.mark.parametrize("loss", LOST)
def test_a_run_that_lost_something_is_incomplete(loss: str, shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    name, lost, expected = LOST[loss]
    session = without(shared_data(name) / ".", tmp_path, 5, lambda ds: ds.Manufacturer[:2] != "GE" or lost(ds))
    assert session.states() == {"s001": "incomplete"}
    assert expected in session.reason("incomplete")
    assert [reason.code for reason in session.outcome.reasons] == ["incomplete"]


def test_an_echo_that_lost_a_volume_makes_the_run_incomplete(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    session = without(shared_data("siemens_multiecho"), tmp_path, 4, lambda ds: ds.InstanceNumber == 6)
    assert session.reason("incomplete") == "2 of 3 volumes are there"


@pytest.mark.slow
def test_a_run_that_lost_one_of_its_series_is_incomplete(shared_data: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    for path in sorted(shared_data("siemens_xa30_classic_phantom").rglob("*")):
        value = read_header(path, SERIES_NUMBER).values.get(0x00200011, b"0") if path.is_file() else b"0"
        if 7001 <= int(value) <= 7020 and int(value) != 7004:
            (tmp_path / "raw" / f"{int(value)}_{path.name}").hardlink_to(path)
    (session,) = convert(take_in(tmp_path / "raw", tmp_path / "results"))
    assert set(session.states().values()) == {"incomplete"}
    assert "1 of the 20 series" in session.reason("incomplete")


def test_a_mosaic_that_counts_in_steps_of_its_slices_is_whole(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    (session,) = convert(take_in(shared_data("siemens_3d_asl"), tmp_path / "whole"))
    assert "incomplete" not in session.states().values()
    number = min(pydicom.dcmread(path).SeriesNumber for path in shared_data("siemens_3d_asl").rglob("*.dcm"))
    (tmp_path / "lost").mkdir()
    session = without(shared_data("siemens_3d_asl"), tmp_path / "lost", number, lambda ds: ds.InstanceNumber == 41)
    assert session.states() == {"s001": "incomplete"}


def test_free_numbers_between_b_values_are_no_loss_and_a_lost_slice_is(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    raw = shared_data("philips_dwi_classic")
    (session,) = convert(take_in(raw, tmp_path / "whole"))
    assert session.states() == {"s001": "converted"}
    first = pydicom.dcmread(next(path for path in sorted(raw.rglob("*")) if path.is_file()), stop_before_pixels=True)
    (tmp_path / "lost").mkdir()
    lost = without(raw, tmp_path / "lost", first.SeriesNumber, lambda ds: ds.InstanceNumber == first.InstanceNumber)
    assert lost.states() == {"s001": "incomplete"}
