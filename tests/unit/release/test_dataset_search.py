"""Whom an identifier in the dataset's own files and names concerns, and what is left where it stands by chance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.staged_sessions import RELEASE
from unface.audit.records import Released
from unface.identity.identifiers import write_identifiers
from unface.release.dataset import Metadata, Person
from unface.release.dataset_search import DatasetSearch
from unface.run.layout import Layout
from unface.run.sessions import SessionId

PLAIN = Metadata(RELEASE, ())
DOE = {"name": ["DOE^JANE"], "id": ["0048213"], "date": ["19840312"]}
KIM = {"name": ["Kim^Ji"], "id": ["42"], "date": ["19701103"]}


def concerned(
    folder: Path,
    identifiers: Mapping[str, Mapping[str, list[str]]],
    rows: Mapping[str, Mapping[str, str]] | None = None,
    *,
    metadata: Metadata = PLAIN,
    files: Mapping[str, Sequence[str]] | None = None,
) -> list[str]:
    """Whom the problems concern: subjects, subjects with a session, or `all`, each with the place."""
    layout = Layout(folder / "results")
    for subject, values in identifiers.items():
        layout.identifiers(SessionId(subject, "s1")).parent.mkdir(parents=True, exist_ok=True)
        write_identifiers(layout.identifiers(SessionId(subject, "s1")), values)
    people = [Person(subject, cells) for subject, cells in (rows or {}).items()]
    released = {
        SessionId(subject, "s1"): [Released(path, "convert", "", 0) for path in paths]
        for subject, paths in (files or {}).items()
    }
    search = DatasetSearch(layout, [SessionId(subject, "s1") for subject in identifiers], people, ())
    problems = search.problems(people, metadata, released)
    assert not any(word in str(problems) for word in ("DOE", "Doe", "doe", "48213"))
    return sorted(
        {f"{problem.subject or 'all'}{'/' + problem.session if problem.session else ''}" for problem in problems}
    )


@pytest.mark.parametrize(
    "cell", ["3/12/84", "see 48213", "0048213", "doe", "JD84", "March 1984", "Jane D", "84072", "447897600"]
)
def test_a_subjects_own_identifier_in_its_row_concerns_the_subject(tmp_path: Path, cell: str) -> None:
    rows = {"abc": {"note": cell}, "bcd": {"note": "none"}}
    assert concerned(tmp_path, {"abc": DOE, "bcd": KIM}, rows) == ["abc"]


@pytest.mark.parametrize("cell", ["3/12/84", "sister of Doe", "Jane Doe", "0048213", "12. März 1984"])
def test_anothers_identifier_in_a_row_concerns_the_subject_of_the_row(tmp_path: Path, cell: str) -> None:
    rows = {"abc": {"note": "none"}, "bcd": {"note": cell}}
    assert concerned(tmp_path, {"abc": DOE, "bcd": KIM}, rows) == ["bcd"]


@pytest.mark.parametrize("cell", ["42", "48213", "84", "control", "312.84", "n/a", "right", "ses-01"])
def test_numbers_and_words_that_stand_in_any_table_concern_nobody(tmp_path: Path, cell: str) -> None:
    rows = {"abc": {"note": "none"}, "bcd": {"note": cell}, "cde": {"note": "1"}, "def": {"note": "2"}}
    assert concerned(tmp_path, {"abc": DOE, "bcd": KIM}, rows) == []


def test_a_column_of_ids_tells_though_each_is_a_small_number(tmp_path: Path) -> None:
    people = {f"s{number}": {"id": [str(number)]} for number in range(11, 21)}
    rows = {
        subject: {"old": values["id"][0], "score": str(20 - at)} for at, (subject, values) in enumerate(people.items())
    }
    assert concerned(tmp_path, people, rows) == sorted(people)
    mixed = {subject: {"score": cells["score"]} for subject, cells in rows.items()}
    assert concerned(tmp_path, people, mixed) == []


def test_ages_are_no_ids(tmp_path: Path) -> None:
    assert concerned(tmp_path, {"abc": {"id": ["42"]}}, {"abc": {"sex": "F", "age": "42"}}) == []


@pytest.mark.parametrize(
    "metadata",
    [
        Metadata(replace(RELEASE, name="The Doe study"), ()),
        Metadata(RELEASE, (), page_title="The Doe study"),
        Metadata(replace(RELEASE, authors=("A. Author", "Doe, J.")), ()),
        Metadata(replace(RELEASE, source_datasets=({"URL": "https://example.org/0048213"},)), ()),
        Metadata(RELEASE, (), dictionary={"note": {"Description": "asked for by the Doe family"}}),
        Metadata(RELEASE, (), dictionary={"note": {"Description": "Levels", "Levels": {"1": "seen on 12.3.84"}}}),
        Metadata(RELEASE, (), columns={"abc": {"seen_by_doe": "1"}}),
        Metadata(RELEASE, (), published={"code/unface/bids_rules.yaml": "rules:\n- name: rest of Doe\n"}),
    ],
)
def test_an_identifier_in_what_is_said_of_the_dataset_concerns_all(tmp_path: Path, metadata: Metadata) -> None:
    assert concerned(tmp_path, {"abc": DOE, "bcd": KIM}, metadata=metadata) == ["all"]


def test_harmless_words_of_the_dataset_concern_nobody(tmp_path: Path) -> None:
    people = {
        f"s{at}": {"name": [name], "id": [str(at)]}
        for at, name in enumerate(
            ["Young^May", "Li^An", "Do^So", "Park^Rest", "Tse^Norm", "Ko^Se Hoon", "White^Day", "Bai^Long"]
        )
    }
    told = {
        "BAI": {
            "Description": "Beck Anxiety Inventory, long form, on the day of the scan; do not sum",
            "Units": "points",
        }
    }
    settings = replace(RELEASE, name="Healthy Young Adults: resting state (May 2019)", authors=("Jin Li", "Mary Young"))
    assert concerned(tmp_path, people, metadata=Metadata(settings, (), dictionary=told)) == []


def test_anothers_identifier_in_the_name_of_a_file_concerns_its_session(tmp_path: Path) -> None:
    files = {
        "abc": ["sub-abc/ses-s1/anat/sub-abc_ses-s1_acq-mprage_T1w.nii.gz"],
        "bcd": ["sub-bcd/ses-s1/anat/sub-bcd_ses-s1_acq-AnnaMueller_T1w.nii.gz"],
        "cde": ["sub-cde/ses-s1/func/sub-cde_ses-s1_task-rest_run-01_bold.nii.gz"],
    }
    people = {"abc": {"name": ["Müller^Anna"]}, "bcd": KIM, "cde": {"name": ["Rest^Ann"]}}
    assert concerned(tmp_path, people, files=files) == ["bcd/s1"]


def test_a_label_that_was_given_and_names_somebody_concerns_its_subject_and_a_random_one_does_not(
    tmp_path: Path,
) -> None:
    rows = {"mueller1": {"note": "x"}, "a7muell4kx": {}, "bcd": {"note": "x"}}
    given = Metadata(RELEASE, (), columns={"mueller1": {"note": "x"}, "bcd": {"note": "x"}})
    assert concerned(tmp_path, {"bcd": {"name": ["Müller^Anna", "Muell^X"]}}, rows, metadata=given) == ["mueller1"]
