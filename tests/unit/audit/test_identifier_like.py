"""What has the form of an identifier, and what has not; and the words that say nothing about anybody."""

import pytest

from unface.audit import public_words
from unface.audit.identifier_like import kinds

DATES = [
    "2019-04-17",
    "20190417",
    "2019.04.17",
    "2019/04/17",
    "1926-01-01",
    "17.04.2019",
    "17.4.2019",
    "4/17/2019",
    "17-04-2019",
    "17 April 2019",
    "17. April 2019",
    "3rd May 1980",
    "17-APR-2019",
    "3. März 2019",
    "May 6, 2020",
    "Dez. 24, 2020",
    "seen on 1.2.1999, again",
    "old 1850-02-03, new 2019-04-17",
]
NO_DATES = [
    "1925-12-31",
    "1850-02-03T10:11:12",
    "2019-13-01",
    "2019-04-32",
    "2019-0417",
    "120190417",
    "201904170",
    "17.04.20190",
    "32.04.2019",
    "syngo MR 2019",
    "1.17.04.2019.3",
    "Mayor 6, 20200",
    "2100-04-17",
]


@pytest.mark.parametrize("text", DATES)
def test_a_day_after_1925_is_found_in_any_writing(text: str) -> None:
    assert list(kinds(text, [])) == ["a date after 1925"]
    assert list(kinds(f"x\n{text}\ny", [])) == ["a date after 1925"]
    assert list(kinds(text, ["retain_longitudinal_full_dates"])) == []


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_day_or_a_shifted_one_is_let_through(text: str) -> None:
    assert list(kinds(text, [])) == []


def test_the_latest_year_may_be_another() -> None:
    assert list(kinds("1999-01-01", [], 1999)) == []
    assert list(kinds("2000-01-01", [], 1999)) == ["a date after 1999"]


@pytest.mark.parametrize(
    ("text", "uid"),
    [
        ("1.3.12.2.1107.5", True),
        ("2.25.123456.7.8.9", True),
        ("see 0.1.2.3.4.5!", True),
        ("1.2.840.10008.5.1.4", False),
        ("1.2.3.4.5", False),
        ("3.2.1.4.5.6.7", False),
        ("11.2.3.4.5.6", False),
    ],
)
def test_a_uid_is_found_unless_it_is_one_of_the_standard_or_may_stay(text: str, *, uid: bool) -> None:
    assert list(kinds(text, [])) == ["a DICOM UID"] * uid
    assert list(kinds(text, ["retain_uids"])) == []


@pytest.mark.parametrize(("text", "name"), [("DOE^JANE", True), ("a^b", True), ("x^2", False), ("^DOE", False)])
def test_a_person_name_is_letters_about_a_caret(text: str, *, name: bool) -> None:
    assert list(kinds(text, ["retain_uids", "retain_longitudinal_full_dates"])) == ["a DICOM person name"] * name


@pytest.mark.parametrize(
    ("key", "value", "public"),
    [
        ("Manufacturer", "SIEMENS", True),
        ("Manufacturer", "Siemens Healthineers", True),
        ("ManufacturersModelName", "Prisma_fit", True),
        ("ManufacturersModelName", "Prisma GT45", False),
        ("SoftwareVersions", "syngo MR XA60", True),
        ("SoftwareVersions", "syngo MR 3/18/12", False),
        ("Modality", "MR", True),
        ("BodyPartExamined", "BRAIN", True),
        ("Manufacturer", "Prisma", False),
        ("StationName", "SIEMENS", False),
        ("ScanningSequence", "GR", True),
        ("ScanningSequence", "GR_IR", True),
        ("ScanningSequence", "GR_XX", False),
        ("ScanningSequence", "gr", False),
        ("ScanOptions", "GR", False),
        ("ImageTypeText", "ORIGINAL", True),
        ("ImageType", "ORIGINAL", True),
        ("InPlanePhaseEncodingDirectionDICOM", "ROW", True),
        ("SequenceName", "*tfl3d1_16ns", True),
        ("PulseSequenceName", "ep_b1000#12", True),
        ("SequenceName", "tse_amy", False),
        ("SequenceName", "*tfl3d1_16ns amy", False),
        ("ProtocolName", "*tfl3d1_16ns", False),
    ],
)
def test_a_value_of_a_closed_list_says_nothing_about_anybody(key: str, value: str, *, public: bool) -> None:
    assert public_words.is_public(key, value) is public


def test_words_of_bids_are_public_and_words_of_people_are_not() -> None:
    words = public_words.public_words()
    assert {"anat", "T1w", "acq", "acquisition", "run", "filename", "acq_time", "defacemask", "json"} <= words
    assert not {"doe", "Jane", "patient"} & words


def test_a_sidecar_has_keys_of_the_acquisition_and_none_of_persons_places_and_times() -> None:
    keys = public_words.sidecar_keys()
    assert {"EchoTime", "RepetitionTime", "ImageType", "SliceTiming"} <= keys
    assert not {"PatientName", "PatientID", "InstitutionName", "StationName", "AcquisitionTime", "key"} & keys
