"""Times of a session are moved as one: order and intervals stay, the time of day does not."""

from datetime import date, datetime
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.support.dicom_bytes import small
from tests.support.one_patient import header, record_of, run
from unface.deidentify.clock import AFTERNOON, MORNING, Clock, time_of

Moment = tuple[str, str]


def moved(moments: list[Moment]) -> list[tuple[date, str]]:
    """Where dates and times go that stand in elements of their own."""
    clock = Clock.of(moments)
    assert clock is not None
    result = []
    for text, time in moments:
        day, known = datetime.strptime(text, "%Y%m%d").date(), time_of(time)
        assert known is not None
        minute = (known[0] + clock.minutes) % 1440
        result.append(
            (
                date.fromordinal(day.toordinal() + clock.carried.get(day, 0)),
                f"{minute // 60:02d}{minute % 60:02d}{known[1]}",
            )
        )
    return result


def seconds(day: date, time: str) -> float:
    return day.toordinal() * 86400 + int(time[:2]) * 3600 + int(time[2:4]) * 60 + float(time[4:] or 0)


@pytest.mark.parametrize(
    "moments",
    [
        [("20211105", "101507.25"), ("20211105", "102000"), ("20211105", "114559.5")],
        [("20211105", "235010"), ("20211105", "235959.9"), ("20211106", "000000.5"), ("20211106", "001500")],
        [("20211105", "080000.5"), ("20211105", "235000"), ("20211106", "001000")],
        [("20211231", "225000"), ("20220101", "084959")],
        [("20211105", "000100"), ("20211105", "174500")],
        [("20211105", "091500"), ("20211107", "101500"), ("20211107", "160000")],
        [("20211105", "230000"), ("20211106", "010000"), ("20211109", "233000"), ("20211110", "003000")],
    ],
)
def test_order_and_intervals_stay_across_midnight_and_over_days(moments: list[Moment]) -> None:
    before = [seconds(datetime.strptime(day, "%Y%m%d").date(), time) for day, time in moments]
    after = [seconds(*moment) for moment in moved(moments)]
    assert [time - before[0] for time in before] == pytest.approx([time - after[0] for time in after])


@pytest.mark.parametrize(
    ("began", "begins"), [("0715", MORNING), ("1310", MORNING), ("1311", AFTERNOON), ("2350", AFTERNOON)]
)
def test_every_session_of_a_half_of_the_day_begins_at_one_time(began: str, begins: int) -> None:
    clock = Clock.of([("20211105", f"{began}07"), ("20211105", f"{began}33")])
    minutes = int(began[:2]) * 60 + int(began[2:])
    assert clock is not None
    assert minutes + clock.minutes == begins


def test_a_date_that_was_not_told_anew_after_midnight_takes_no_other_along() -> None:
    clock = Clock.of([("20211105", "235000"), ("20211105", "001000"), ("", "001500")])
    assert clock == Clock(AFTERNOON - 23 * 60 - 50)


@pytest.mark.parametrize(
    "time", ["", "000000.000", "235960", "251200", "096100", "noon", "1", "101500.1234567", "²²1500"]
)
def test_what_no_clock_shows_is_no_time(time: str) -> None:
    assert time_of(time) is None
    assert Clock.of([("20211105", time)]) is None


def pet(name: str, date: str, scan: str, injected: str) -> Dataset:
    """A file with times wherever they stand: by themselves, with their date, in sequences and private elements."""
    ds = header()
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.128"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.9.1.{ord(name)}"
    ds.StudyDate, ds.StudyTime = "20211105", "235000"
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = ds.InstanceCreationDate = date
    ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = ds.InstanceCreationTime = scan
    ds.AcquisitionDateTime = f"{date}{scan}"
    drug = small(RadiopharmaceuticalStartTime=injected, RadiopharmaceuticalStartDateTime=f"20211105{injected}+0100")
    ds.RadiopharmaceuticalInformationSequence = [drug]
    block = ds.private_block(0x0021, "SIEMENS MR SDS 01", create=True)
    block.add_new(0x60, "DT", f"{date}{scan}")
    return ds


@pytest.mark.parametrize("kept", [False, True])
def test_all_times_of_clean_files_tell_one_day_and_relative_times_hold(tmp_path: Path, kept: bool) -> None:
    for name, day, scan in (("a", "20211105", "235507.25"), ("b", "20211106", "002507.25")):
        pet(name, day, scan, "230007.25").save_as(tmp_path / f"{name}.dcm", enforce_file_format=True)
    record = record_of(*sorted(tmp_path.glob("*.dcm")))
    done, folder = run(tmp_path, record, clock_times="keep" if kept else "move")
    assert done.ok
    paths = sorted(folder.glob("dicom/*/*.dcm"))
    first, second = (pydicom.dcmread(path) for path in paths)
    if kept:
        assert (first.AcquisitionTime, second.ContentTime) == ("235507.25", "002507.25")
        assert first.AcquisitionDateTime == f"{first.AcquisitionDate}235507.25"
        return
    for ds, scan in ((first, "140507.25"), (second, "143507.25")):
        assert {ds.SeriesTime, ds.AcquisitionTime, ds.ContentTime, ds.InstanceCreationTime} == {scan}
        assert {ds.SeriesDate, ds.AcquisitionDate, ds.ContentDate, ds.InstanceCreationDate} == {first.StudyDate}
        assert ds.AcquisitionDateTime == ds[0x0021, 0x1060].value == f"{first.StudyDate}{scan}"
        assert ds.StudyTime == "140000"
        drug = ds.RadiopharmaceuticalInformationSequence[0]
        assert drug.RadiopharmaceuticalStartTime == "131007.25"
        assert drug.RadiopharmaceuticalStartDateTime == f"{first.StudyDate}131007.25+0100"
        told = [str(element.value) for element in ds.iterall() if element.VR in ("TM", "DT")]
        assert not [text for text in told if {text[:4], text[8:12]} & {"2355", "0025", "2350", "2300"}]


def test_times_of_slices_that_count_from_midnight_do_not_tell_the_time_of_day(tmp_path: Path) -> None:
    for name, times in (("a", [36907250.0, 36906000.0]), ("b", [1250.0, 0.0]), ("c", [float("nan"), 36906000.0])):
        ds = header()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.9.1.{ord(name)}"
        ds.private_block(0x0019, "SIEMENS MR HEADER").add_new(0x29, "FD", times)
        ds.save_as(tmp_path / f"{name}.dcm", enforce_file_format=True)
    _, folder = run(tmp_path, record_of(*sorted(tmp_path.glob("*.dcm"))))
    clean = [pydicom.dcmread(path) for path in sorted(folder.glob("dicom/*/*.dcm"))]
    assert [list(ds[0x0019, 0x1029].value) for ds in clean[:2]] == [[1250.0, 0.0]] * 2
    assert (0x0019, 0x1029) not in clean[2]


def test_a_time_of_day_in_text_goes_and_how_long_a_scan_took_stays(tmp_path: Path) -> None:
    ds = header()
    ds.SeriesDescription = "t1 mprage 5:30 10:15:07"
    ds.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    for number, (kept, left) in enumerate((("move", "t1 mprage 5_30"), ("keep", "t1 mprage 5_30 10_15_07"))):
        _, folder = run(tmp_path / str(number), record_of(tmp_path / "a.dcm"), clock_times=kept)
        assert pydicom.dcmread(folder / "dicom/s001/000001.dcm").SeriesDescription == left
