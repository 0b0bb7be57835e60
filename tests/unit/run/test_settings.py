"""Settings: what is checked, and which stages a change reaches."""

import copy
import errno
import os
from collections.abc import Iterator
from dataclasses import fields

import pytest
import yaml

from resources import write_settings
from unface.identity.pseudonyms import Key
from unface.mapping.schema import DATATYPES, name_rules
from unface.run import fingerprints, settings
from unface.run.layout import Layout
from unface.run.settings import PROJECT, Block, Settings, SettingsError, completed, described
from unface.run.stages import EVERY_STAGE, rule_of


@pytest.fixture
def config():
    return yaml.safe_load((PROJECT / "config.yaml").read_text())


def changed(config, path, value):
    new = copy.deepcopy(config)
    block = new
    *parents, last = path.split(".")
    for key in parents:
        block = block[key]
    block[last] = value
    return new


def test_every_anatomical_image_that_bids_knows_is_defaced_unless_the_settings_say_otherwise(config):
    assert set(name_rules().suffixes("anat")) - {"defacemask"} <= set(config["deface"]["suffixes"])


def test_the_shipped_settings_are_valid(config):
    settings.check(config)


def test_config_yaml_and_the_page_of_settings_are_made_from_the_schema() -> None:
    assert (PROJECT / "config.yaml").read_text() == write_settings.config_text(), "run `make settings`"
    page = (PROJECT / "docs" / "settings.md").read_text()
    assert page == write_settings.page(page), "run `make settings`"


def test_every_setting_is_described_and_has_a_field_of_its_own() -> None:
    def names(block: type[Block], within: str = "") -> Iterator[str]:
        for field in fields(block):
            yield f"{within}{field.name}"
            if isinstance(field.type, type) and issubclass(field.type, Block):
                yield from names(field.type, f"{within}{field.name}.")

    assert [name for name, _ in described()] == list(names(Settings))
    assert all(part["description"] for _, part in described())


def test_a_setting_that_is_not_given_has_its_default(config) -> None:
    assert completed({}) == config
    given = {"deface": {"limits": {"ngf_min": 0.5}}, "select": [{"field": "Modality", "in": ["MR"]}]}
    full = completed(given)
    assert full["deface"]["limits"] == {**config["deface"]["limits"], "ngf_min": 0.5}
    assert full["select"] == given["select"]
    assert Settings.of(full).deface.limits.ngf_min == 0.5
    assert given == {"deface": {"limits": {"ngf_min": 0.5}}, "select": [{"field": "Modality", "in": ["MR"]}]}


def test_a_file_of_settings_goes_over_those_of_config_yaml_block_by_block(config, tmp_path) -> None:
    (tmp_path / "mine.yaml").write_text("deidentify: {age_band_years: 10}")
    read = settings.read_file(tmp_path / "mine.yaml")
    assert read == {**config, "deidentify": {**config["deidentify"], "age_band_years": 10}}
    assert settings.read_file() == config
    (tmp_path / "list.yaml").write_text("- deface")
    with pytest.raises(SettingsError, match="no names of settings"):
        settings.read_file(tmp_path / "list.yaml")


