"""Mapping rules: what they match, how they decide, what they refuse."""

import re
from pathlib import Path

import pytest

from unface.mapping.rules import Match, Rules, RulesError, load, with_sidecar
from unface.run.settings import PROJECT

NAMED = "rules: [{name: a, datatype: anat, suffix: T1w, criteria: {Modality: MR}"
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
        ("func_task-nback_acq-mb4__dup1", "func/task-nback_acq-mb4_bold"),
        ("dwi_dir-AP", "dwi/dir-AP_dwi"),
        ("WIP anat-T2w", "anat/T2w"),
        ("func-bold_task-rest_SBRef", "func/task-rest_sbref"),
    ],
)
def test_reproin_names_need_no_rule(protocol: str, name: str) -> None:
    assert Rules(()).match({"ProtocolName": protocol, "SeriesDescription": protocol}).name == name


def test_a_name_that_only_looks_like_reproin_is_not_taken() -> None:
    assert Rules(()).match({"ProtocolName": "anat-brain_acq-x"}).state == "unmapped"


def test_a_label_longer_than_a_name_has_room_for_is_none() -> None:
    assert Rules(()).match({"ProtocolName": f"func-bold_task-{'ab' * 6000}"}).state == "unmapped"
    assert Rules(()).match({"ProtocolName": f"func-bold_task-{'ab' * 30}"}).state == "mapped"


