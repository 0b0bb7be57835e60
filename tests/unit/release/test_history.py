"""Each release has its entry in CHANGES; older ones can be kept; the settings go out with the data."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.staged_sessions import FINGERPRINTS, RELEASE, run, stage_session
from unface.mapping.rule_check import KEYS
from unface.mapping.rules import load
from unface.release import published_settings
from unface.release.history import History
from unface.run.fingerprints import fingerprint
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT, SHIPPED_RULES
from unface.run.stages import EVERY_STAGE

A, B, C = SessionId("abc", "s1"), SessionId("bcd", "s1"), SessionId("cde", "s1")
SECOND = replace(RELEASE, version="1.1.0", date="2026-11-30")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


@pytest.fixture
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "config.yaml").read_text())
    return loaded


def changes(layout: Layout) -> str:
    return (layout.release / "CHANGES").read_text()


def test_each_version_has_an_entry_that_says_what_changed_the_newest_first(layout: Layout) -> None:
    for session in (A, B):
        stage_session(layout, session)
    run(layout, [A, B, C], settings=replace(RELEASE, date="2026-10-01"))
    stage_session(layout, C)
    run(layout, [B, C], settings=SECOND)
    newest, oldest = changes(layout).split("\n\n")
    assert newest.splitlines()[0] == "1.1.0 2026-11-30"
    assert "the same settings and code as 1.0.0" in newest
    assert "2 sessions of 2 subjects: 1 more, 1 fewer" in newest
    assert "0 sessions withheld: 0 more, 1 fewer" in newest
    assert oldest.splitlines()[0] == "1.0.0 2026-10-01"
    assert "2 sessions of 2 subjects; 1 sessions withheld" in oldest


def test_a_release_of_the_same_version_takes_the_place_of_its_entry(layout: Layout) -> None:
    stage_session(layout, A)
    run(layout, [A])
    first = changes(layout)
    run(layout, [A])
    assert changes(layout) == first


def test_sessions_whose_subjects_withdrew_are_counted_and_no_longer_named(layout: Layout) -> None:
    history = History().with_release(RELEASE, FINGERPRINTS, [A, B, SessionId("bcd", "s2"), C], [SessionId("bcd", "s3")])
    history = history.without(frozenset({"bcd"}))
    history.write(layout.history)
    assert "bcd" not in layout.history.read_text()
    text = History.read(layout.history).with_release(SECOND, FINGERPRINTS, [A, ("def", "s1")], []).changes()
    assert "2 sessions of 2 subjects: 1 more, 3 fewer, of these 2 withdrawn" in text
    assert "0 sessions withheld: 0 more, 1 fewer, of these 1 withdrawn" in text
    assert "4 sessions of 3 subjects; 1 sessions withheld" in text


def test_other_settings_or_code_are_said_to_be_other(layout: Layout) -> None:
    stage_session(layout, A)
    run(layout, [A])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FINGERPRINTS, "audit", {"settings": "other", "code": "c-audit"})  # type: ignore[arg-type]
        stage_session(layout, A)
        run(layout, [A], settings=SECOND)
    assert "other settings or code than 1.0.0" in changes(layout)


def test_kept_releases_share_their_files_with_the_new_one(layout: Layout) -> None:
    stage_session(layout, A)
    run(layout, [A], settings=replace(RELEASE, keep=1))
    stage_session(layout, B)
    run(layout, [A, B], settings=replace(SECOND, keep=1))
    image = "sub-abc/ses-s1/anat/sub-abc_ses-s1_T1w.nii.gz"
    kept = layout.old_releases / "1.0.0"
    assert (kept / image).samefile(layout.release / image)
    assert not (kept / "sub-bcd").exists()
    run(layout, [A, B], settings=replace(SECOND, version="1.10.0", keep=1))
    assert [path.name for path in layout.old_releases.iterdir()] == ["1.1.0"]
    run(layout, [A, B], settings=replace(SECOND, version="1.11.0", keep=0))
    assert list(layout.old_releases.iterdir()) == []


def test_a_release_of_nothing_keeps_the_version_before_and_a_stop_half_way_loses_none(layout: Layout) -> None:
    stage_session(layout, A)
    run(layout, [A], settings=replace(RELEASE, keep=2))
    (layout.old_releases).mkdir()
    (layout.old_releases / ".DS_Store").touch()
    run(layout, [], settings=replace(SECOND, keep=2))
    assert not layout.release.exists()
    assert [path.name for path in layout.old_releases.glob("[0-9]*")] == ["1.0.0"]
    run(layout, [A], settings=replace(SECOND, keep=2))
    aside = layout.release.with_name(".release.old")
    layout.release.rename(aside)  # stopped between the two renames
    run(layout, [A], settings=replace(SECOND, version="1.2.0", keep=2))
    assert sorted(path.name for path in layout.old_releases.glob("[0-9]*")) == ["1.0.0", "1.1.0"]
    for version in ("1.0.0", "1.1.0"):
        assert (layout.old_releases / version / "CHANGES").read_text().startswith(version)
    layout.release.rename(aside)
    (layout.old_releases / "1.1.0").rename(layout.release)  # stopped before the history was written
    run(layout, [A], settings=replace(SECOND, version="1.3.0", keep=3))
    assert sorted(path.name for path in layout.old_releases.glob("[0-9]*")) == ["1.0.0", "1.1.0", "1.2.0"]


def test_the_settings_go_out_with_the_dataset_and_hold_no_word_about_single_headers(
    layout: Layout, config: dict[str, Any]
) -> None:
    config["select"] = [{"field": "PatientID", "not_in": ["MRN-0048213"]}]
    config["deidentify"] |= {"folder_pattern": "Doe (?P<sex>[FM])", "overrides": {"StudyID": {"replace": "Jane's"}}}
    config["audit"]["ignore"] = ["Elsewhere"]
    config["dicom_dir"] = "/data/doe"
    config["ratings"] = config["release"]["data_dictionary"] = "/data/doe/table.tsv"
    config["measure"] |= dict.fromkeys(("atlas", "atlas_labels", "results", "command"), "/data/doe/{subject}")
    config["deface"]["command"] = ["/home/doe/bin/mideface"]
    stage_session(layout, A)
    texts = published_settings.texts(config, FINGERPRINTS, SHIPPED_RULES)
    run(layout, [A], published=texts)
    folder = layout.release / published_settings.FOLDER
    assert {path.name for path in folder.iterdir()} == {"README", "config.yaml", "bids_rules.yaml", "fingerprints.json"}
    assert (folder / "bids_rules.yaml").read_text() == SHIPPED_RULES.read_text()
    shown = (folder / "config.yaml").read_text()
    assert "retain_safe_private" in shown
    for secret in ("0048213", "Doe", "doe", "Jane", "Elsewhere", "/data"):
        assert secret not in shown


def test_nothing_that_leaves_lets_a_word_be_guessed_that_stays_with_the_key(config: dict[str, Any]) -> None:
    def left(word: str) -> dict[str, str]:
        config["audit"]["ignore"] = [word]
        config["select"] = [{"field": "PatientName", "not_in": [word]}]
        today = {stage: fingerprint(config, stage, b"key") for stage in EVERY_STAGE}
        history = History().with_release(RELEASE, today, [A], []).with_release(SECOND, today, [A, B], [])
        return published_settings.texts(config, today, SHIPPED_RULES) | {"CHANGES": history.changes()}

    assert left("JANE") == left("MARY")


def test_the_users_mapping_rules_go_out_without_what_they_ask_of_headers(
    config: dict[str, Any], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "extends: shipped\nrules:\n  # the repeat of Smith\n"
        "  - {name: rest, criteria: {SeriesDescription: 'SMITH rest'}, datatype: func, suffix: bold,\n"
        "     entities: {task: rest, dir: {field: ProtocolName, regex: 'smith_(AP)$'}}}\n"
        "scanners:\n  - {name: b, when: {StationName: SMITHS}, rules: [{name: junk, exclude: a test,"
        " criteria: {any: [{ProtocolName: smith}]}}]}\n"
    )
    text = published_settings.texts(config, FINGERPRINTS, rules)[
        f"{published_settings.FOLDER}/{published_settings.RULES}"
    ]
    assert "smith" not in text.lower()
    public = yaml.safe_load(text)
    assert public["rules"][0]["entities"]["task"] == "rest"
    assert public["scanners"][0]["rules"][0]["exclude"] == "a test"
    (tmp_path / "kept").mkdir()
    published_settings.keep(config, rules, tmp_path / "kept" / "settings.json")
    assert (tmp_path / "kept" / published_settings.RULES).read_text() == rules.read_text()


def test_every_key_of_a_mapping_rule_goes_out(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump({"rules": [dict.fromkeys(KEYS, "x")]}))
    assert yaml.safe_load(published_settings.public_rules(rules))["rules"][0].keys() == set(KEYS)


def test_of_a_dcm2bids_configuration_only_what_unface_reads_goes_out(tmp_path: Path) -> None:
    config = {
        "dcm2niixOptions": "-b y -o /home/jdoe",
        "post_op": [{"cmd": "/data/jdoe/deface.sh src_file dst_file", "datatype": "anat", "suffix": ["T1w"]}],
        "search_method": "fnmatch",
        "extractors": {"SeriesDescription": ["jdoe_(?P<task>[a-z]+)"]},
        "descriptions": [
            {
                "id": "t1",
                "datatype": "anat",
                "suffix": "T1w",
                "custom_entities": "acq-fine",
                "criteria": {"SeriesDescription": "*jdoe*"},
                "comment": "from jdoe",
                "sidecar_changes": {"B0FieldSource": "pepolar"},
            }
        ],
    }
    rules = tmp_path / "dcm2bids.json"
    rules.write_text("\ufeff" + json.dumps(config, indent="\t"), encoding="utf-8")
    assert len(load(rules).rules) == 1
    assert yaml.safe_load(published_settings.public_rules(rules)) == {
        "search_method": "fnmatch",
        "extractors": published_settings.KEPT,
        "descriptions": [
            {
                "id": "t1",
                "datatype": "anat",
                "suffix": "T1w",
                "custom_entities": "acq-fine",
                "criteria": published_settings.KEPT,
                "sidecar_changes": {"B0FieldSource": "pepolar"},
            }
        ],
    }


def test_an_identifier_in_the_users_mapping_rules_withholds_the_dataset(
    layout: Layout, config: dict[str, Any], tmp_path: Path
) -> None:
    stage_session(layout, A)
    rules = tmp_path / "rules.yaml"
    rules.write_text("descriptions: [{id: as for MRN-0048213}]\n")
    verdicts = run(layout, [A], published=published_settings.texts(config, FINGERPRINTS, rules))
    assert [reason.code for reason in verdicts.sessions[0].reasons] == ["identifier_found"]
    assert not layout.release.exists()
