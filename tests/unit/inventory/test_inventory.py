"""The inventory: every file accounted for, people told apart, tables that hold no identifier."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
import yaml
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.support.dicom_factory import write_series
from unface.dicom import fields
from unface.dicom.headers import NotDicomError, read_header
from unface.identity.pseudonyms import Key
from unface.inventory.copies import NO_COPY
from unface.inventory.inventory import collect
from unface.inventory.records import Series, SessionRecord, merged_fields
from unface.inventory.scan import scan
from unface.inventory.summary import Summary
from unface.run import settings
from unface.run.files import TableError
from unface.run.fingerprints import fingerprint
from unface.run.folders import walk
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT, SettingsError

KEY = Key(bytes(range(32)))
RULES = PROJECT / "resources" / "bids_rules.yaml"


def take_stock(
    dicom: Path, results: Path, *, shards: int = 2, subjects: Path | None = None, rules: Path = RULES
) -> Summary:
    layout = Layout(results)
    for shard in range(shards):
        scan(dicom, layout, shard, shards)
    return collect([layout.scan(str(shard)) for shard in range(shards)], layout, KEY, subjects, rules)


def own_rules(folder: Path, text: str) -> Path:
    """A file of the user's own rules."""
    path = folder / "my_rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def records(results: Path) -> list[SessionRecord]:
    layout = Layout(results)
    return [
        SessionRecord.read(layout.record(SessionId(row["subject"], row["session"]))) for row in rows(layout.sessions)
    ]


def edit(paths: list[Path], **values: object) -> None:
    """Change header values of DICOM files; None deletes an element."""
    for path in paths:
        ds = pydicom.dcmread(path)
        for keyword, value in values.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)
        ds.save_as(path)


def as_plain(value: object) -> object:
    """A pydicom value as the inventory gives it."""
    if isinstance(value, pydicom.multival.MultiValue):
        return [as_plain(part) for part in value]
    return (
        float(value) if isinstance(value, pydicom.valuerep.DSfloat) else str(value) if isinstance(value, str) else value
    )


SYNTAXES = {
    "explicit": ExplicitVRLittleEndian,
    "implicit": ImplicitVRLittleEndian,
    "big": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
}


def test_every_file_of_the_demo_cohort_is_in_a_record_or_in_the_table_of_unused_files(cohort, tmp_path: Path) -> None:
    summary = take_stock(cohort.dicom, tmp_path)
    on_disk = {str(path) for path in cohort.dicom.rglob("*") if path.is_file()}
    in_records = {file.path for record in records(tmp_path) for series in record.series for file in series.files}
    unused = {row["path"] for row in rows(Layout(tmp_path).files_unused)}
    assert in_records | unused == on_disk
    assert not in_records & unused
    assert summary.files == len(on_disk)


def test_no_identifier_stands_in_a_public_table(cohort, tmp_path: Path) -> None:
    summary = take_stock(cohort.dicom, tmp_path)
    layout = Layout(tmp_path)
    public = layout.sessions.read_text() + layout.protocol_groups.read_text() + str(summary)
    assert [word for word in cohort.planted if word in public] == []


