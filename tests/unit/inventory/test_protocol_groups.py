"""Protocol groups: what is clustered, what counts as a variant, what a public row shows."""

from dataclasses import replace
from pathlib import Path

import pytest

from unface.identity.label_search import LabelSearch
from unface.identity.pseudonyms import Key
from unface.identity.vocabulary import vocabulary
from unface.inventory.protocol_groups import InventoriedAcquisition, ProtocolGroup, group_acquisitions, vendor
from unface.inventory.protocol_rows import public_row, restricted_row
from unface.mapping.rules import load
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT

KEY = Key(bytes(range(32)))
RULES = load(Path(PROJECT / "resources" / "bids_rules.yaml"))
T1W = {
    "Manufacturer": "SIEMENS",
    "ManufacturerModelName": "Prisma",
    "Modality": "MR",
    "SeriesDescription": "t1_mprage",
    "ScanningSequence": ["GR", "IR"],
    "ImageType": ["ORIGINAL", "PRIMARY", "M"],
    "EchoTime": 2.98,
    "RepetitionTime": 2300,
    "Rows": 256,
    "Columns": 256,
    "Slices": 176,
}


def nobodys(_: str) -> bool:
    return False


def own(*names: str) -> LabelSearch:
    return LabelSearch({"name": names, "id": ["2300"], "date": ["20190314"]}, vocabulary() | {b"triotim"})


def groups_of(*fields: dict) -> list[ProtocolGroup]:
    acquisitions = [
        InventoriedAcquisition(SessionId(f"sub{index}", "ses"), ("s001",), entry, RULES.decide(entry))
        for index, entry in enumerate(fields)
    ]
    return group_acquisitions(acquisitions, KEY)


def test_the_same_protocol_in_two_sessions_is_one_group() -> None:
    (group,) = groups_of(T1W, T1W)
    assert (group.sessions, group.series, group.match.name, group.variants) == (2, 2, "anat/T1w", {})


def test_a_deviating_parameter_is_named_with_the_sessions_it_is_in() -> None:
    (group,) = groups_of(T1W, T1W, T1W | {"RepetitionTime": 2100})
    assert group.variants == {"RepetitionTime": {"2300": 2, "2100": 1}}


def test_a_difference_within_rounding_is_no_deviation() -> None:
    (group,) = groups_of(T1W | {"RepetitionTime": 6.5011}, T1W | {"RepetitionTime": 6.5009})
    assert group.variants == {}


def test_another_scanner_is_another_group() -> None:
    assert len(groups_of(T1W, T1W | {"ManufacturerModelName": "Skyra"})) == 2


def test_a_public_row_shows_no_free_text() -> None:
    secret = "DOE^JANE"
    (group,) = groups_of(
        T1W | {"SeriesDescription": f"t1 {secret}", "ProtocolName": secret, "ImageType": ["a " + secret]}
    )
    assert secret not in str(public_row(group, nobodys))
    assert secret in restricted_row(group)["series_description"]


@pytest.mark.parametrize("label", ["doe", "JanetSmithson", "smithson7T"])
def test_a_name_in_a_label_of_the_header_is_not_shown_and_a_label_that_a_rule_gives_is_searched(label: str) -> None:
    (group,) = groups_of(T1W | {"ProtocolName": f"anat-T1w_acq-{label}"})
    assert public_row(group, nobodys)["result"] == "anat/T1w"
    given = replace(group, match=replace(group.match, entities={"acq": label}))
    assert public_row(given, nobodys)["result"] == f"anat/acq-{label}_T1w"
    assert label not in str(public_row(given, own("DOE^JANE", "SMITHSON^KIM").found_in))


def test_text_in_the_place_of_a_number_is_not_shown() -> None:
    wrong = T1W | {"RepetitionTime": "Dr Nobody", "InPlanePhaseEncodingDirection": "Nobody"}
    (group,) = groups_of(wrong, T1W | {"RepetitionTime": 2100.5, "InPlanePhaseEncodingDirection": "ROW"})
    row = public_row(group, nobodys)
    assert "Nobody" not in str(row)
    assert "RepetitionTime 2100 in 1, ? in 1" in row["variants"]


def test_a_value_that_holds_a_word_of_an_identifier_is_not_shown() -> None:
    (group,) = groups_of(T1W | {"ManufacturerModelName": "Prisma of Janedoe"})
    assert public_row(group, nobodys)["model"] == "Prisma ?"


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("Prisma Saint Elsewhere Hospital", "Prisma ?"),
        ("MRC67090", "?"),
        ("Skyra TRIALQX7731", "Skyra ?"),
        ("JD63 Vida +4930123456", "? Vida ?"),
        *((name, name) for name in ("MAGNETOM Prisma Fit", "DISCOVERY MR750w", "SIGNA Premier", "Ingenia Elition X")),
        *(
            (name, name)
            for name in ("uMR 770", "Signa HDxt", "Achieva dStream", "Vantage Titan 3T", "Galan 3T", "MRT50H1")
        ),
        ("Investigational_Device_7T_Plus", "Investigational Device 7T Plus"),
        ("Skyra_fit", "Skyra fit"),
    ],
)
def test_a_scanner_is_named_by_words_of_a_list(model: str, shown: str) -> None:
    (group,) = groups_of(T1W | {"ManufacturerModelName": model})
    assert public_row(group, nobodys)["model"] == shown
    assert restricted_row(group)["model"] == model


def test_coded_text_is_shown_in_words_of_a_list() -> None:
    types = ["ORIGINAL", "PRIMARY", "M_FFE", "DIS2D", "PHASE MAP", "HANSEN", "MOSAIC"]
    (group,) = groups_of(T1W | {"ImageType": types, "ScanningSequence": ["GR", "DRHANSEN"], "Modality": "MRC67090"})
    row = public_row(group, nobodys)
    assert row["image_type"] == "ORIGINAL/PRIMARY/M_FFE/DIS2D/PHASE MAP/?/MOSAIC"
    assert (row["sequence"], row["modality"]) == ("GR/?", "?")


def test_vendors_are_known_by_any_spelling() -> None:
    assert [vendor(name) for name in ("SIEMENS", "Siemens Healthineers", "GE MEDICAL SYSTEMS", "Philips", "Acme")] == [
        "Siemens",
        "Siemens",
        "GE",
        "Philips",
        "other",
    ]


def test_a_day_or_an_operator_in_coded_text_is_not_shown_and_settings_are() -> None:
    wrong = T1W | {"ImageType": ["ORIGINAL", "HOFMANN 20190314"], "ManufacturerModelName": "Prisma 14Mar2019"}
    (group,) = groups_of(wrong | {"SliceThickness": 20190314})
    row = public_row(group, own("HOFMANN^EVA").found_in)
    assert (row["image_type"], row["model"], row["thickness_mm"]) == ("ORIGINAL/?", "Prisma ?", "")
    assert (row["tr_ms"], row["result"]) == ("2300", "anat/T1w")


def test_a_scanner_is_shown_though_somebody_is_called_like_a_part_of_its_name() -> None:
    (group,) = groups_of(T1W | {"ManufacturerModelName": "TrioTim"})
    assert public_row(group, own("STORM^TIM").found_in)["model"] == "TrioTim"
