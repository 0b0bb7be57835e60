"""Which values of a person are searched for."""

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