GRADIENT_EPI = {"ScanningSequence": "EP", "SequenceName": "epfid2d1_64", "EchoTime": 30, "Modality": "MR"}
SIEMENS_FIELDMAP = {"Manufacturer": "SIEMENS", "SequenceName": "*fm2d2r", "SeriesDescription": "gre_field_mapping"}
PHILIPS_B0 = {"Manufacturer": "Philips", "SeriesDescription": "WIP B0 map"}
SPIN_ECHO_EPI = {"SequenceName": "epse2d1_64", "ScanningSequence": "EP"}
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
        ({"SeriesDescription": "T1w_MPR_vNav_setter"}, "excluded"),
        ({"SeriesDescription": "t1_mprage_prescan_norm"}, "anat/T1w"),
        ({"SeriesDescription": "sT1W_3D_TFE"}, "anat/T1w"),
        ({"SeriesDescription": "t1_mprage Gd"}, "anat/ce-gd_T1w"),
        ({"SeriesDescription": "mp2rage_T1_Images", "ImageType": ["DERIVED", "PRIMARY", "T1 MAP"]}, "excluded"),
        ({"SeriesDescription": "FE_EPI_Rest", "ScanningSequence": "GR", "Volumes": 200}, "func/task-rest_bold"),
        (GRADIENT_EPI | {"SeriesDescription": "tfMRI_WM_LR", "Volumes": 400}, "func/task-wm_dir-LR_bold"),
        (GRADIENT_EPI | {"SeriesDescription": "ep2d_perf", "Volumes": 50}, "excluded"),
        ({"SeriesDescription": "svs_se", "SOPClassUID": "1.3.12.2.1107.5.9.1"}, "excluded"),
        ({"SeriesDescription": "3-plane loc"}, "excluded"),
        ({"Modality": "SR"}, "excluded"),
        ({"Modality": "CT"}, "excluded"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "excluded"),
        ({"Modality": "PT", "SeriesDescription": "Head T1 MRAC"}, "pet/pet"),
        ({"SeriesDescription": "qsm_megre", "ScanningSequence": "GR", "EchoTime": [4, 8, 12]}, "anat/MEGRE"),
        ({"SeriesDescription": "mp2rage_INV1"}, "anat/inv-1_MP2RAGE"),
        ({"SeriesDescription": "t1_inplane_tra", "ScanningSequence": "SE"}, "anat/inplaneT1"),
        ({"SeriesDescription": "t2 in-plane", "ScanningSequence": "SE"}, "anat/inplaneT2"),
        ({"SeriesDescription": "TOF_3D_multi-slab", "ScanningSequence": "GR"}, "anat/angio"),
        ({"SeriesDescription": "pcasl_3d", "ImageType": ["ORIGINAL", "PRIMARY", "ASL"]}, "perf/asl"),
        ({"SeriesDescription": "pcasl_m0", "ImageType": ["ORIGINAL", "PRIMARY", "ASL"]}, "perf/m0scan"),
        ({"SeriesDescription": "relCBF", "ImageType": ["DERIVED", "PRIMARY", "ASL", "RELCBF"]}, "excluded"),
        ({"SeriesDescription": "rest_PhysioLog", "Modality": "MR"}, "excluded"),
        (SIEMENS_FIELDMAP | {"ImageType": ["ORIGINAL", "PRIMARY", "M"]}, "fmap/magnitude{echo}"),
        (SIEMENS_FIELDMAP | {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, "fmap/phasediff"),
        ({"Manufacturer": "GE MEDICAL SYSTEMS", "SeriesDescription": "B0 map"}, "fmap/fieldmap+magnitude"),
        (PHILIPS_B0 | {"ImageType": ["ORIGINAL", "PRIMARY", "B0"]}, "fmap/fieldmap+magnitude"),
        (
            PHILIPS_B0 | {"ImageType": ["ORIGINAL", "PRIMARY", "M", "PHASE MAP"], "EchoNumbers": [1, 2]},
            "fmap/magnitude{echo}+phase{echo}",
        ),
        ({"Modality": "MR", "SeriesDescription": "mystery"}, "unmapped"),
        ({"SeriesDescription": "t1_mprage", "ContrastBolusAgent": "Gadovist"}, "anat/ce-gd_T1w"),
        ({"SeriesDescription": "t1_mprage", "ContrastBolusAgent": "NONE"}, "anat/T1w"),
        ({"SeriesDescription": "t1_EXP", "ScanningSequence": "GR"}, "anat/T1w"),
        ({"SeriesDescription": "localizer", "ScanningSequence": "GR"}, "excluded"),
        ({"SeriesDescription": "dti_ADC", "ImageType": ["DERIVED", "SECONDARY"]}, "excluded"),
        (GRADIENT_EPI | {"SeriesDescription": "head", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "excluded"),
        (GRADIENT_EPI | {"SeriesDescription": "SpinEchoFieldMap_AP_SBRef", "Volumes": 1}, "excluded"),
        (SPIN_ECHO_EPI | {"SeriesDescription": "bold_SBRef", "ProtocolName": "bold"}, "func/task-unnamed_sbref"),
        (GRADIENT_EPI | {"SeriesDescription": "rest_topup", "Volumes": 3}, "fmap/epi"),
    ],
)
def test_the_shipped_rules_name_common_series(fields: dict, name: str) -> None:
    assert SHIPPED.match(fields).name == name


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ("func-bold_task-localizer", "func/task-localizer_bold"),
        ("func_facelocalizer", "func/task-unnamed_bold"),
        ("VisualLocalizer_AP", "func/task-unnamed_dir-AP_bold"),
        ("func_FA", "func/task-unnamed_bold"),
        ("rest_ADC", "func/task-rest_bold"),
        ("rest_topup", "func/task-rest_bold"),
        ("multiband_rest_blip_down", "func/task-rest_bold"),
        ("fMRI_DistortionCorrected_rest", "func/task-rest_bold"),
    ],
)
def test_a_word_in_its_name_takes_no_functional_run_out(protocol: str, name: str) -> None:
    run = GRADIENT_EPI | {"SeriesDescription": protocol, "ProtocolName": protocol, "Volumes": 300}
    assert SHIPPED.match(run).name == name


