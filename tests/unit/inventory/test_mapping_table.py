"""The table of names: what is written, what is taken back, and that rules of it name those groups and no other."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from unface.identity.pseudonyms import Key
from unface.inventory.group_criteria import NothingTellsApartError, criteria_for
from unface.inventory.mapping_table import answers_in, read_answers, table
from unface.inventory.protocol_groups import InventoriedAcquisition
from unface.inventory.table_rules import Cohort, changed_besides, is_made_of_a_table, rules_text
from unface.mapping.criteria import compile_criteria
from unface.mapping.rules import load
from unface.run.files import TableError
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import SHIPPED_RULES

KEY = Key(bytes(range(32)))
SIEMENS = {"Manufacturer": "SIEMENS", "ManufacturerModelName": "Prisma", "Modality": "MR"}
T1W = {**SIEMENS, "SeriesDescription": "t1_mprage", "ScanningSequence": ["GR", "IR"], "EchoTime": 2.9, "Slices": 176}
BOLD = {
    **SIEMENS,
    **{"SeriesDescription": "ep2d [7]* 'x'", "ProtocolName": "Übung: früh #1", "ScanningSequence": "EP"},
    **{"EchoTime": 30.0, "Volumes": 200, "ImageType": ["ORIGINAL", "PRIMARY", "M"], "SequenceName": "*epfid2d1_64"},
}
SCOUT = {**SIEMENS, "SeriesDescription": "AAHead_Scout"}
ODD = {**SIEMENS, "SeriesDescription": "seq7", "EchoTime": 5}
MAP = {
    **{"Manufacturer": "Philips", "Modality": "MR"},
    **{"SeriesDescription": "gre_field_mapping", "EchoTime": [4.92, 7.38], "EchoNumbers": [1, 2]},
    **{"ImageType": ["ORIGINAL", "PRIMARY", "M", "PHASE MAP"]},
}
EVERY = (T1W, BOLD, {**BOLD, "Volumes": 150}, {**BOLD, "ImageType": ["ORIGINAL", "PRIMARY", "P"]}, SCOUT, ODD, MAP)


class Study:
    """A cohort with a session for each acquisition, and the table of it."""

    def __init__(self, folder: Path, *fields: dict) -> None:
        base = load(SHIPPED_RULES)
        self.acquisitions = [
            InventoriedAcquisition(SessionId(f"sub{index}", "ses"), ("s001",), entry, base.decide(entry))
            for index, entry in enumerate(fields)
        ]
        self.cohort = Cohort(self.acquisitions, base, {}, KEY)
        self.groups = self.cohort.groups()
        self.layout = Layout(folder)
        self.layout.restricted.mkdir(exist_ok=True)
        self.path = folder / "mapping.tsv"
        self.path.write_text(table(self.groups, None, {}), encoding="utf-8")

    def rows(self) -> list[dict[str, str]]:
        head, *lines = self.path.read_text(encoding="utf-8").splitlines()
        return [dict(zip(head.split("\t"), line.split("\t"), strict=True)) for line in lines]

    def line(self, description: str, **others: str) -> int:
        """The place of a row from 0."""
        fits = [
            at
            for at, row in enumerate(self.rows())
            if row["series_description"] == description and others.items() <= row.items()
        ]
        assert len(fits) == 1
        return fits[0]

    def write(self, at: int, name: str, reason: str = "", **more: str) -> str:
        rows = self.rows()
        rows[at] |= {"name": name, "reason": reason, **more}
        columns = list(rows[0])
        lines = ["\t".join(row[column] for column in columns) for row in rows]
        self.path.write_text("\n".join(["\t".join(columns), *lines]) + "\n", encoding="utf-8")
        return rows[at]["group"]

    def rules(self) -> str:
        answers = read_answers(self.path, self.groups)
        text = rules_text(self.cohort, self.groups, answers, self.path.name)
        changed_besides(self.cohort, self.groups, answers, text, self.layout)
        return text


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path, *EVERY)


def named(study: Study, text: str, folder: Path) -> dict[str, set[str]]:
    """By group what its series are called with these rules."""
    path = folder / "mapping_rules.yaml"
    path.write_text(text, encoding="utf-8")
    rules = load(path)
    return {group.group: {rules.match(member.fields).name for member in group.members} for group in study.groups}


def test_the_table_shows_names_parameters_and_what_the_rules_or_a_guess_say(study: Study) -> None:
    rows = study.rows()
    assert rows[study.line("t1_mprage")]["result"] == "anat/T1w"
    assert rows[study.line("AAHead_Scout")]["result"] == "exclude"
    odd = rows[study.line("t1_mprage")]
    assert (odd["vendor"], odd["te_ms"], odd["slices"], odd["sessions"]) == ("Siemens", "2.9", "176", "1")
    assert {row["name"] + row["reason"] for row in rows} == {""}


def test_the_table_as_it_is_written_makes_no_rules(study: Study, tmp_path: Path) -> None:
    text = study.rules()
    assert yaml.safe_load(text) == {"extends": "shipped", "rules": []}
    assert named(study, text, tmp_path) == {group.group: {group.match.name} for group in study.groups}


def test_a_name_that_the_rules_give_anyway_makes_no_rule(study: Study) -> None:
    for at, row in enumerate(study.rows()):
        if row["result"] not in ("unmapped", "ambiguous"):
            study.write(at, row["result"], "why" if row["result"] == "exclude" else "")
    assert yaml.safe_load(study.rules())["rules"] == []


def test_names_written_into_the_table_are_given_to_those_groups_and_to_no_other(study: Study, tmp_path: Path) -> None:
    wanted = {group.group: {group.match.name} for group in study.groups}
    for at, row in enumerate(study.rows()):
        if row["series_description"] == "ep2d [7]* 'x'":
            name = "func/task-rest_bold" if row["image_type"].endswith("M") else "exclude"
            wanted[study.write(at, name, "no phase" if name == "exclude" else "")] = {
                name.replace("exclude", "excluded")
            }
    wanted[study.write(study.line("seq7"), "anat/acq-odd_PDw")] = {"anat/acq-odd_PDw"}
    wanted[study.write(study.line("t1_mprage"), "exclude", "bad coil")] = {"excluded"}
    text = study.rules()
    assert named(study, text, tmp_path) == wanted
    assert len(yaml.safe_load(text)["rules"]) == len([row for row in study.rows() if row["name"]])
    assert text == study.rules()


def test_groups_of_one_protocol_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    others = [
        {**T1W, "ManufacturerModelName": "Skyra"},
        {**T1W, "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]},
        {**T1W, "ImageType": ["ORIGINAL", "PRIMARY", "M"]},
        {**T1W, "SeriesDescription": ["t1_mprage", "t1_mprage again"]},
        {**T1W, "SeriesDescription": "t1_mprage again"},
        {**T1W, "ScanningSequence": ["GR", "IR", "SP"]},
    ]
    study = Study(tmp_path, T1W, *others)
    assert len(study.groups) == 7
    for at in range(7):
        kept = study.path.read_text(encoding="utf-8")
        group = study.write(at, "anat/acq-this_T1w")
        got = named(study, study.rules(), tmp_path)
        assert [id_ for id_, names in got.items() if names == {"anat/acq-this_T1w"}] == [group]
        study.path.write_text(kept, encoding="utf-8")


def test_all_spellings_and_values_of_a_group_get_its_name(tmp_path: Path) -> None:
    members = [T1W, {**T1W, "SeriesDescription": "T1_MPRAGE", "EchoTime": 3.1}, {**T1W, "Slices": 160}]
    study = Study(tmp_path, *members, {**ODD, "SeriesDescription": "t1_mprage", "EchoTime": 9.0})
    group = study.write(next(at for at, row in enumerate(study.rows()) if row["sessions"] == "3"), "anat/acq-a_T1w")
    assert named(study, study.rules(), tmp_path)[group] == {"anat/acq-a_T1w"}


def test_two_groups_may_get_one_name_and_what_differs_in_nothing_may_not_get_two() -> None:
    fields = {"SeriesDescription": "a", "Volumes": 3}
    with pytest.raises(NothingTellsApartError):
        criteria_for([fields], [dict(fields)])
    fits = compile_criteria(
        criteria_for([fields, {**fields, "Volumes": 5}], [{**fields, "Volumes": 9}]), lambda _: None
    )
    assert [fits({**fields, "Volumes": volumes}) for volumes in (3, 4, 5, 9)] == [True, True, True, False]


def test_series_without_any_name_get_rules_by_their_sequence() -> None:
    fields = {"Modality": "MR", "ScanningSequence": "GR"}
    assert criteria_for([fields], []) == {"ScanningSequence": ["GR"], "Modality": ["MR"]}


def test_several_suffixes_of_a_group_stay_where_an_entity_is_added(study: Study, tmp_path: Path) -> None:
    at = study.line("gre_field_mapping")
    shown = study.rows()[at]["result"]
    assert "+" in shown
    wanted = shown.replace("fmap/", "fmap/acq-gre_")
    group = study.write(at, wanted)
    assert named(study, study.rules(), tmp_path)[group] == {wanted}


def test_entities_may_be_written_in_any_order(study: Study, tmp_path: Path) -> None:
    group = study.write(study.line("t1_mprage"), "anat/ce-gd_acq-x_T1w")
    assert named(study, study.rules(), tmp_path)[group] == {"anat/acq-x_ce-gd_T1w"}


@pytest.mark.parametrize(
    ("name", "reason", "column", "said"),
    [
        ("anat/T1", "", "name", "did you mean T1w?"),
        ("anatomy/T1w", "", "name", "datatype is one of anat, dwi"),
        ("T1w", "", "name", "a BIDS name such as anat/T1w"),
        ("sub-1_T1w", "", "name", "a BIDS name such as anat/T1w"),
        ("func/bold", "", "name", "BIDS asks for the entity task in func/bold"),
        ("func/task-go_no_bold", "", "name", "no is no entity with its label"),
        ("func/task-go-no_bold", "", "name", "holds letters and digits only"),
        ("func/task-Übung_bold", "", "name", "holds letters and digits only"),
        ("func/task-a_task-b_bold", "", "name", "task stands twice"),
        ("anat/run-1_T1w", "", "name", "the conversion gives run itself"),
        ("dwi/ce-gd_dwi", "", "name", "BIDS has no entity ce in dwi/dwi"),
        ("anat/aqc-x_T1w", "", "name", "did you mean acq?"),
        ("fmap/magnitude1+T1w", "", "name", "of several suffixes"),
        ("exclude", "", "reason", "say in a few words"),
        ("", "because", "name", "write exclude here"),
    ],
)
def test_what_is_wrong_in_a_row_is_said_with_its_line_and_column(
    study: Study, name: str, reason: str, column: str, said: str
) -> None:
    at = study.line("t1_mprage")
    study.write(at, name, reason)
    with pytest.raises(TableError, match=rf"mapping.tsv: line {at + 2}, column {column}: ") as error:
        study.rules()
    assert said in str(error.value)


def test_all_wrong_rows_are_named_at_once_with_groups_that_are_none_or_stand_twice(study: Study) -> None:
    first = study.rows()[0]["group"]
    study.write(0, "anat/T1w")
    study.write(1, "anat/T2w", group=first)
    study.write(2, "anat/T1w", group="p0000000")
    with pytest.raises(TableError) as error:
        study.rules()
    assert "line 3, column group: the group stands in line 2 already" in str(error.value)
    assert "line 4, column group: the cohort has no such protocol group" in str(error.value)


def test_a_further_label_that_changes_with_a_written_name_is_told(tmp_path: Path) -> None:
    words = [{**BOLD, "ProtocolName": f"func-bold_task-{word}"} for word in ("qzmondrian", "qzkandinsky")]
    study = Study(tmp_path, *words)
    at = next(at for at, row in enumerate(study.rows()) if row["protocol_name"].endswith("qzmondrian"))
    written = study.write(at, "func/task-art_bold")
    answers = read_answers(study.path, study.groups)
    text = rules_text(study.cohort, study.groups, answers, "mapping.tsv")
    besides = changed_besides(study.cohort, study.groups, answers, text, study.layout)
    assert besides == [group.group for group in study.groups if group.group != written]


def test_the_next_table_holds_what_the_rules_of_the_last_one_say_and_makes_the_same_rules(
    study: Study, tmp_path: Path
) -> None:
    study.write(study.line("t1_mprage"), "anat/acq-x_T1w")
    study.write(study.line("seq7"), "exclude", "a test: of #1")
    text = study.rules()
    rules = tmp_path / "mapping_rules.yaml"
    rules.write_text(text, encoding="utf-8")
    study.path.write_text(table(study.groups, rules, {}), encoding="utf-8")
    assert sorted(row["name"] for row in study.rows() if row["name"]) == ["anat/acq-x_T1w", "exclude"]
    assert study.rules() == text


def test_names_that_are_written_into_a_table_stay_when_it_is_written_anew(study: Study) -> None:
    group = study.write(study.line("t1_mprage"), "anat/acq-x_T1w")
    study.path.write_text(table(study.groups, None, answers_in(study.path)), encoding="utf-8")
    assert [row["group"] for row in study.rows() if row["name"]] == [group]


def test_rules_that_a_person_edited_are_known_from_those_that_a_table_made(study: Study, tmp_path: Path) -> None:
    study.write(study.line("t1_mprage"), "anat/acq-x_T1w")
    path = tmp_path / "mapping_rules.yaml"
    assert not is_made_of_a_table(path)
    path.write_text(study.rules(), encoding="utf-8")
    assert is_made_of_a_table(path)
    path.write_text(path.read_text(encoding="utf-8").replace("acq: x", "acq: y"), encoding="utf-8")
    assert not is_made_of_a_table(path)
    assert not is_made_of_a_table(SHIPPED_RULES)


def test_rules_win_over_those_of_the_user_that_decide_otherwise(study: Study, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "extends: shipped\nrules:\n- {name: mine, priority: 200, exclude: mine, criteria: {SeriesDescription: 't1*'}}\n"
    )
    base = load(own)
    study.acquisitions = [replace(item, decision=base.decide(item.fields)) for item in study.acquisitions]
    study.cohort = Cohort(study.acquisitions, base, {}, KEY)
    study.groups = study.cohort.groups()
    study.path.write_text(table(study.groups, None, {}), encoding="utf-8")
    study.write(study.line("t1_mprage"), "anat/T1w")
    assert yaml.safe_load(study.rules())["rules"][0]["priority"] == 201
