"""Labels that come from headers: known words stay, whatever else somebody typed does not."""

import base64
from pathlib import Path

import pytest

from unface.mapping.label_words import known_words, label_of, words_of
from unface.mapping.labels import Labels
from unface.mapping.rules import Match, Rules, RulesError, load
from unface.run.outcome import JobFailedError
from unface.run.settings import SHIPPED_RULES

HOSTILE = {
    "a name in Latin script": ("Ivanov", "AnnaMueller", "mueller", "WangXiaoming", "Astroem", "Max", "Lin"),
    "a name in its own script": ("Иванов", "王小明", "Åström", "naïve", "İpek"),
    "a hospital": ("SaintElsewhere", "Charite", "StMarys"),
    "initials with a year": ("JD63", "jd1963", "TE63", "fa63", "MB84", "M63", "63JD", "P84", "Se1963"),
    "a day": ("12fevrier1984", "1984072", "19630223", "230263", "12-03-84", "23Feb1963", "2mar84", "b1984", "tr1963"),
    "a number of somebody": ("4930123456", "84312", "447897600", "s4821", "4821", "sub12", "vp007", "123", "47"),
    "a surname backwards or in a code": (
        "nhoJ",
        "grebnezrawhcs",
        base64.b64encode(b"Schwarzenberg").decode().strip("="),
        b"Schwarzenberg".hex(),
    ),
    "half of a name": ("schwarzen", "berg"),
    "a name beside a known word": ("mb4Ivanov", "restJD63", "AnnaRest", "rest1963", "faces84"),
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in HOSTILE.items() for text in texts])
def test_what_may_tell_of_somebody_makes_no_label(kind: str, text: str) -> None:
    assert label_of(text, {}) == "", kind


@pytest.mark.parametrize(
    ("text", "label"),
    [
        *((text, text) for text in ("nback", "2back", "gonogo", "mb4", "2mm", "0p8mm", "p2", "b1000", "te30", "64dir")),
        *((text, text) for text in ("tfl", "highres", "restEyesOpen", "eyesopen", "mb4p2", "1x1x1", "3t", "rest1")),
        *((text, "rest") for text in ("Rest", "REST", "rest")),
        *((text, "gonogo") for text in ("go-nogo", "go_nogo", "GO NOGO", "GONOGO")),
        *((text, "AP") for text in ("AP", "ap")),
        ("EN-back", "enback"),
        ("1 - faces", "1faces"),
        ("MPRage", "mprage"),
        ("T1w", "t1w"),
        ("mb8TR800", "mb8tr800"),
        ("faces_houses", "faceshouses"),
    ],
)
def test_known_words_and_technical_numbers_make_a_label(text: str, label: str) -> None:
    assert label_of(text, {}) == label


def test_a_sign_between_digits_does_not_vanish() -> None:
    assert label_of("mb4_2mm", {}) == ""
    assert label_of("mb4_iso2", {}) == "mb4iso2"


def test_every_listed_word_is_a_label_by_itself() -> None:
    assert [word for word in known_words().values() if label_of(word, {}).lower() != word.lower()] == []


def test_the_words_of_rules_may_stand_in_labels_as_they_are_written_there() -> None:
    own = words_of(["Mondrian"], [r"_(kandinsky|klee[12]|\w+)$", r"rest(?=ing)|(?:miro|picasso)_"])
    assert sorted(own.values()) == ["Mondrian", "kandinsky", "miro", "picasso"]
    assert [label_of(text, own) for text in ("MONDRIAN", "mondrianFaces", "klee1")] == ["Mondrian", "mondrianFaces", ""]


RULES = """
rules:
- name: bold
  criteria: {Modality: MR}
  datatype: func
  suffix: bold
  entities:
    task: {field: ProtocolName, regex: "task_([^_]+)", default: rest}
    acq: {field: ProtocolName, regex: "acq_(.+)"}
"""


def rules_of(tmp_path: Path, text: str) -> Rules:
    (tmp_path / "rules.yaml").write_text(text, encoding="utf-8")
    return load(tmp_path / "rules.yaml")


def test_a_rule_of_the_user_that_takes_raw_text_is_held_to_the_same_words(tmp_path: Path) -> None:
    match = rules_of(tmp_path, RULES).match({"Modality": "MR", "ProtocolName": "task_Anna_acq_mb4"})
    assert match.name == "func/task-unnamed_acq-mb4_bold"
    assert (match.unknown_words, match.header_words) == ({"task": "anna"}, {"task": "anna", "acq": "mb4"})


def test_a_default_stands_only_where_the_header_says_nothing(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, RULES)
    assert rules.match({"Modality": "MR", "ProtocolName": "x"}).name == "func/task-rest_bold"