SPIN_ECHO = {"Modality": "MR", "Manufacturer": "SIEMENS", "ScanningSequence": "SE", "MRAcquisitionType": "2D"}
GRADIENT_ECHO = {"Modality": "MR", "Manufacturer": "SIEMENS", "ScanningSequence": "GR"}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (INVERSION | {"EchoTime": 3, "InversionTime": 900, "SeriesDescription": "fMRI structural"}, "anat/T1w"),
        (INVERSION | {"EchoTime": 3, "InversionTime": 900, "SeriesDescription": "T2 prep brain"}, "anat/T1w"),
        (GRADIENT_EPI | {"SeriesDescription": "T1 first task", "Volumes": 200}, "func/task-unnamed_bold"),
        (
            GRADIENT_EPI | {"SeriesDescription": "diffusion of responsibility task", "Volumes": 200},
            "func/task-unnamed_bold",
        ),
        (SPIN_ECHO_EPI | {"SeriesDescription": "fmri_DTI_M", "Volumes": 2}, "fmap/epi"),
        (SPIN_ECHO | {"SeriesDescription": "t2 dark", "EchoTime": 95, "InversionTime": 2500}, "unmapped"),
        (GRADIENT_ECHO | {"SeriesDescription": "t2 gre heme", "EchoTime": 20, "RepetitionTime": 650}, "anat/T2starw"),
        (
            GRADIENT_ECHO
            | {"SeriesDescription": "T1 loc", "MRAcquisitionType": "2D", "RepetitionTime": 9, "EchoTime": 4},
            "excluded",
        ),
        (GRADIENT_ECHO | {"SeriesDescription": "T1w", "SequenceVariant": ["SP", "MTC"], "EchoTime": 5}, "excluded"),
        (SPIN_ECHO | {"SeriesDescription": "T1 tra", "EchoTime": 95, "RepetitionTime": 5000}, "anat/T2w"),
        (
            SPIN_ECHO_EPI | {"SeriesDescription": "mbPCASLhr_PA", "SequenceName": "mbPCASL2d1_86", "Volumes": 80},
            "perf/asl",
        ),
        (SPIN_ECHO_EPI | {"SeriesDescription": "pCASL_PA", "Volumes": 1}, "fmap/dir-PA_epi"),
        (
            GRADIENT_ECHO | {"SeriesDescription": "VEN_BOLD", "MRAcquisitionType": "3D", "EchoTime": 23, "Volumes": 1},
            "anat/T2starw",
        ),
    ],
)
def test_a_name_never_outvotes_the_sequence(fields: dict, name: str) -> None:
    assert SHIPPED.match(fields).name == name


def test_an_echo_planar_sequence_of_philips_is_known_by_its_name_whatever_stands_for_the_maker() -> None:
    run = {"Manufacturer": "SIEMENS", "ScanningSequence": "GR", "SequenceName": "FEEPI", "EchoTime": 30, "Volumes": 6}
    assert SHIPPED.match(run | {"SeriesDescription": "ep2d_bold_rest"}).name == "func/task-rest_bold"


@pytest.mark.parametrize("word", ["pc", "MT", "hos", "b1", "fiesta", "magic", "bias_1"])
def test_a_word_for_what_is_no_run_leaves_no_run_out(word: str) -> None:
    run = {
        "Manufacturer": "Philips",
        "ScanningSequence": "GR",
        "MRAcquisitionType": "2D",
        "EchoTime": 30,
        "Volumes": 40,
    }
    fields = run | {"Modality": "MR", "SeriesDescription": f"{word} task", "ProtocolName": f"{word} task"}
    assert SHIPPED.match(fields).name == "func/task-unnamed_bold"


@pytest.mark.parametrize("protocol", ["dMRI_dir98_AP", "ABCD_dMRI", "DWI_dir80_AP", "MB3_50+50_AP"])
def test_the_reference_of_a_diffusion_series_is_one_of_diffusion(protocol: str) -> None:
    fields = {"SeriesDescription": f"{protocol}_SBRef", "ProtocolName": protocol, "Volumes": 1}
    match = SHIPPED.match({"ScanningSequence": "EP", "SequenceName": "epse2d1_104", "EchoTime": 66} | fields)
    assert (match.datatype, match.suffix) == ("dwi", "sbref")


