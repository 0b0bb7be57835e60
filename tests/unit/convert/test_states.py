"""Every series ends in exactly one state, and what must not be left out without a word withholds its session."""

import json
from pathlib import Path

import pytest

from tests.support.converted_sessions import Converted, convert, take_in
from tests.support.dicom_factory import small_grid, write_series
from unface.run.layout import Layout
from unface.run.sessions import SessionId

AMBIGUOUS = """rules:
- {name: a, datatype: anat, suffix: T1w, criteria: {Manufacturer: '*'}}
- {name: b, datatype: anat, suffix: T2w, criteria: {Modality: MR}}
"""
UNMAPPED = "rules:\n- {name: a, datatype: anat, suffix: T1w, criteria: {Modality: CT}}\n"


def one_series(folder: Path, deidentified: tuple[str, str] | None = None) -> Layout:
    """A session of one series, with the state and reason that de-identification gave it."""
    write_series(folder / "raw", 0, "ge", grid=small_grid(), rare=False)
    layout = take_in(folder / "raw", folder / "results")
    if deidentified:
        ((subject, session),) = layout.read_sessions()
        states = [dict(zip(("series", "state", "reason"), ("s001", *deidentified), strict=True))]
        (layout.stage("deidentify", SessionId(subject, session)) / "series.json").write_text(json.dumps(states))
    return layout


def converted(layout: Layout, rules: str, **settings: str) -> Converted:
    path = layout.results.with_name("rules.yaml")
    path.write_text(rules)
    (session,) = convert(layout, path, **settings)
    return session


def test_an_ambiguous_series_withholds_its_session_and_names_the_rules(tmp_path: Path) -> None:
    session = converted(one_series(tmp_path), AMBIGUOUS)
    assert session.states() == {"s001": "ambiguous"}
    assert session.series[0]["rule"] == "a, b"
    assert [reason.code for reason in session.outcome.reasons] == ["ambiguous"]


@pytest.mark.parametrize(("unmapped", "code"), [("withhold", "unmapped"), ("exclude", "nothing_left")])
def test_an_unmapped_series_is_said_and_withholds_where_the_settings_say_so(
    tmp_path: Path, unmapped: str, code: str
) -> None:
    session = converted(one_series(tmp_path), UNMAPPED, unmapped=unmapped)
    assert session.states() == {"s001": "unmapped"}
    assert [reason.code for reason in session.outcome.reasons] == [code]
    assert unmapped == "withhold" or any("no mapping rule matches" in note for note in session.outcome.notes)


@pytest.mark.parametrize(
    ("label", "told"),
    [("SmithsonJanet", True), ("doe", True), ("MRN0048213", True), ("rest", False), ("mb4", False), ("does", False)],
)
def test_an_image_whose_name_would_hold_an_identifier_is_withheld_and_the_label_not_repeated(
    tmp_path: Path, label: str, told: bool
) -> None:
    known = tmp_path / "identifiers.json"
    known.write_text(json.dumps({"name": ["SMITHSON^JANET", "DOE^REST"], "id": ["MRN-0048213"]}))
    rules = (
        f"rules:\n- {{name: a, datatype: anat, suffix: T1w, criteria: {{Modality: MR}}, entities: {{acq: {label}}}}}\n"
    )
    layout = one_series(tmp_path)
    (tmp_path / "rules.yaml").write_text(rules)
    (session,) = convert(layout, tmp_path / "rules.yaml", identifiers=known)
    assert ("identifier_found" in [reason.code for reason in session.outcome.reasons]) is told
    assert not told or label.lower() not in str(session.outcome.reasons).lower()


@pytest.mark.parametrize(
    ("state", "code"), [("withheld", "conversion_failed"), ("unreadable", "unreadable"), ("excluded", "nothing_left")]
)
def test_what_deidentification_kept_back_is_not_converted_and_keeps_its_reason(
    tmp_path: Path, state: str, code: str
) -> None:
    session = converted(one_series(tmp_path, (state, "told by headers")), AMBIGUOUS.replace("T2w", "T1w"))
    assert (session.states(), session.reason(state)) == ({"s001": state}, "told by headers")
    assert [reason.code for reason in session.outcome.reasons] == [code]
    assert not session.bids.exists()
