"""Mapping rules: what they match, how they decide, what they refuse."""

from pathlib import Path

import pytest

from unface.bids.rules import Match, Rules, RulesError, load
from unface.settings import PROJECT

SHIPPED = load(PROJECT / "resources" / "bids_rules.yaml")


def rules_of(tmp_path: Path, text: str) -> Rules:
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    return load(path)


def one_rule(tmp_path: Path, criteria: str) -> Rules:
    return rules_of(tmp_path, f"rules:\n- {{name: r, datatype: anat, suffix: T1w, criteria: {criteria}}}\n")


@pytest.mark.parametrize(
    ("criteria", "fields", "matches"),
    [
        ("{SeriesDescription: '*mprage*'}", {"SeriesDescription": "T1_MPRAGE_sag"}, True),
        ("{SeriesDescription: '*mprage*'}", {}, False),
        ("{SeriesDescription: {regex: '^t1'}}", {"SeriesDescription": "T1_x"}, True),
        ("{EchoTime: 2.5}", {"EchoTime": [1, 2.5]}, True),
        ("{EchoTime: {btw: [2, 3]}}", {"EchoTime": [1, 4]}, False),
        ("{EchoTime: {gt: 2, lt: 3}}", {"EchoTime": 2.5}, True),
        ("{ImageType: [ORIG*, PRIMARY, M]}", {"ImageType": ["ORIGINAL", "PRIMARY", "M"]}, True),
        ("{ImageType: [ORIG*, PRIMARY]}", {"ImageType": ["ORIGINAL", "PRIMARY", "M"]}, False),
        ("{ImageType: {any: [P, M]}}", {"ImageType": ["ORIGINAL", "M"]}, True),
        ("{ImageType: {all: [P, M]}}", {"ImageType": ["ORIGINAL", "M"]}, False),
        ("{ImageType: {none: [DERIVED]}}", {"ImageType": ["ORIGINAL", "M"]}, True),
        ("{InversionTime: {exists: false}}", {"EchoTime": 3}, True),
        ("{any: [{Rows: 1}, {Rows: 2}]}", {"Rows": 2}, True),
        ("{none: [{Rows: 1}, {Rows: 2}]}", {"Rows": 2}, False),
    ],
)
def test_criteria_match_as_documented(tmp_path: Path, criteria: str, fields: dict, matches: bool) -> None:
    assert (one_rule(tmp_path, criteria).match(fields).state == "mapped") is matches


def test_two_rules_of_one_priority_that_disagree_make_a_series_ambiguous(tmp_path: Path) -> None:
    text = """
rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Rows: 1}}
- {name: b, datatype: anat, suffix: T2w, criteria: {Columns: 1}}
"""
    match = rules_of(tmp_path, text).match({"Rows": 1, "Columns": 1})
    assert (match.state, match.rules) == ("ambiguous", ("a", "b"))


def test_two_rules_that_agree_are_no_ambiguity(tmp_path: Path) -> None:
    text = """
rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Rows: 1}}
- {name: b, datatype: anat, suffix: T1w, criteria: {Columns: 1}}
"""
    assert rules_of(tmp_path, text).match({"Rows": 1, "Columns": 1}).state == "mapped"


def test_the_higher_priority_decides(tmp_path: Path) -> None:
    text = """
rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Rows: 1}}
- {name: b, priority: 60, exclude: not wanted, criteria: {Columns: 1}}
"""
    match = rules_of(tmp_path, text).match({"Rows": 1, "Columns": 1})
    assert (match.state, match.rules, match.reason) == ("excluded", ("b",), "not wanted")


def test_an_entity_is_taken_from_the_header(tmp_path: Path) -> None:
    text = """
rules:
- name: bold
  datatype: func
  suffix: bold
  criteria: {Rows: 1}
  entities:
    dir: {field: ProtocolName, regex: "_(AP|PA)$"}
    task: {field: [SeriesDescription, ProtocolName], regex: "task-([a-z]+)", default: rest}
"""
    rules = rules_of(tmp_path, text)
    assert rules.match({"Rows": 1, "ProtocolName": "x_task-go_PA"}).name == "func/task-go_dir-PA_bold"
    assert rules.match({"Rows": 1}).entities == {"task": "rest"}