def test_a_rule_of_a_user_goes_before_a_name_that_looks_like_a_localizer(tmp_path: Path) -> None:
    own = "- {name: survey, datatype: anat, suffix: T1w, criteria: {SeriesDescription: '*survey*'}}"
    rules = rules_of(tmp_path, f"extends: shipped\nrules:\n{own}\n")
    fields = {"SeriesDescription": "brain_survey", "ScanningSequence": "GR"}
    assert (rules.match(fields).name, SHIPPED.match(fields).name) == ("anat/T1w", "excluded")


OVERLAY = """extends: shipped
rules:
- {name: mystery, datatype: anat, suffix: T2w, criteria: {SeriesDescription: mystery}}
scanners:
- name: skyra
  when: {ManufacturerModelName: Skyra}
  rules:
  - {name: mystery, datatype: anat, suffix: FLAIR, criteria: {SeriesDescription: mystery}}
  - {name: odd, exclude: a test of the coil, criteria: {SeriesDescription: "t1*"}}
"""


@pytest.mark.parametrize(
    ("model", "description", "name"),
    [
        ("Prisma", "mystery", "anat/T2w"),
        ("Skyra", "mystery", "anat/FLAIR"),
        ("Prisma", "t1_mprage", "anat/T1w"),
        ("Skyra", "t1_mprage", "excluded"),
        ("Skyra", "t2_tse", "anat/T2w"),
    ],
)
def test_rules_of_one_scanner_hold_there_alone(tmp_path: Path, model: str, description: str, name: str) -> None:
    rules = rules_of(tmp_path, OVERLAY)
    assert rules.match({"ManufacturerModelName": model, "SeriesDescription": description}).name == name


def test_a_rule_replaces_the_shipped_rule_of_its_name(tmp_path: Path) -> None:
    own = "- {name: t1w, datatype: anat, suffix: T1w, criteria: {Rows: 1}, entities: {acq: x}}"
    rules = rules_of(tmp_path, f"extends: shipped\nrules:\n{own}\n")
    assert rules.match({"Rows": 1}).name == "anat/acq-x_T1w"
    assert rules.match({"SeriesDescription": "t1_mprage"}).state == "unmapped"


def test_a_rule_of_lower_priority_that_another_always_decides_before_is_read_and_has_no_say(tmp_path: Path) -> None:
    text = """rules:
- {name: a, priority: 60, datatype: anat, suffix: T1w, criteria: {SeriesDescription: "*t1*"}}
- {name: b, datatype: anat, suffix: T2w, criteria: {SeriesDescription: "*t1_mprage*"}}
"""
    decision = rules_of(tmp_path, text).decide({"SeriesDescription": "t1_mprage"})
    assert (decision.match.name, [rule.name for rule in decision.rules]) == ("anat/T1w", ["a"])


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"Rows": 1, "Columns": 1}, ["a", "b"]),  # agreeing rules
        ({"Rows": 1, "Slices": 1}, ["a", "clash"]),  # an ambiguous series
        ({"Volumes": 1}, ["junk"]),
        ({"Volumes": 1, "FlipAngle": 1}, ["junk", "waits"]),
        ({"FlipAngle": 1}, ["waits"]),  # an unmapped series
        ({"ManufacturerModelName": "Skyra", "Rows": 1}, ["a"]),  # the scanner's
        ({"EchoTime": 9}, []),
    ],
)
def test_all_rules_that_have_a_say_in_a_decision_are_told(tmp_path: Path, fields: dict, rules: list[str]) -> None:
    text = """
rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Rows: 1}}
- {name: b, datatype: anat, suffix: T1w, criteria: {Columns: 1}}
- {name: clash, datatype: anat, suffix: T2w, criteria: {Slices: 1}}
- {name: junk, exclude: a test, criteria: {Volumes: 1}}
- {name: waits, priority: 60, exclude: a test, criteria: {FlipAngle: 1, EffectiveEchoSpacing: {lt: 1}}}
scanners:
- name: skyra
  when: {ManufacturerModelName: Skyra}
  rules: [{name: a, datatype: anat, suffix: FLAIR, criteria: {Rows: 1}}]
"""
    decision = rules_of(tmp_path, text).decide(fields)
    assert sorted(rule.name for rule in decision.rules) == rules