def test_what_the_command_line_nests_is_read_as_the_setting_asks() -> None:
    """Snakemake makes text of `--config 'deface={ears: true, limits: {ngf_min: 0.5}}'`."""
    full = completed({"deface": {"ears": "true", "limits": {"ngf_min": "0.5"}, "command": "null"}})
    assert full["deface"]["ears"] is True
    assert full["deface"]["limits"]["ngf_min"] == 0.5
    assert full["deface"]["command"] is None
    assert completed({"release": {"version": "2"}})["release"]["version"] == "2"
    with pytest.raises(SettingsError, match=r"deface\.ears: 'maybe' is not of type 'boolean'"):
        settings.check(completed({"deface": {"ears": "maybe"}}))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            "morphometry",
            {"limits": {"gm_percent": 3}},
            r"morphometry\.limits\.gm_percent: its name is compare\.gm_percent now",
        ),
        ("morphometry", {"engine": "ants", "lim": 1}, r"measure\.engine now; unknown setting morphometry\.lim$"),
        ("deface.ears", True, r"unknown setting deface\.ears: .*--configfile.*--config 'deface=\{ears: \.\.\.\}'"),
        ("ears", True, r"unknown setting ears \(did you mean deface\.ears\?\)"),
    ],
)
def test_a_setting_by_another_name_is_told_by_its_own(config, path, value, says):
    with pytest.raises(SettingsError, match=says):
        settings.check({**config, path: value})


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("defase", {}, r"unknown setting defase \(did you mean deface\?\)"),
        ("deface.engin", "niimath", r"unknown setting deface\.engin \(did you mean engine\?\)"),
        ("deface.limits.ngfmin", 0.5, r"unknown setting deface\.limits\.ngfmin \(did you mean ngf_min\?\)"),
        ("deface.engine", "pydefce", r"deface\.engine: 'pydefce' is not one of .*\(did you mean pydeface\?\)"),
        ("deface.limits.ngf_min", 61, r"deface\.limits\.ngf_min: 61 is greater"),
        ("results_dir", 7, "results_dir: 7 is not of type 'string'"),
        ("deidentify.options", ["retain_uid"], r"did you mean retain_uids\?"),
        ("deidentify.folder_pattern", "CASE([", "folder_pattern: .* is not a 'regex'"),
        ("deidentify.folder_pattern", "CASE[0-9]+", r"no group \(\?P<sex>"),
        ("deface.suffixes", ["T1W"], r"'T1W' is not one of .*\(did you mean T1w\?\)"),
        ("deface.limits.scale_min", 1.4, "scale_min is not below scale_max"),
        ("deface", None, "deface: this block is empty"),
        ("measure.engine", "external", "set measure.results or measure.command"),
        ("measure.atlas", "a.nii", "atlas and atlas_labels go together"),
        ("release.date", "2026-13-45", "release.date: '2026-13-45' is not a 'date'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(config, path, value, says):
    with pytest.raises(SettingsError, match=says):
        settings.check(changed(config, path, value))


def test_the_suffixes_that_a_setting_may_name_are_those_of_bids():
    schema = yaml.safe_load((PROJECT / "schemas" / "config.schema.yaml").read_text())
    known = {suffix for datatype in DATATYPES for suffix in name_rules().suffixes(datatype)}
    assert set(schema["$defs"]["suffix"]["enum"]) == known - {"defacemask"} | {"ct", "MPRAGE"}


def test_a_file_that_is_not_there_is_told_with_the_setting_that_names_it(config):
    with pytest.raises(SettingsError, match=r"release\.data_dictionary: there is no file nope\.tsv"):
        settings.named_file(changed(config, "release.data_dictionary", "nope.tsv"), "release.data_dictionary")


def test_a_raw_folder_that_is_not_there_is_refused_without_repeating_its_name(config, tmp_path):
    with pytest.raises(SettingsError, match="dicom_dir") as caught:
        settings.dicom_folder(changed(config, "dicom_dir", str(tmp_path / "DOE_JANE")))
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize(
    ("results", "raw", "says"),
    [
        ("raw/out", "raw", "only ever read"),
        ("raw", "raw", "only ever read"),
        ("link/out/new", "raw", "only ever read"),
        ("raw/../raw/out", "link", "only ever read"),
        ("study", "study/raw", "holds dicom_dir"),
        (".", "raw", "holds dicom_dir"),
    ],
)
def test_results_among_raw_files_are_refused_by_whatever_way_they_are_named(config, tmp_path, results, raw, says):
    (tmp_path / "raw").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "raw")
    both = changed(changed(config, "results_dir", results), "dicom_dir", raw)
    with pytest.raises(SettingsError, match=says):
        settings.keep_apart(both, tmp_path)