def test_parts_and_echoes_get_their_own_suffix() -> None:
    match = Match("mapped", datatype="fmap", suffix="magnitude{echo}", parts={"phase": "phase{echo}"})
    names = [match.suffix_for(part, echo) for part, echo in (("magnitude", 1), ("magnitude", 2), ("phase", 2))]
    assert names == ["magnitude1", "magnitude2", "phase2"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{name: r, datatype: anat, suffix: T1W, criteria: {Rows: 1}}", "line 2: BIDS has no suffix T1W .*T1w"),
        ("{name: r, datatype: anatomy, suffix: T1w, criteria: {Rows: 1}}", "did you mean anat"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Row: 1}}", "reads no field Row .*did you mean Rows"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Rows: {over: 1}}}", "unknown test over"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Rows: {regex: '('}}}", "no regular expression"),
        (
            "{name: r, datatype: dwi, suffix: dwi, criteria: {Rows: 1}, entities: {task: x}}",
            "no entity task in dwi/dwi",
        ),
        ("{name: r, datatype: func, suffix: bold, criteria: {Rows: 1}}", "asks for the entity task"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Rows: 1}, entities: {aqc: x}}", "unknown entity aqc"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Rows: 1}, entities: {acq: a_b}}", "letters and digits"),
        ("{name: r, datatype: anat, suffix: T1w, criteria: {Rows: 1}, entities: {run: 1}}", "conversion gives run"),
        ("{name: r, datatype: anat, sufix: T1w, criteria: {Rows: 1}}", "unknown key sufix .*did you mean suffix"),
        ("{name: r, criteria: {}, exclude: x}", "criteria is a mapping"),
        ("[1]", "a rule is a mapping"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_line_and_what_is_right(tmp_path: Path, rule: str, words: str) -> None:
    with pytest.raises(RulesError, match=r"rules.yaml, line 2: ") as error:
        rules_of(tmp_path, f"rules:\n- {rule}\n")
    error.match(words)


def test_all_errors_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = """rules:
- {name: a, datatype: anat, suffix: T1, criteria: {Rows: 1}}
- {name: b, datatype: anat, suffix: T1w, criteria: {Row: 1}}
"""
    with pytest.raises(RulesError, match=r"(?s)line 2.*line 3"):
        rules_of(tmp_path, text)


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ("anat-T1w_acq-tfl", "anat/acq-tfl_T1w"),
        ("func-bold_task-rest_run-1", "func/task-rest_bold"),
        ("func_task-a_acq-mb4__dup1", "func/task-a_acq-mb4_bold"),
        ("dwi_dir-AP", "dwi/dir-AP_dwi"),
        ("WIP anat-T2w", "anat/T2w"),
        ("func-bold_task-rest_SBRef", "func/task-rest_sbref"),
    ],
)
def test_reproin_names_need_no_rule(protocol: str, name: str) -> None:
    assert Rules(()).match({"ProtocolName": protocol, "SeriesDescription": protocol}).name == name


def test_a_name_that_only_looks_like_reproin_is_not_taken() -> None:
    assert Rules(()).match({"ProtocolName": "anat-brain_acq-x"}).state == "unmapped"


GRADIENT_EPI = {"ScanningSequence": "EP", "SequenceName": "epfid2d1_64", "EchoTime": 30, "Modality": "MR"}
INVERSION = {"Modality": "MR", "MRAcquisitionType": "3D", "ScanningSequence": ["GR", "IR"], "FlipAngle": 9}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (INVERSION | {"EchoTime": 3, "SeriesDescription": "brain"}, "anat/T1w"),
        ({"SeriesDescription": "T2 FLAIR tra", "ScanningSequence": ["SE", "IR"], "EchoTime": 90}, "anat/FLAIR"),
        ({"SeriesDescription": "T1 FLAIR sag"}, "anat/T1w"),
        ({"SeriesDescription": "t2_tse_tra"}, "anat/T2w"),
        ({"SeriesDescription": "PD+T2_tse"}, "anat/PDT2"),
        ({"SeriesDescription": "pd_tse_tra", "ScanningSequence": "SE"}, "anat/PDw"),
        ({"SeriesDescription": "gre_t2*_hemo", "ScanningSequence": "GR"}, "anat/T2starw"),
        ({"SeriesDescription": "mp2rage_UNI_Images"}, "anat/UNIT1"),
        ({"SeriesDescription": "mp2rage_INV2"}, "anat/inv-2_MP2RAGE"),
        (GRADIENT_EPI | {"SeriesDescription": "rest_bold", "Volumes": 200}, "func/task-rest_bold"),
        (GRADIENT_EPI | {"SeriesDescription": "seq 5", "Volumes": 200}, "func/task-unnamed_bold"),
        (GRADIENT_EPI | {"SeriesDescription": "x_SBRef", "ProtocolName": "x", "Volumes": 1}, "func/task-unnamed_sbref"),
        (GRADIENT_EPI | {"SeriesDescription": "EPI_AP", "Volumes": 3}, "fmap/dir-AP_epi"),
        (GRADIENT_EPI | {"SeriesDescription": "SpinEchoFieldMap_PA", "Volumes": 3}, "fmap/dir-PA_epi"),
        ({"SeriesDescription": "ep2d_diff_AP", "ImageType": ["ORIGINAL", "DIFFUSION"]}, "dwi/dir-AP_dwi"),
        ({"SeriesDescription": "dti_ADC", "ImageType": ["DERIVED", "DIFFUSION", "ADC"]}, "excluded"),
        ({"SeriesDescription": "AAHead_Scout_64ch"}, "excluded"),
        ({"SeriesDescription": "3-plane loc"}, "excluded"),
        ({"Modality": "SR"}, "excluded"),
        ({"Modality": "CT"}, "excluded"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "excluded"),
        ({"Modality": "PT"}, "pet/pet"),
        ({"Modality": "MR", "SeriesDescription": "mystery"}, "unmapped"),
    ],
)
def test_the_shipped_rules_name_common_series(fields: dict, name: str) -> None:
    assert SHIPPED.match(fields).name == name
