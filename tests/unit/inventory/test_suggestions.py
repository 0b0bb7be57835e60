"""Suggestions: what open protocol groups may be, as rules that a curator can use."""

from pathlib import Path

import pytest

from unface.identity.pseudonyms import Key
from unface.inventory.protocol_groups import InventoriedAcquisition, group_acquisitions
from unface.inventory.suggestions import suggested_rules, suggestion
from unface.mapping.rules import Rules, load
from unface.run.sessions import SessionId

KEY = Key(bytes(range(32)))
NONE = Rules(())


T2W = {"SeriesDescription": "seq8", "ScanningSequence": "SE", "EchoTime": 95, "RepetitionTime": 4000}


def groups_of(*fields: dict):
    acquisitions = [
        InventoriedAcquisition(SessionId(f"sub{index}", "ses"), ("s001",), entry, NONE.decide(entry))
        for index, entry in enumerate(fields)
    ]
    return group_acquisitions(acquisitions, KEY)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"SeriesDescription": "t1_mprage"}, "anat/T1w"),
        ({"SeriesDescription": "seq7", "ScanningSequence": "EP", "Volumes": 100}, "func/task-unnamed_bold"),
        ({"SeriesDescription": "seq8", "ScanningSequence": "SE", "EchoTime": 95, "RepetitionTime": 4000}, "anat/T2w"),
        ({"SeriesDescription": "AAHead_Scout"}, "excluded"),
    ],
)
def test_an_unmapped_series_gets_a_suggestion(fields: dict, name: str) -> None:
    guess = suggestion(NONE.match(fields), fields)
    assert guess is not None
    assert guess.name == name


@pytest.mark.parametrize("fields", [{"Modality": "MR"}, {"Modality": "MR", "ScanningSequence": "GR", "EchoTime": 3}])
def test_a_series_that_may_be_many_things_gets_none(fields: dict) -> None:
    assert suggestion(NONE.match(fields), fields) is None


def test_the_suggested_rules_are_valid_and_name_what_they_were_made_for(tmp_path: Path) -> None:
    fields = [
        {"SeriesDescription": "Zzz [7]*", "ProtocolName": "Odd: name", "ScanningSequence": "EP", "Volumes": 90},
        {**T2W, "ImageType": ["ORIGINAL", "PRIMARY", "M"]},
        {**T2W, "ImageType": ["ORIGINAL", "PRIMARY", "P"]},
        {"SeriesDescription": "nothing", "Modality": "MR"},
        {"SequenceName": "*x", "Modality": "MR"},
    ]
    text = suggested_rules(groups_of(*fields))
    assert text is not None
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    rules = load(path)
    assert [rules.match(entry).state for entry in fields] == ["mapped", "mapped", "mapped", "excluded", "excluded"]


def test_there_are_no_suggested_rules_where_every_group_has_a_rule() -> None:
    assert suggested_rules([]) is None
