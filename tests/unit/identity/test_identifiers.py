"""Which values of a person are searched for."""

import os
from pathlib import Path

from unface.identity.identifiers import add_names_of_paths, searchable


def test_a_number_behind_a_placeholder_tells_people_apart_and_is_searched_for() -> None:
    identifiers = {"id": {"ANONYM0012", "VOLUNTEER", "anonymized", "N/A"}, "name": {"No^Name", "DOE^JANE"}}
    assert searchable(identifiers) == {"id": ["ANONYM0012"], "name": ["DOE^JANE"]}


def test_a_date_that_names_no_day_is_not_searched_for() -> None:
    assert searchable({"date": {"19000101", "1985", "19850317"}}) == {"date": ["19850317"]}


def test_names_of_folders_with_the_patients_words_are_identifiers() -> None:
    identifiers = {"name": {"DOE^JANE"}, "id": {"MRN-77123"}, "other": set[str]()}
    paths = [Path("/raw/doe_followup/series"), Path("/raw/x MRN-77123/a.dcm"), Path("/raw/doeskin/b.dcm")]
    assert add_names_of_paths(identifiers, paths) == 2
    assert identifiers["other"] == {"doe_followup", "x MRN-77123"}


def test_names_of_folders_in_any_encoding_are_searched_as_the_bytes_they_are() -> None:
    for name, code in (("Müller_Jane_Doe", "latin-1"), ("山田_DOE", "shift-jis"), ("Доу_doe", "cp1251")):
        raw = name.encode(code)
        identifiers = {"name": {"DOE^JANE"}, "id": set[str](), "other": set[str]()}
        assert add_names_of_paths(identifiers, [os.fsdecode(b"/raw/" + raw + b"/1.dcm")]) == 1
        (found,) = identifiers["other"]
        assert found.encode("latin-1") == raw
        assert found.encode("utf-8")


def test_a_name_of_a_file_that_counts_is_no_identifier() -> None:
    identifiers = {"name": {"VS-SEG-001"}, "id": {"VS-SEG-001", "1000"}, "other": set[str]()}
    paths = [Path("/raw/1-001.dcm"), Path("/raw/1-1000.dcm"), Path("/raw/001/IM_001.dcm")]
    assert add_names_of_paths(identifiers, paths) == 0
    assert add_names_of_paths(identifiers, [Path("/raw/VS-SEG-001_followup/1-001.dcm")]) == 1
    assert identifiers["other"] == {"VS-SEG-001_followup"}