@pytest.mark.parametrize(("results", "raw"), [("out", "raw"), ("raw_out", "raw"), ("raw/../out", "raw"), ("out", None)])
def test_results_beside_raw_files_are_taken(config, tmp_path, results, raw):
    (tmp_path / "raw").mkdir()
    settings.keep_apart(changed(changed(config, "results_dir", results), "dicom_dir", raw), tmp_path)


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.EACCES, "Permission denied"), (errno.EIO, "Input/output error"), (errno.ESTALE, "Stale")],
)
def test_a_raw_folder_that_cannot_be_read_is_refused_with_the_cause(config, tmp_path, monkeypatch, number, says):
    def refuse(path):
        raise OSError(number, "no", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SettingsError, match=says) as caught:
        settings.dicom_folder(changed(config, "dicom_dir", str(tmp_path / "DOE_JANE")))
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "first"),
    [
        ("select", [{"field": "Modality", "in": ["MR"]}], "deidentify"),
        ("deidentify.age_band_years", 10, "deidentify"),
        ("convert.repeats", "last", "convert"),
        ("deface.limits.ngf_min", 0.6, "deface"),
        ("measure.resolution_mm", 3, "measure-original"),
        ("compare.gm_percent", 4, "compare"),
        ("audit.ignore", ["BRAIN"], "audit"),
        ("release.name", "Another", "release"),
        ("report.title", "Another", "release"),  # which looks for names in it
    ],
)
def test_a_changed_setting_changes_the_fingerprint_of_its_own_stage_and_of_none_before(config, path, value, first):
    stages = list(EVERY_STAGE)
    before = {stage: fingerprints.fingerprint(config, stage, b"key") for stage in stages}
    after = {stage: fingerprints.fingerprint(changed(config, path, value), stage, b"key") for stage in stages}
    different = [stage for stage in stages if before[stage] != after[stage]]
    assert different[0] == first


def test_what_the_mapping_rules_say_belongs_to_the_fingerprint_and_where_they_lie_does_not(config, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_bytes((PROJECT / "resources" / "bids_rules.yaml").read_bytes())
    shipped = fingerprints.fingerprint(config, "convert", b"key")
    moved = changed(config, "convert.rules", str(rules))
    assert fingerprints.fingerprint(moved, "convert", b"key") == shipped
    rules.write_text(rules.read_text() + "\n# another word\n")
    assert fingerprints.fingerprint(moved, "convert", b"key") != shipped


def test_no_digest_of_settings_or_rules_can_be_tried_without_the_key(config):
    config["audit"]["ignore"] = ["SCHWARZENBERG"]
    mine, other = (fingerprints.fingerprint(config, "audit", secret) for secret in (b"mine", b"other"))
    assert mine["settings"] != other["settings"]
    assert mine["code"] == other["code"]
    rules = settings.mapping_rules(config)
    assert fingerprints.rules_digest(rules, None, b"mine") != fingerprints.rules_digest(rules, None, b"other")


def test_the_key_of_a_cohort_keys_its_digests_and_before_there_is_one_nobody_knows_what_does(tmp_path):
    layout = Layout(tmp_path)
    assert fingerprints.secret_of(layout) != fingerprints.secret_of(layout)
    key = Key.load_or_make(layout.key)
    assert fingerprints.secret_of(layout) == key.secret


def test_what_the_table_of_confirmed_words_says_belongs_to_the_fingerprint_of_the_conversion(config, tmp_path):
    table = tmp_path / "words.tsv"
    table.write_text("word\tentity\tlabel\n")
    confirmed = changed(config, "convert.label_words", str(table))
    before = fingerprints.fingerprint(confirmed, "convert", b"secret")
    assert before != fingerprints.fingerprint(config, "convert", b"secret")
    table.write_text("word\tentity\tlabel\nmondrian\ttask\tmondrian\n")
    assert fingerprints.fingerprint(confirmed, "convert", b"secret") != before


def test_the_code_digest_follows_imports_of_imports_and_named_resources():
    deface = {path.relative_to(PROJECT).as_posix() for path in fingerprints.files_of("deface")}
    assert {"scripts/unface/deface/registration.py", "scripts/unface/imaging/volume.py"} <= deface
    assert "resources/face/keep.nii.gz" in deface
    review = {path.relative_to(PROJECT).as_posix() for path in fingerprints.files_of("review")}
    assert any(path.endswith(".html.j2") for path in review)
    assert not any(path.endswith("bids_rules.yaml") for path in deface | review)
    assert fingerprints.code_digest("audit") != fingerprints.code_digest("deface")


def test_the_rule_of_every_stage_has_a_script_of_its_name():
    for stage in EVERY_STAGE:
        assert (PROJECT / "scripts" / f"{rule_of(stage)}.py").is_file()


def test_every_table_and_mask_of_resources_counts_as_code_of_a_script() -> None:
    """They are found by their names in the code: one that is put together from parts would change nothing."""
    counted = set.union(*map(fingerprints.files_of, EVERY_STAGE))
    resources = {path for path in (PROJECT / "resources").rglob("*.*") if path.suffix not in (".py", ".pyc")}
    # The makers' terms come to a stage by way of closed_values.tsv, which is compiled from them.
    assert resources - counted == {settings.SHIPPED_RULES, PROJECT / "resources" / "maker_values.tsv"}