def test_restricted_tables_are_readable_by_their_owner_alone(cohort, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.restricted.mkdir(mode=0o755)
    take_stock(cohort.dicom, tmp_path)
    assert layout.restricted.stat().st_mode & 0o077 == 0
    files = [path for path in layout.restricted.rglob("*") if path.is_file()]
    assert layout.linkage in files
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_one_folder_with_two_patients_gives_two_subjects(tmp_path: Path) -> None:
    dicom = tmp_path / "dicom"
    write_series(dicom / "mixed", 0)
    write_series(dicom / "mixed", 1, name="other{index:05d}.dcm")
    assert take_stock(dicom, tmp_path / "results").subjects == 2


def test_one_series_spread_over_folders_in_different_shards_is_one_series(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom" / "all", 0)
    for index, path in enumerate(paths):
        path.rename(tmp_path / "dicom" / f"part{index}.dcm")
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", shards=3)
    (record,) = records(tmp_path / "results")
    assert (summary.series, len(record.series[0].files)) == (1, len(paths))


def test_a_patient_id_in_another_case_and_padding_is_the_same_person(tmp_path: Path) -> None:
    first, _ = write_series(tmp_path / "dicom" / "a", 0)
    second, _ = write_series(tmp_path / "dicom" / "b", 0, series_number=3)
    patient = pydicom.dcmread(first[0]).PatientID
    edit(second, PatientID=f"  {patient.lower()} ")
    assert take_stock(tmp_path / "dicom", tmp_path / "results").subjects == 1


@pytest.mark.parametrize("blank", ["", "***", "ANONYMOUS", "000", "VOLUNTEER", "Phantom", "Test"])
def test_people_without_a_patient_id_are_not_merged(tmp_path: Path, blank: str) -> None:
    for number in range(2):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        edit(paths, PatientID=blank)
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    assert (summary.subjects, summary.nameless) == (2, 2)
    assert "no patient ID of their own" in str(summary)


def test_two_studies_of_one_day_are_one_session_and_another_day_is_another(tmp_path: Path) -> None:
    for index, (study, date) in enumerate([("1.2.3", "20200101"), ("1.2.4", "20200101"), ("1.2.5", "20200102")]):
        paths, _ = write_series(tmp_path / "dicom" / str(index), 0, series_number=index + 2)
        edit(paths, StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1", StudyDate=date)
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    assert (summary.subjects, summary.sessions) == (1, 2)


def test_dicom_without_ending_or_preamble_and_in_any_transfer_syntax_is_read_alike(tmp_path: Path) -> None:
    (original, *_), _ = write_series(tmp_path, 0, rare=False)
    ds = pydicom.dcmread(original)
    ds.remove_private_tags()
    for name, syntax in SYNTAXES.items():
        ds.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(tmp_path / name, ds, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian)
    (tmp_path / "bare").write_bytes((tmp_path / "explicit").read_bytes()[132:])
    for name in (*SYNTAXES, "bare"):
        header = read_header(tmp_path / name, fields.WANTED)
        read = {
            fields.keyword(tag): fields.decode(tag, header.values[tag], header.order, None)
            for tag in (0x0020000E, 0x00280010, 0x00180081, 0x00080008)
        }
        assert header.problem is None
        assert read == {keyword: as_plain(ds[keyword].value) for keyword in read}


def test_a_truncated_file_is_named_and_kept_in_its_series(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    content = paths[1].read_bytes()
    pixels = content.rindex(b"\xe0\x7f\x10\x00OW")
    paths[1].write_bytes(content[: pixels + 100])
    take_stock(tmp_path / "dicom", tmp_path / "results")
    (record,) = records(tmp_path / "results")
    assert [file.problem for file in record.series[0].files].count("truncated") == 1


def test_bytes_that_are_no_dicom_are_told_apart_from_it(tmp_path: Path) -> None:
    for name, content in {
        "text": b"hello " * 40,
        "empty": b"",
        "zeros": bytes(4000),
        "eights": b"\x08\0" * 900,
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NotDicomError):
            read_header(tmp_path / name, frozenset())


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside, _ = write_series(tmp_path / "outside", 0)
    dicom = tmp_path / "dicom"
    dicom.mkdir()
    (dicom / "folder").symlink_to(tmp_path / "outside")
    (dicom / "file").symlink_to(outside[0])
    (dicom / "circle").symlink_to(dicom)
    assert {place.problem for folder in walk(dicom, 0, 1) for place in folder.places} == {
        "a link, which is not followed"
    }
    with pytest.raises(SettingsError, match="no DICOM image was found"):
        take_stock(dicom, tmp_path / "results")


def test_a_copy_of_a_file_is_left_out_and_counted(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom" / "a", 0)
    shutil.copytree(tmp_path / "dicom" / "a", tmp_path / "dicom" / "b")
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    (record,) = records(tmp_path / "results")
    assert (summary.copies, len(record.series[0].files)) == (len(paths), len(paths))


def other_pixels(ds: pydicom.Dataset) -> None:
    ds.PixelData = bytes(reversed(ds.PixelData))


def other_number(ds: pydicom.Dataset) -> None:
    ds.InstanceNumber += 100


def other_place(ds: pydicom.Dataset) -> None:
    ds.ImagePositionPatient = [0, 0, 500]


@pytest.mark.parametrize("change", [other_pixels, other_number, other_place])
def test_one_uid_for_files_of_other_content_is_a_fault_that_is_told_and_loses_none(
    tmp_path: Path, change: Callable[[pydicom.Dataset], None]
) -> None:
    paths, _ = write_series(tmp_path / "dicom" / "a", 0)
    shutil.copytree(tmp_path / "dicom" / "a", tmp_path / "dicom" / "b")
    shutil.copytree(tmp_path / "dicom" / "a", tmp_path / "dicom" / "c")
    for path in paths[:2]:
        ds = pydicom.dcmread(path)
        change(ds)
        ds.save_as(tmp_path / "dicom" / "b" / path.name)
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    (record,) = records(tmp_path / "results")
    files = record.series[0].files
    assert (summary.copies, len(files)) == (2 * len(paths) - 2, len(paths) + 2)
    assert [file.problem for file in files if file.problem] == [NO_COPY] * 4


def test_copies_may_differ_in_what_tells_nothing_of_the_image_or_break_off(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom" / "a", 0)
    (tmp_path / "dicom" / "b").mkdir()
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.InstanceCreationTime, ds.RetrieveAETitle = "010203", "ROUTER"
        ds.save_as(tmp_path / "dicom" / "b" / path.name)
    # The broken one comes first by its path.
    (tmp_path / "dicom" / "a" / "0.dcm").write_bytes(paths[0].read_bytes()[:-9])
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    (record,) = records(tmp_path / "results")
    assert summary.copies == len(paths) + 1
    assert [file.problem for file in record.series[0].files] == [None] * len(paths)


def test_a_run_whose_uids_repeat_keeps_all_its_volumes_in_the_record(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    for volume in (1, 2):
        for number, path in enumerate(paths):
            ds = pydicom.dcmread(path)
            ds.InstanceNumber, ds.PixelData = volume * len(paths) + number + 1, bytes([volume]) * len(ds.PixelData)
            ds.save_as(tmp_path / "dicom" / f"{volume}_{path.name}")
    take_stock(tmp_path / "dicom", tmp_path / "results")
    (record,) = records(tmp_path / "results")
    assert len(record.series[0].files) == 3 * len(paths)
    assert record.series[0].fields["Volumes"] == 3


def test_a_second_inventory_of_the_same_files_touches_nothing(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", 0)
    results = tmp_path / "results"
    take_stock(tmp_path / "dicom", results)
    tables = [path for path in results.rglob("*") if path.is_file() and not path.match("scan*/*")]
    before = {path: path.stat().st_mtime_ns for path in tables}
    take_stock(tmp_path / "dicom", results)
    assert {path: path.stat().st_mtime_ns for path in tables} == before


def test_another_key_makes_other_records_even_where_the_table_gives_all_labels(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    table = tmp_path / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\tsession\n{pydicom.dcmread(paths[0]).PatientID}\tp1\tv1\n")
    layout = Layout(tmp_path / "results")
    texts = []
    for key in (KEY, Key(bytes(32))):
        scan(tmp_path / "dicom", layout, 0, 1)
        collect([layout.scan("0")], layout, key, table, RULES)
        texts.append(layout.record(SessionId("p1", "v1")).read_text())
    assert texts[0] != texts[1]


def test_a_session_that_is_gone_disappears_and_is_counted(tmp_path: Path) -> None:
    for number in range(2):
        write_series(tmp_path / "dicom" / str(number), number)
    take_stock(tmp_path / "dicom", tmp_path / "results")
    shutil.rmtree(tmp_path / "dicom" / "1")
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    assert (summary.sessions, summary.gone) == (1, 1)
    assert len(list(Layout(tmp_path / "results").record(SessionId("x", "y")).parent.iterdir())) == 1


def test_a_raw_folder_that_is_empty_as_where_a_disk_is_missing_changes_nothing(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", 0)
    results = tmp_path / "results"
    take_stock(tmp_path / "dicom", results)
    before = {
        path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file() and "scan" not in str(path)
    }
    (tmp_path / "missing").mkdir()
    with pytest.raises(SettingsError, match="is its disk there"):
        take_stock(tmp_path / "missing", results)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("told", ["PatientBirthDate", "IssuerOfPatientID"])
def test_two_people_with_one_patient_id_are_two_subjects_until_the_table_joins_them(tmp_path: Path, told: str) -> None:
    for number, value in enumerate(("19630225", "19450719")):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        same = {"PatientID": "0001", "PatientBirthDate": "19500101", "IssuerOfPatientID": "A", "StudyDate": "20200101"}
        edit(paths, **same | {told: value})
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    assert (summary.subjects, summary.sessions, summary.doubtful) == (2, 2, 1)
    table = tmp_path / "subjects.tsv"
    table.write_text("patient_id\tsubject\n0001\tp1\n")
    joined = take_stock(tmp_path / "dicom", tmp_path / "results", subjects=table)
    assert (joined.subjects, joined.sessions, joined.doubtful) == (1, 1, 0)


def visits(tmp_path: Path, *born_and_scanned: tuple[str, str]) -> list[set[str]]:
    """Inventories of one patient ID, each with one visit more; returns the labels of subjects after each."""
    labels = []
    for number, (birth, day) in enumerate(born_and_scanned):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        edit(paths, PatientID="0001", IssuerOfPatientID="A", PatientBirthDate=birth, StudyDate=day)
        take_stock(tmp_path / "dicom", tmp_path / "results")
        labels.append({record.subject for record in records(tmp_path / "results")})
    return labels


def test_a_birth_date_written_with_points_is_the_same_one(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Invalid value for VR DA"):
        first, second = visits(tmp_path, ("19740101", "20200101"), ("1974.01.01", "20210101"))
    assert len(first) == 1
    assert second == first


@pytest.mark.parametrize("later", ["20210101", "20190101"])
def test_who_comes_later_with_a_known_patient_id_leaves_the_first_ones_label(tmp_path: Path, later: str) -> None:
    first, second, third = visits(tmp_path, ("19740101", "20200101"), ("19810505", later), ("19740101", "20220101"))
    assert len(first) == 1
    assert len(second) == 2
    assert first < second
    assert third == second
    results = tmp_path / "results"
    assert len({row["session"] for row in rows(Layout(results).linkage) if row["subject"] in first}) == 2


def test_who_comes_when_the_first_ones_files_are_gone_does_not_get_their_label(tmp_path: Path) -> None:
    first, _ = visits(tmp_path, ("19740101", "20200101"), ("19810505", "20210101"))
    shutil.rmtree(tmp_path / "dicom" / "0")
    paths, _ = write_series(tmp_path / "dicom" / "2", 2)
    edit(paths, PatientID="0001", IssuerOfPatientID="A", PatientBirthDate="19990909", StudyDate="20180101")
    take_stock(tmp_path / "dicom", tmp_path / "results")
    assert len({record.subject for record in records(tmp_path / "results")} - first) == 2


def test_the_table_of_subjects_names_subjects_and_sessions(tmp_path: Path) -> None:
    patients = []
    for number in range(2):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        patients.append(pydicom.dcmread(paths[0]).PatientID)
    table = tmp_path / "subjects.tsv"
    table.write_text(f"patient_id\tsubject\tsession\tgroup\n{patients[0].lower()}\ts01\tbase\tcontrol\n")
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", subjects=table)
    names = {(row["subject"], row["session"]) for row in rows(Layout(tmp_path / "results").sessions)}
    assert ("s01", "base") in names
    assert (summary.unlisted, len(names)) == (1, 2)


def test_an_edited_row_of_the_table_of_subjects_changes_the_record_of_that_subject_alone(tmp_path: Path) -> None:
    ids = []
    for number in range(2):
        paths, _ = write_series(tmp_path / "dicom" / str(number), number)
        ids.append(pydicom.dcmread(paths[0]).PatientID)
    layout = Layout(tmp_path / "results")
    table = tmp_path / "subjects.tsv"
    config = {**yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8")), "subjects": str(table)}
    written = []
    for age in ("41", "42"):
        table.write_text(f"patient_id\tsubject\tage\tgroup\n{ids[0]}\ts01\t30\tx\n{ids[1]}\ts02\t{age}\tx\n")
        assert not settings.subjects_known(config, layout)
        take_stock(tmp_path / "dicom", layout.results, subjects=table)
        assert settings.subjects_known(config, layout)
        written.append(
            {path.name[:3]: path.read_bytes() for path in layout.record(SessionId("x", "y")).parent.iterdir()}
        )
    assert written[0]["s01"] == written[1]["s01"]
    assert written[0]["s02"] != written[1]["s02"]
    without = {**config, "subjects": None}
    assert fingerprint(config, "deidentify", b"") == fingerprint(without, "deidentify", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("patient_id\tsubject\nA\ts-1\n", "line 2: the subject must be letters and digits"),
        ("patient_id\tsubject\nA\tsub-x1\n", "leave out sub-"),
        ("patient_id\tsubject\nA\ts1\na \ts2\n", "line 3: the patient of line 2 has another subject"),
        ("patient_id;subject\n", "tab-separated"),
        ("patient_id\tsubject\n\ts1\n", "line 2: patient_id is empty"),
    ],
)
def test_a_wrong_table_of_subjects_is_refused_with_the_line(tmp_path: Path, content: str, words: str) -> None:
    table = tmp_path / "subjects.tsv"
    table.write_text(content)
    (tmp_path / "dicom").mkdir()
    with pytest.raises(TableError, match=words):
        take_stock(tmp_path / "dicom", tmp_path / "results", subjects=table)


def test_a_run_that_xa_split_into_twenty_series_is_one_merge_group(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    take_stock(shared_data("siemens_xa30_classic_phantom"), tmp_path)
    (record,) = records(tmp_path)
    groups: dict[str, int] = {}
    for series in record.series:
        if str(series.fields.get("ProtocolName")).startswith("func-bold"):
            groups[series.merge_group] = groups.get(series.merge_group, 0) + 1
    assert list(groups.values()) == [20, 20]


def test_enhanced_files_have_their_timing_under_the_classic_keywords(
    shared_data: Callable[[str], Path], tmp_path: Path
) -> None:
    take_stock(shared_data("siemens_xa30_enhanced"), tmp_path)
    (record,) = records(tmp_path)
    (t1w,) = [series for series in record.series if series.fields["SeriesNumber"] == 5]
    timing = {name: t1w.fields[name] for name in ("EchoTime", "RepetitionTime", "InversionTime", "FlipAngle", "Slices")}
    assert timing == {"EchoTime": 2.41, "RepetitionTime": 1800, "InversionTime": 900, "FlipAngle": 9, "Slices": 96}


ON_GE = "[{{name: x, {}, criteria: {{Manufacturer: 'GE*', EffectiveEchoSpacing: {}}}}}]"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[]", "[{name: x, exclude: a test, criteria: {Manufacturer: 'GE*'}}]"),
        # These wait for dcm2niix, on one scanner: what they will say is not known, only that it is another thing.
        ("[]", ON_GE.format("exclude: a test", "{lt: 1}")),
        (ON_GE.format("exclude: a test", "{lt: 1}"), ON_GE.format("exclude: a test", "{lt: 2}")),
        (ON_GE.format("exclude: a test", 1), ON_GE.format("datatype: anat, suffix: T2w", 1)),
    ],
)
def test_a_changed_rule_changes_the_mapping_of_the_sessions_it_concerns_alone(
    tmp_path: Path, before: str, after: str
) -> None:
    for number, vendor in enumerate(("siemens", "ge")):
        write_series(tmp_path / "dicom" / str(number), number, vendor)
    mappings = []
    for extra in (before, after):
        rules = tmp_path / "rules.yaml"
        rules.write_text(f"extends: shipped\nrules: {extra}\n")
        layout = Layout(tmp_path / "results")
        scan(tmp_path / "dicom", layout, 0, 1)
        collect([layout.scan("0")], layout, KEY, None, rules)
        mappings.append({row["subject"]: row["mapping"] for row in rows(layout.sessions)})
    assert sum(mappings[0][subject] != mappings[1][subject] for subject in mappings[0]) == 1


def test_the_summary_names_own_rules_that_have_no_effect_on_the_cohort(tmp_path: Path) -> None:
    for number, vendor in enumerate(("siemens", "ge")):
        write_series(tmp_path / "dicom" / str(number), number, vendor)
    on_ge = "criteria: {Manufacturer: 'GE*'}"
    text = f"""extends: shipped
rules:
- {{name: ge, priority: 95, datatype: anat, suffix: T1w, {on_ge}}}
- {{name: old, datatype: anat, suffix: T1w, criteria: {{SeriesDescription: nothing}}}}
- {{name: outdone, datatype: anat, suffix: T2w, {on_ge}}}
- {{name: waits, priority: 99, exclude: a test, criteria: {{Manufacturer: 'SIEMENS*', EffectiveEchoSpacing: 1}}}}
- {{name: waits for none, priority: 99, exclude: a test, criteria: {{Manufacturer: 'Acme*', EffectiveEchoSpacing: 1}}}}
scanners:
- name: elsewhere
  when: {{Manufacturer: 'Acme*'}}
  rules: [{{name: junk, exclude: a test, criteria: {{Modality: MR}}}}]
"""
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", rules=own_rules(tmp_path, text))
    assert "4 of your 6 mapping rules have no effect on this cohort: line 4, 5, 7, 11\n" in str(summary)


def test_the_summary_says_nothing_of_shipped_rules_or_of_own_rules_that_all_have_an_effect(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", 0)
    everything = "extends: shipped\nrules:\n- {name: all, priority: 99, exclude: a test, criteria: {Modality: MR}}\n"
    for rules in (RULES, own_rules(tmp_path, everything)):
        summary = take_stock(tmp_path / "dicom", tmp_path / "results", rules=rules)
        assert summary.idle_rules == ()
        assert "of your" not in str(summary)


def test_the_summary_names_a_few_rules_without_effect_and_counts_the_rest(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", 0)
    rule = "- {{name: r{}, exclude: a test, criteria: {{SeriesDescription: nothing}}}}\n"
    text = "rules:\n" + "".join(rule.format(number) for number in range(1, 10))
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", rules=own_rules(tmp_path, text))
    assert "9 of your 9 mapping rules" in str(summary)
    assert "line 2, 3, 4, 5, 6 and 4 more\n" in str(summary)


def test_the_summary_speaks_of_a_single_rule_without_effect_in_the_singular(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom", 0)
    text = "rules:\n- {name: old, exclude: a test, criteria: {SeriesDescription: nothing}}\n"
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", rules=own_rules(tmp_path, text))
    assert "1 of your 1 mapping rules has no effect on this cohort: line 2\n" in str(summary)


def test_the_summary_names_rules_by_their_lines_for_their_names_may_tell_of_somebody(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    edit(paths, PatientName="SMITHSON^KIM", PatientID="MRN 7712345")
    text = """rules:
- {name: t1_smithson, exclude: a test, criteria: {SeriesDescription: nothing}}
- {name: of 7712345, exclude: a test, criteria: {SeriesDescription: nothing}}
- {name: t1_old, exclude: a test, criteria: {SeriesDescription: nothing}}
"""
    summary = take_stock(tmp_path / "dicom", tmp_path / "results", rules=own_rules(tmp_path, text))
    assert "3 of your 3 mapping rules have no effect on this cohort: line 2, 3, 4\n" in str(summary)


def test_groups_without_a_rule_are_suggested_one_in_a_restricted_file(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    edit(paths, SeriesDescription="mystery", ProtocolName="mystery", ScanningSequence="RM", InversionTime=None)
    edit(paths, InversionTime=2500, EchoTime=95, SequenceName="mystery", RepetitionTime=9000)
    summary = take_stock(tmp_path / "dicom", tmp_path / "results")
    layout = Layout(tmp_path / "results")
    assert summary.groups == {"unmapped": 1}
    assert "see restricted/suggested_rules.yaml" in str(summary)
    assert "mystery" in layout.suggested_rules.read_text()
    assert rows(layout.protocol_groups)[0]["suggestion"] == "anat/FLAIR"


def test_series_of_one_merge_group_are_looked_at_together() -> None:
    series = [
        Series(f"s00{number}", "g001", {"EchoTime": 5 * number, "ImageType": ["A", "M"], "Volumes": 1}, ())
        for number in (1, 2)
    ]
    assert merged_fields(series) == {"EchoTime": [5, 10], "ImageType": ["A", "M"], "Volumes": 2}


SETS = {
    "ct_philips_burned_in_screens": {"excluded": 2},
    "fieldmaps_ge_siemens_philips": {"mapped": 8},
    "ge_deidentified_fruit": {"mapped": 1},
    "ge_siemens_epi": {"mapped": 8},
    "philips_elition": {"mapped": 3},
    "siemens_multiecho": {"mapped": 3},
    "siemens_trio_missing_slices": {"mapped": 2, "excluded": 2},
    "siemens_xa30_classic_phantom": {"mapped": 7, "excluded": 15},
    "siemens_xa30_enhanced": {"mapped": 7, "excluded": 13},
    "uih_umr770": {"mapped": 4},
}


@pytest.mark.parametrize("name", SETS)
def test_every_file_of_a_real_set_is_accounted_for_and_every_protocol_group_has_a_rule(
    shared_data: Callable[[str], Path], tmp_path: Path, name: str
) -> None:
    folder = shared_data(name)
    summary = take_stock(folder, tmp_path)
    on_disk = {str(path) for path in folder.rglob("*") if path.is_file()}
    in_records = [file.path for record in records(tmp_path) for series in record.series for file in series.files]
    unused = [row["path"] for row in rows(Layout(tmp_path).files_unused)]
    assert sorted(in_records + unused) == sorted(on_disk)
    assert summary.groups == SETS[name]


OTHERS = {
    "an operator": ({"OperatorsName": "KOWALSKI^PIOTR"}, "Kowalski"),
    "a physician": ({"PerformingPhysicianName": "HOFMANN^EVA"}, "evahofmann"),
    "an accession number": ({"AccessionNumber": "ACC8812345"}, "ACC8812345"),
    "a study's day": ({"StudyDate": "20190314"}, "20190314"),
    "a short name": ({"PatientName": "LI^NA"}, "LiNa"),
    "a name with letters of its own": ({"PatientName": "S\xf8rensen^Bo"}, "Soerensen"),
}


@pytest.mark.parametrize("whose", OTHERS)
def test_no_public_table_shows_what_tells_of_anybody(tmp_path: Path, whose: str) -> None:
    values, word = OTHERS[whose]
    paths, _ = write_series(tmp_path / "dicom", 0)
    values = {"SpecificCharacterSet": "ISO_IR 100", "ManufacturerModelName": f"Scanner{word}", **values}
    edit(paths, ProtocolName=f"anat-T1w_acq-{word}", SeriesDescription=f"anat-T1w_acq-{word}", **values)
    take_stock(tmp_path / "dicom", tmp_path / "results")
    layout = Layout(tmp_path / "results")
    assert word.casefold() not in layout.protocol_groups.read_text().casefold()
    assert word in layout.protocol_groups_restricted.read_text()
    (record,) = records(tmp_path / "results")
    assert "OperatorsName" not in record.series[0].fields


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (("S01", "first"), ""),
        (("MRN7712345", "first"), "line 2: the subject"),
        (("7712345", "first"), "line 2"),
        (("S7712345", "20190314a"), "line 2: the session and the subject holds"),
        (("JaneD", "first"), "line 2: the subject"),
        (("S01", "on14Mar2019"), "line 2: the session"),
    ],
)
def test_a_label_that_tells_who_the_patient_is_is_refused_before_anything_is_written(
    tmp_path: Path, labels: tuple[str, str], told: str
) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    edit(paths, PatientID="MRN 7712345", PatientName="DOE^JANE", StudyDate="20190314")
    table = tmp_path / "subjects.tsv"
    table.write_text("patient_id\tsubject\tsession\nMRN 7712345\t{}\t{}\n".format(*labels))
    if not told:
        take_stock(tmp_path / "dicom", tmp_path / "results", subjects=table)
        return
    with pytest.raises(TableError, match=told) as refused:
        take_stock(tmp_path / "dicom", tmp_path / "results", subjects=table)
    assert "7712345" not in str(refused.value)
    assert not Layout(tmp_path / "results").sessions.exists()


def test_a_label_that_the_settings_name_as_no_secret_is_taken(tmp_path: Path) -> None:
    paths, _ = write_series(tmp_path / "dicom", 0)
    edit(paths, PatientID="CASE0012")
    (tmp_path / "subjects.tsv").write_text("patient_id\tsubject\nCASE0012\tcase0012\n")
    layout = Layout(tmp_path / "results")
    scan(tmp_path / "dicom", layout, 0, 1)
    scans = [layout.scan("0")]
    with pytest.raises(TableError):
        collect(scans, layout, KEY, tmp_path / "subjects.tsv", RULES)
    assert collect(scans, layout, KEY, tmp_path / "subjects.tsv", RULES, ignore=["Case0012"]).subjects == 1