def test_rules_that_name_the_images_of_a_series_apart_all_have_a_say(tmp_path: Path) -> None:
    text = """
rules:
- {name: first, datatype: fmap, suffix: magnitude1, criteria: {EchoNumbers: 1}}
- {name: second, datatype: fmap, suffix: magnitude2, criteria: {EchoNumbers: 2}}
"""
    decision = rules_of(tmp_path, text).decide({"EchoTime": [5, 7], "EchoNumbers": [1, 2]})
    assert (decision.match.state, [rule.name for rule in decision.rules]) == ("mapped", ["first", "second"])


def test_the_shipped_rules_are_no_users_own(tmp_path: Path) -> None:
    own = "- {name: t1w, datatype: anat, suffix: T1w, criteria: {Rows: 1}}"
    assert [rule.label for rule in rules_of(tmp_path, f"extends: shipped\nrules:\n{own}\n").own] == ["t1w"]
    assert [rule.label for rule in rules_of(tmp_path, OVERLAY).own] == ["mystery", "skyra/mystery", "skyra/odd"]
    assert SHIPPED.own == ()


def test_two_rules_of_one_priority_that_ask_the_same_and_disagree_make_a_series_ambiguous(tmp_path: Path) -> None:
    text = """rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Rows: 1}}
- {name: b, datatype: anat, suffix: T2w, criteria: {Rows: 1}}
"""
    match = rules_of(tmp_path, text).match({"Rows": 1})
    assert (match.state, match.rules) == ("ambiguous", ("a", "b"))


def test_rules_may_name_the_echoes_of_one_series_apart() -> None:
    match = SHIPPED.match({"Modality": "MR", "ScanningSequence": "SE", "EchoTime": [15, 90], "RepetitionTime": 3000})
    assert match.state == "mapped"
    assert [match.suffix_for("magnitude", echo) for echo in (1, 2)] == ["PDw", "T2w"]
    assert match.tells_echoes_apart("magnitude")


def test_a_rule_on_what_dcm2niix_finds_out_decides_after_the_conversion(tmp_path: Path) -> None:
    rules = one_rule(tmp_path, "{Rows: 1, PhaseEncodingDirection: j-}")
    before = rules.match({"Rows": 1})
    assert (before.state, before.waits_for) == ("unmapped", ("r",))
    after = rules.match(with_sidecar({"Rows": 1}, {"PhaseEncodingDirection": "j-", "PatientName": "x"}))
    assert (after.state, after.waits_for) == ("mapped", ())


