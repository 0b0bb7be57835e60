import pytest

from unface.mapping import names
from unface.run.sessions import SessionId


def test_entities_stand_in_the_order_of_the_schema() -> None:
    entities = {"part": "mag", "echo": "1", "run": "2", "dir": "AP", "task": "rest"}
    stem = names.stem(SessionId("a1", "b2"), "func", entities, "bold")
    assert stem == "sub-a1/ses-b2/func/sub-a1_ses-b2_task-rest_dir-AP_run-2_echo-1_part-mag_bold"
    assert names.is_valid(f"{stem}.nii.gz")


@pytest.mark.parametrize(
    ("datatype", "entities", "suffix"),
    [("func", {}, "bold"), ("anat", {"task": "rest"}, "bold"), ("anat", {}, "MEGRE"), ("anat", {"echo": "x"}, "T1w")],
)
def test_a_name_that_bids_does_not_know_is_not_valid(datatype: str, entities: dict[str, str], suffix: str) -> None:
    assert not names.is_valid(f"{names.stem(SessionId('a1', 'b2'), datatype, entities, suffix)}.nii.gz")


@pytest.mark.parametrize(
    ("phase_encoding", "axes", "label"),
    [("j", "RAS", "PA"), ("j-", "RAS", "AP"), ("i", "LAS", "RL"), ("i-", "LAS", "LR"), ("k", "RAS", "IS")],
)
def test_the_direction_of_phase_encoding_is_told_in_words(phase_encoding: str, axes: str, label: str) -> None:
    assert names.direction(phase_encoding, axes) == label
