"""The dataset's own files say what the de-identified headers and the user's table say, and no more."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.staged_sessions import RELEASE, SCANS, Change, run, stage_session
from unface.deidentify.records import characteristics
from unface.release import anonymity, data_dictionary, dataset, given_columns
from unface.release.dataset import Metadata, Person
from unface.release.verdicts import closing_words
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.sessions import SessionId


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


def clean_header(sex: str, age: str) -> Change:
    """What de-identification notes of the clean headers."""

    def write(folder: Path) -> None:
        (folder / "patient.json").write_text(json.dumps({"PatientSex": sex, "PatientAge": age}))

    return write


def participants(layout: Layout) -> list[str]:
    return (layout.release / "participants.tsv").read_text().splitlines()


def test_sex_and_age_come_from_the_clean_headers(layout: Layout) -> None:
    cases = {"aa": ("F", "035Y"), "bb": ("M", "090Y"), "cc": ("", ""), "dd": ("O", "006M"), "ee": ("XX", "")}
    for subject, values in cases.items():
        stage_session(layout, SessionId(subject, "s1"), deidentified=clean_header(*values))
    verdicts = run(layout, [SessionId(subject, "s1") for subject in cases])
    assert participants(layout) == [
        "participant_id\tsex\tage",
        "sub-aa\tF\t35",
        "sub-bb\tM\t89",
        "sub-cc\tn/a\tn/a",
        "sub-dd\tO\t0",
        "sub-ee\tn/a\tn/a",
    ]
    assert "k-anonymity 1" in closing_words(verdicts)


@pytest.mark.parametrize(
    ("age", "years"), [("018M", "1"), ("030M", "2"), ("104W", "1"), ("106W", "2"), ("700D", "1"), ("003M", "0")]
)
def test_ages_that_headers_tell_in_months_weeks_and_days_are_released_in_years(
    layout: Layout, age: str, years: str
) -> None:
    folder = layout.stage("deidentify", SessionId("aa", "s1"))
    folder.mkdir(parents=True)
    clean_header("F", age)(folder)
    assert characteristics(layout, SessionId("aa", "s1")) == {"sex": "F", "age": years}


def test_ages_of_the_table_of_subjects_are_not_released_beside_the_bands_of_the_headers(
    layout: Layout, tmp_path: Path
) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text("patient_id\tsubject\tsession\tsex\tage\tgroup\nM1\taa \ts1\tF\t97\tc\nM1\taa\ts2\tF\t98\tc\n")
    for label in ("s1", "s2"):
        stage_session(layout, SessionId("aa", label), deidentified=clean_header("F", "090Y"))
    run(layout, [SessionId("aa", "s1"), SessionId("aa", "s2")], subjects=table)
    assert participants(layout) == ["participant_id\tsex\tage\tgroup", "sub-aa\tF\t89\tc"]


def test_rows_of_one_subject_that_differ_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text("patient_id\tsubject\tgroup\nM1\taa\tc\nM1\taa\tp\n")
    with pytest.raises(TableError, match="line 3: group differs"):
        given_columns.read(table, [])


REFUSED = {
    ("surgery_date", "2019-05-21"): "a date",
    ("surgery_date", "21.5.2019"): "a date",
    ("surgery_date", "5/21/2019"): "a date",
    ("birth", "17 March 1985"): "a date",
    ("birth", "1920-03-17"): "a date",
    ("birth", "1984-3-12"): "a date",
    ("birth", "3 février 1984"): "a date",
    ("birth", "1984年3月12日"): "a date",
    ("birth", "Feb 1963"): "a date",
    ("birth", "Juillet 1963"): "a date",
    ("uid", "1.3.12.2.1107.5.2.43.67090.30000019"): "a DICOM UID",
    ("note", "as WANG^WEI"): "a DICOM person name",
    ("age_at_scan", "93"): "an age over 89",
    ("scanAge", "90+"): "an age over 89",
    ("AgeInMonths", "1100"): "an age over 1068",
}


@pytest.mark.parametrize(("column", "value"), REFUSED)
def test_a_cell_of_the_form_of_an_identifier_is_refused_by_line_and_column_without_its_value(
    tmp_path: Path, column: str, value: str
) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\t{column}\nM1\taa\t\nM2\tbb\t{value}\n")
    with pytest.raises(TableError, match=f"line 3: column {column} holds .*{REFUSED[column, value]}") as refused:
        given_columns.read(table, [])
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Age", "column 3: write its name as age"),
        ("Study UID", "column 3: write its name as study_uid"),
        ("participant_id", "column 3: participants.tsv has a column participant_id of its own"),
        ("seen 2019-05-21", "name of column 3 holds .* a date"),
    ],
)
def test_a_column_is_refused_for_its_name(tmp_path: Path, name: str, words: str) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\t{name}\nM1\taa\t2018-01-02\n")
    with pytest.raises(TableError, match=f"line 1: .*{words}") as refused:
        given_columns.read(table, [])
    assert "2019" not in str(refused.value)


def test_measures_groups_and_ages_in_bands_are_taken(tmp_path: Path) -> None:
    row = {
        "iq": "131",
        "stage": "T2N1",
        "percentage": "97.5",
        "age_group": "80-89",
        "age_months": "1020",
        "visits": "2019",
    }
    row |= {"first_scan": "1850-02-03", "version": "3.12.2", "dose": "100/120", "group": "n/a"}
    table = tmp_path / "subjects.tsv"
    table.write_text("\t".join(["patient_id", "subject", *row]) + "\n" + "\t".join(["M1", "aa", *row.values()]) + "\n")
    assert given_columns.read(table, []) == {"aa": row}


def test_what_an_option_retains_may_stand_in_the_table(tmp_path: Path) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text("patient_id\tsubject\tseen\tstudy\nM1\taa\t2019-05-21\t1.2.840.113619.2.55.3\n")
    options = ["retain_longitudinal_full_dates", "retain_uids"]
    assert given_columns.read(table, options)["aa"]["seen"] == "2019-05-21"
    with pytest.raises(TableError):
        given_columns.read(table, options[:1])


def test_a_subject_with_two_sessions_has_one_row_with_the_first_age_and_a_table_of_sessions(layout: Layout) -> None:
    def later(folder: Path) -> None:
        text = SCANS.format(prefix="sub-aa_ses-s1").replace("1850", "1852")
        (folder / "sub-aa_ses-s1_scans.tsv").write_text(text)

    stage_session(layout, SessionId("aa", "s1"), deidentified=clean_header("F", "040Y"), converted=later)
    stage_session(layout, SessionId("aa", "s2"), deidentified=clean_header("F", "035Y"))
    run(layout, [SessionId("aa", "s1"), SessionId("aa", "s2")])
    assert participants(layout)[1:] == ["sub-aa\tF\t35"]
    assert (layout.release / "sub-aa/sub-aa_sessions.tsv").read_text().splitlines() == [
        "session_id\tacq_time",
        "ses-s1\t1852-02-03T10:11:12",
        "ses-s2\t1850-02-03T10:11:12",
    ]


def test_the_description_names_unface_its_tools_and_the_codes_of_what_was_done() -> None:
    tools = {"dcm2niix": ["1.0", "1.1"]}
    files = dataset.texts([Person("aa", {"sex": "F"})], Metadata(RELEASE, ["clean_descriptors"]), tools)
    description = json.loads(files["dataset_description.json"])
    names = [(entry["Name"], entry.get("Version")) for entry in description["GeneratedBy"]]
    assert names[1:] == [("dcm2niix", "1.0"), ("dcm2niix", "1.1")]
    assert "113100" in description["GeneratedBy"][0]["Description"]
    assert "113105" in files["README"]
    assert "113108" not in files["README"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["retain_longitudinal_modified_dates"], "Dates were moved"),
        (["retain_longitudinal_full_dates"], "Dates are those of the scans"),
        ([], "Dates were removed"),
    ],
)
def test_the_readme_says_what_became_of_dates(options: list[str], words: str) -> None:
    assert words in dataset.texts([Person("aa", {"sex": "F"})], Metadata(RELEASE, options), {})["README"]


SUBJECTS = {"aa": {"group": "c", "iq": "101"}, "bb": {"group": "p", "iq": "n/a"}}
TABLE = """column\tdescription\tunits\tlevels
group\tStudy group\t\tc=control; p=patient
iq\tGeneral ability\tpoints\t
"""


def test_a_data_dictionary_tells_what_columns_mean(tmp_path: Path) -> None:
    (tmp_path / "meanings.tsv").write_text(TABLE)
    (tmp_path / "meanings.json").write_text(json.dumps(data_dictionary.read(tmp_path / "meanings.tsv", SUBJECTS)))
    meanings = data_dictionary.read(tmp_path / "meanings.json", SUBJECTS)
    rows = [Person(name, {"sex": "F", **values}) for name, values in SUBJECTS.items()]
    told = json.loads(dataset.texts(rows, Metadata(RELEASE, [], dictionary=meanings), {})["participants.json"])
    assert told["group"] == {"Description": "Study group", "Levels": {"c": "control", "p": "patient"}}
    assert told["iq"] == {"Description": "General ability", "Units": "points"}
    assert told["sex"]["Levels"]["F"] == "female"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"gruop": {"Description": "x"}}, "no column gruop .did you mean group"),
        ({"group": {}}, "group needs a Description"),
        ({"group": {"Description": "x", "Unit": "y"}}, "unknown key Unit"),
        ({"group": {"Description": "x", "Levels": {"c": "control"}}}, "1 of its values .* not among its Levels"),
        ({"group": {"Description": "x", "Levels": ["c", "p"]}}, "Levels is a mapping"),
        ({"group": {"Description": "x", "Units": "kg"}}, "group has a unit, and 2 of its values .* no numbers"),
        ([], "a mapping of columns"),
    ],
)
def test_a_wrong_data_dictionary_is_refused(tmp_path: Path, content: object, words: str) -> None:
    (tmp_path / "meanings.json").write_text(json.dumps(content))
    with pytest.raises(TableError, match=words):
        data_dictionary.read(tmp_path / "meanings.json", SUBJECTS)


def test_the_description_names_the_datasets_it_was_made_from() -> None:
    source = {"DOI": "doi:10.1/x", "Version": "2"}
    metadata = Metadata(replace(RELEASE, source_datasets=(source,)), [])
    files = dataset.texts([Person("aa", {"sex": "F"})], metadata, {})
    assert json.loads(files["dataset_description.json"])["SourceDatasets"] == [source]


@given(st.lists(st.tuples(st.sampled_from("FM"), st.sampled_from(["20", "25", "30"])), min_size=1, max_size=40))
def test_k_anonymity_is_the_least_number_of_equal_rows(people: list[tuple[str, str]]) -> None:
    rows = [Person(str(number), {"sex": sex, "age": age}) for number, (sex, age) in enumerate(people)]
    sizes = pd.Series(people).value_counts()
    k, few = anonymity.smallest_group(rows)
    assert k == sizes.min()
    assert few == sum(size for size in sizes if size < anonymity.ENOUGH)
    assert bool(anonymity.note(rows)) == (k < anonymity.ENOUGH)