DCM2BIDS = """{
  "search_method": "fnmatch",
  "extractors": {"SeriesDescription": ["task-(?P<task>[a-z]+)"]},
  "descriptions": [
    {"id": "t1", "datatype": "anat", "suffix": "T1w",
     "criteria": {"SeriesDescription": "*MPRAGE*", "EchoTime": 0.00298}},
    {"id": "rest", "datatype": "func", "suffix": "bold", "custom_entities": ["task", "acq-mb", "run-1"],
     "criteria": {"ImageType": ["ORIG*", "PRIMARY", "M", "MAGNITUDE"], "RepetitionTime": {"btw": [1.9, 2.1]}},
     "sidecar_changes": {"TaskName": "rest"}},
    {"datatype": "fmap", "suffix": "_epi", "custom_entities": "dir-AP", "criteria": {"SidecarFilename": "007*fmap*"},
     "sidecar_changes": {"IntendedFor": ["rest"]}},
    {"datatype": "fmap", "suffix": "magnitude1", "criteria": {"ProtocolName": "gre", "EchoNumber": 1}},
    {"datatype": "fmap", "suffix": "magnitude2", "criteria": {"ProtocolName": "gre", "EchoNumber": 2}},
    {"dataType": "dwi", "modalityLabel": "dwi", "criteria": {"SeriesDescription": {"any": ["*dti*", "*DWI*"]}}}
  ]
}"""


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"SeriesDescription": "t1_MPRAGE", "EchoTime": 2.98}, "anat/T1w"),
        ({"SeriesDescription": "t1_mprage", "EchoTime": 2.98}, "unmapped"),
        ({"SeriesDescription": "t1_MPRAGE", "EchoTime": 3.98}, "unmapped"),
        (
            {"ImageType": ["ORIGINAL", "PRIMARY", "M"], "RepetitionTime": 2000, "SeriesDescription": "x task-go"},
            "func/task-go_acq-mb_bold",
        ),
        ({"SeriesNumber": 7, "ProtocolName": "my_fmap_1"}, "fmap/dir-AP_epi"),
        ({"SeriesNumber": 17, "ProtocolName": "my_fmap_1"}, "unmapped"),
        ({"ProtocolName": "gre", "EchoTime": [5, 7], "EchoNumbers": [1, 2]}, "fmap/magnitude1+magnitude2"),
        ({"SeriesDescription": "my dti"}, "dwi/dwi"),
    ],
)
def test_a_dcm2bids_configuration_is_read_as_it_is(tmp_path: Path, fields: dict, name: str) -> None:
    assert rules_of(tmp_path, DCM2BIDS).match(fields).name == name


def test_a_dcm2bids_configuration_may_be_indented_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(DCM2BIDS.replace("  ", "\t"))
    assert load(path).match({"SeriesDescription": "my dti"}).name == "dwi/dwi"


def test_extractors_ids_and_changes_of_a_dcm2bids_configuration_come_along(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, DCM2BIDS)
    fields = {"ImageType": ["ORIGINAL", "PRIMARY", "M", "MAGNITUDE"], "RepetitionTime": 2000}
    bold = rules.match(fields | {"SeriesDescription": "task-rest"})
    assert (bold.entities, bold.sidecar, bold.rules) == ({"task": "rest", "acq": "mb"}, {"TaskName": "rest"}, ("rest",))
    assert rules.match({"SeriesNumber": 7, "ProtocolName": "fmap"}).intended_for == ("rest",)


def test_a_wrong_dcm2bids_description_is_refused_with_its_line(tmp_path: Path) -> None:
    text = DCM2BIDS.replace('"suffix": "magnitude2"', '"suffix": "magnitud2"')
    with pytest.raises(RulesError, match=r"line 13: BIDS has no suffix magnitud2 .*did you mean magnitude2"):
        rules_of(tmp_path, text)


def test_intended_for_names_a_rule_of_the_file(tmp_path: Path) -> None:
    text = DCM2BIDS.replace('"IntendedFor": ["rest"]', '"IntendedFor": ["rset"]')
    with pytest.raises(RulesError, match=r"intended_for names no rule: rset .did you mean rest"):
        rules_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{NAMED}, entities: 5}}]", "line 1: entities is"),
        (f"{NAMED}, parts: [x]}}]", "line 1: parts is"),
        (f"{NAMED}, sidecar: {{a: {{1: 2, b: 3}}}}}}]", "line 1: sidecar is"),
        (f"{NAMED}, entities: {{acq: {{field: [{{}}], regex: x}}}}}}]", "unface reads no field {}"),
        (f"rules: [{{name: a, exclude: no, criteria: {{Rows: {10**400}}}}}]", "compares with a number"),
        ("rules: []\nscanners: 5", "line 2: a list of scanners"),
        ('{"descriptions": [{"custom_entities": ["x"]}], "extractors": 5}', "of another kind than dcm2bids takes"),
        ("rules: [" + "[" * 100_000, "nested deeper"),
    ],
)
def test_a_value_of_another_kind_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(RulesError, match=re.escape(says)):
        rules_of(tmp_path, text)