def test_words_that_the_rules_list_are_known(tmp_path: Path) -> None:
    rules = rules_of(tmp_path, f"words: [mondrian, 7faces]\n{RULES}")
    match = rules.match({"Modality": "MR", "ProtocolName": "task_Mondrian_acq_7Faces"})
    assert match.name == "func/task-mondrian_acq-7faces_bold"
    with pytest.raises(RulesError, match="line 1: a word that may stand in labels holds letters and digits only"):
        rules_of(tmp_path, f"words: [a-b]\n{RULES}")
    with pytest.raises(RulesError, match="line 1: a list of words"):
        rules_of(tmp_path, f"words: mondrian\n{RULES}")


def test_two_rules_that_take_different_unknown_words_do_not_agree(tmp_path: Path) -> None:
    second = RULES.split("rules:\n")[1].replace("name: bold", "name: other").replace("task_", "second_")
    match = rules_of(tmp_path, RULES + second).match({"Modality": "MR", "ProtocolName": "task_Anna second_Berta"})
    assert match.state == "ambiguous"


def test_an_expression_may_say_until_which_words(tmp_path: Path) -> None:
    text = RULES.replace('"task_([^_]+)"', '"task_(.+)", until: "AP|acq|[0-9.]+mm"')
    rules = rules_of(tmp_path, text)
    names = ["task_faces_AP", "task_faces 2.5mm", "task_AP", "task_faces_houses_acq_mb4"]
    found = [rules.match({"Modality": "MR", "ProtocolName": name}).entities["task"] for name in names]
    assert found == ["faces", "faces", "rest", "faceshouses"]
    with pytest.raises(RulesError, match="no regular expression"):
        rules_of(tmp_path, text.replace("AP|", "(AP|"))


EPI = {"ScanningSequence": "EP", "SequenceName": "epfid2d1_64", "EchoTime": 30, "Modality": "MR", "Volumes": 200}


@pytest.mark.parametrize(
    ("protocol", "task"),
    [
        ("fMRI_task_go-nogo", "gonogo"),
        ("fMRI_task_go-stop", "gostop"),
        ("fMRI_Task 1 - faces", "1faces"),
        ("fMRI_Task 1 - houses", "1houses"),
        ("ABCD_fMRI_task_EN-back", "enback"),
        ("ep2d_bold_task_nback_mb4_2mm_AP", "nback"),
        ("tfMRI_EMOTION_RL", "emotion"),
        ("taskRest_bold", "rest"),
        ("task_rest_movie", "restmovie"),
        ("rest_eyes_open_AP", "resteyesopen"),
        ("Resting State fMRI 2.4mm", "rest"),
        ("rfMRI_REST2_PA", "rest2"),
        *((name, "rest") for name in ("Rest", "REST", "bold_rest", "rest 200")),
        *((name, "unnamed") for name in ("fMRI_task_run1", "fMRI_task_run2", "ep2d_bold_task_AP", "fMRI_tasks")),
        *((name, "unnamed") for name in ("multitask_bold", "task_naïve", "bold_task_", "restaurant_bold")),
    ],
)
def test_the_shipped_rules_take_the_whole_name_of_a_task_or_none(protocol: str, task: str) -> None:
    match = load(SHIPPED_RULES).match(EPI | {"ProtocolName": protocol, "SeriesDescription": protocol})
    assert match.entities["task"] == task


def test_a_long_text_is_looked_at_in_no_time() -> None:
    for text in ("task_" + "a_" * 50_000, "rest" + " " * 100_000 + "x", "func-bold_task-" + "aB" * 50_000):
        load(SHIPPED_RULES).match(EPI | {"ProtocolName": text, "SeriesDescription": text})
    assert label_of("aB" * 32, {}) == ""


def test_the_labels_of_a_cohort_are_read_as_they_were_written(tmp_path: Path) -> None:
    labels = Labels({("task", "anna"): "x1a", ("acq", "иванов"): ""})
    labels.write(tmp_path / "labels.json")
    assert Labels.read(tmp_path / "labels.json") == labels
    assert (tmp_path / "labels.json").stat().st_mode & 0o077 == 0
    (tmp_path / "labels.json").write_text("[[1]]")
    with pytest.raises(JobFailedError, match="run the inventory again"):
        Labels.read(tmp_path / "labels.json")


def test_a_word_that_the_inventory_did_not_see_is_left_out() -> None:
    match = Match("mapped", datatype="func", suffix="bold", entities={"task": "unnamed"}, header_words={"task": "anna"})
    assert Labels({}).named(match).entities == {"task": "unnamed"}
    assert Labels({("task", "anna"): "x1a"}).named(match).entities == {"task": "x1a"}
