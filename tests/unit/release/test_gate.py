"""The gate lets through what is proven and nothing else."""

import csv
import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.staged_sessions import FINGERPRINTS, IDENTIFIERS, RELEASE, audit, codes, run, stage, stage_session
from unface.audit import records
from unface.audit.records import Released
from unface.release import gate
from unface.release.problems import Problem
from unface.release.verdicts import Verdicts, closing_words
from unface.run.files import sha256
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError, Reason
from unface.run.sessions import SessionId
from unface.run.stages import STAGES

A, B = SessionId("abc", "s1"), SessionId("bcd", "s1")
LONG_AGO = 1_600_000_000_000_000_000
Tamper = Callable[[Layout, SessionId], None]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results")


def released_files(layout: Layout) -> set[str]:
    return {path.relative_to(layout.release).as_posix() for path in layout.release.rglob("*") if path.is_file()}


def verdict_codes(verdicts: Verdicts, session: SessionId = A) -> list[str]:
    return next([r.code for r in v.reasons] for v in verdicts.sessions if v.session == session)


def test_sessions_that_passed_every_stage_are_released_as_a_valid_dataset(layout: Layout) -> None:
    for session in (A, B, SessionId("abc", "s2")):
        result = stage_session(layout, session)
        assert result.ok, result.reasons
    verdicts = run(layout, [A, B, SessionId("abc", "s2")])
    assert [verdict.reasons for verdict in verdicts.sessions] == [(), (), ()]
    files = released_files(layout)
    assert {
        "README",
        "CHANGES",
        "participants.tsv",
        "participants.json",
        "dataset_description.json",
        "sub-abc/sub-abc_sessions.tsv",
        "sub-abc/ses-s2/sub-abc_ses-s2_scans.tsv",
        "sub-bcd/ses-s1/anat/sub-bcd_ses-s1_T1w.nii.gz",
        "sub-bcd/ses-s1/anat/sub-bcd_ses-s1_mod-T1w_defacemask.nii.gz",
    } <= files
    assert "sub-bcd/sub-bcd_sessions.tsv" not in files
    assert {path.stat().st_mode & 0o777 for path in layout.release.rglob("*")} == {0o644, 0o755}
    description = json.loads((layout.release / "dataset_description.json").read_text())
    assert description["GeneratedBy"][1] == {"Name": "dcm2niix", "Version": "1.0"}
    assert "113111" in description["GeneratedBy"][0]["Description"]
    assert closing_words(verdicts).startswith("unface: 3 of 3 sessions released, 0 withheld")


def test_the_defaced_head_is_released_and_not_the_converted_one(layout: Layout) -> None:
    stage_session(layout)
    run(layout, [A])
    image = "sub-abc/ses-s1/anat/sub-abc_ses-s1_T1w.nii.gz"
    assert (layout.release / image).read_bytes() == (layout.stage("deface", A) / "bids" / image).read_bytes()
    assert (layout.release / image).read_bytes() != (layout.stage("convert", A) / "bids" / image).read_bytes()


def test_two_releases_of_the_same_sessions_are_the_same_bytes(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B)
    run(layout, [A, B])
    first = {name: (layout.release / name).read_bytes() for name in released_files(layout)}
    run(layout, [B, A])
    assert {name: (layout.release / name).read_bytes() for name in released_files(layout)} == first


def change_file(name: str) -> Tamper:
    def change(layout: Layout, session: SessionId) -> None:
        path = next(layout.stage(name.split("/", maxsplit=1)[0], session).glob(name.split("/", 1)[1]))
        path.write_bytes(path.read_bytes()[:-1] + b"\7")

    return change


def swap_outcome(layout: Layout, session: SessionId) -> None:
    shutil.copy(layout.stage("compare", B) / "outcome.json", layout.stage("compare", session) / "outcome.json")


def lose_a_file(layout: Layout, session: SessionId) -> None:
    next((layout.stage("convert", session) / "bids").rglob("*.bvec")).unlink()


def add_to_the_contents(layout: Layout, session: SessionId) -> None:
    with (layout.stage("audit", session) / "contents.tsv").open("a") as file:
        file.write("sub-abc/ses-s1/anat/x.nii.gz\tconverted\t00\t1\n")


def edit_outcome(stage: str, **changed: object) -> Tamper:
    def edit(layout: Layout, session: SessionId) -> None:
        path = layout.stage(stage, session) / "outcome.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return edit


def replace_by_a_link(layout: Layout, session: SessionId) -> None:
    path = next((layout.stage("convert", session) / "bids").rglob("*.bvec"))
    other = path.with_name("elsewhere")
    path.rename(other)
    path.symlink_to(other)


TAMPERED: dict[str, Tamper] = {
    "a stage is missing": lambda layout, session: shutil.rmtree(layout.stage("compare", session)),
    "every stage is missing": lambda layout, session: shutil.rmtree(layout.stage("audit", session).parent),
    "an outcome is cut short": change_file("deface/outcome.json"),
    "an outcome of another session": swap_outcome,
    "an outcome without inputs": edit_outcome("audit", inputs={}),
    "an outcome that was made ok by hand": edit_outcome("convert", notes=["all is well"]),
    "an outcome withheld without a reason": edit_outcome("compare", state="withheld"),
    "an image changed after the audit": change_file("deface/bids/*/*/anat/*_T1w.nii.gz"),
    "a sidecar changed after the audit": change_file("convert/bids/*/*/dwi/*_dwi.json"),
    "a file is gone": lose_a_file,
    "a file became a link": replace_by_a_link,
    "the list of files grew": add_to_the_contents,
    "the record changed": lambda layout, session: layout.record(session).write_text("{}") and None,
    "the record is gone": lambda layout, session: layout.record(session).unlink(),
    "the identifiers changed": lambda layout, session: layout.identifiers(session).write_text("{}") and None,
}


def test_each_session_that_was_tampered_with_is_withheld_and_no_other(layout: Layout) -> None:
    tampered = {tamper: SessionId(f"abc{number:02d}", "s1") for number, tamper in enumerate(TAMPERED)}
    for session in (B, *tampered.values()):
        stage_session(layout, session)
    for tamper, session in tampered.items():
        TAMPERED[tamper](layout, session)
    verdicts = run(layout, [B, *tampered.values()])
    codes_by_tamper = {tamper: set(verdict_codes(verdicts, session)) for tamper, session in tampered.items()}
    assert codes_by_tamper == {key: {"provenance"} for key in TAMPERED}
    assert verdict_codes(verdicts, B) == []
    assert not any("abc" in name for name in released_files(layout))
    assert "abc" not in (layout.release / "participants.tsv").read_text()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_made_with_other_settings_withholds_the_session(layout: Layout, stage: str) -> None:
    stage_session(layout)
    changed = FINGERPRINTS | {stage: {"settings": "other", "code": FINGERPRINTS[stage]["code"]}}
    assert verdict_codes(run(layout, [A], fingerprints=changed)) == ["provenance"]


def test_a_conversion_by_another_mapping_than_todays_is_withheld(layout: Layout) -> None:
    for session in (A, B):
        stage_session(layout, session)
    verdicts = run(layout, [A, B], conversions={A: FINGERPRINTS["convert"] | {"settings": "another mapping"}})
    assert verdict_codes(verdicts) == ["provenance"]
    assert verdict_codes(verdicts, B) == []


def test_the_first_cause_is_given_once(layout: Layout) -> None:
    (reason,) = stage_session(
        layout, converted=lambda folder: (folder / "dwi/x.json").write_text("{") and None
    ).reasons[:1]
    verdicts = run(layout, [A])
    assert verdicts.sessions[0].reasons[0] == reason
    assert len(set(verdicts.sessions[0].reasons)) == len(verdicts.sessions[0].reasons)


def test_where_nothing_is_released_the_last_release_goes(layout: Layout) -> None:
    stage_session(layout)
    run(layout, [A])
    shutil.rmtree(layout.stage("audit", A))
    verdicts = run(layout, [A])
    assert not layout.release.exists()
    assert not layout.validator_report.exists()
    assert "provenance" in closing_words(verdicts)
    with layout.verdicts.open(newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert (row["subject"], row["verdict"], row["codes"]) == ("abc", "withheld", "provenance")


def test_a_session_that_the_validator_rejects_is_taken_out(layout: Layout) -> None:
    stage_session(
        layout, A, converted=lambda folder: (folder / "dwi/sub-abc_ses-s1_dwi.bval").write_text("0\n") and None
    )
    stage_session(layout, B)
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["bids_invalid"]
    assert verdict_codes(verdicts, B) == []
    assert not any("abc" in name for name in released_files(layout))


def test_an_error_of_the_whole_dataset_withholds_everything_and_names_the_file(layout: Layout) -> None:
    stage_session(layout)
    table = layout.results / "subjects.tsv"
    table.write_text("subject\tHED\nabc\told\n")
    verdicts = run(layout, [A], subjects=table)
    assert verdict_codes(verdicts) == ["bids_invalid"]
    assert "participants.tsv" in verdicts.sessions[0].reasons[0].sentence
    assert not layout.release.exists()


def test_a_problem_concerns_a_session_or_all_of_a_subject_or_the_whole_dataset() -> None:
    places = [("abc", "s1"), ("abc", None), (None, None), ("abc", "s2"), ("bcd", None)]
    problems = [Problem(Reason("bids_invalid", "x"), *place) for place in places]
    assert [problem.concerns(A) for problem in problems] == [True, True, True, False, False]


def subjects_table(layout: Layout, *rows: str) -> Path:
    path = layout.results / "subjects.tsv"
    path.write_text("\n".join(["patient_id\tsubject\tgroup\tscore", *rows]) + "\n")
    return path


def test_columns_of_the_users_table_stand_in_participants(layout: Layout) -> None:
    stage_session(layout)
    table = subjects_table(layout, "MRN-0048213\tabc\tcontrol\t12")
    verdicts = run(layout, [A], subjects=table)
    assert verdict_codes(verdicts) == []
    assert (layout.release / "participants.tsv").read_text().splitlines() == [
        "participant_id\tsex\tage\tgroup\tscore",
        "sub-abc\tn/a\tn/a\tcontrol\t12",
    ]
    assert "group" in json.loads((layout.release / "participants.json").read_text())


def test_an_identifier_in_a_subjects_row_takes_that_subject_out(layout: Layout) -> None:
    cells = ["Jane D.", "brother of MRN 48213", "seen 190417"]
    owners = [SessionId(f"abc{number}", "s1") for number in range(len(cells))]
    for session in owners:
        stage_session(layout, session)
    stage_session(layout, B, identifiers={"name": ["SMITH^ADAM"]})
    rows = [f"x\t{owner}\t{cell}\t1" for (owner, _), cell in zip(owners, cells, strict=True)]
    verdicts = run(layout, [*owners, B], subjects=subjects_table(layout, *rows, "y\tbcd\tpatient\t2"))
    assert [set(verdict_codes(verdicts, session)) for session in owners] == [{"identifier_found"}] * len(cells)
    assert verdict_codes(verdicts, B) == []
    assert not any(cell in (layout.release / "participants.tsv").read_text() for cell in cells)


def test_another_subjects_identifier_in_a_row_takes_the_row_out(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B, identifiers={"name": ["SMITHERS^ADAM"]})
    table = subjects_table(layout, "x\tabc\tsister of Smithers\t1", "y\tbcd\tpatient\t2")
    verdicts = run(layout, [A, B], subjects=table)
    assert verdict_codes(verdicts) == ["identifier_found"]
    assert verdict_codes(verdicts, B) == []


def test_an_identifier_in_the_datasets_name_withholds_everything(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B, identifiers={"name": ["SMITH^ADAM"]})
    named = replace(RELEASE, name="The case of Jane Maria Doe")
    verdicts = run(layout, [A, B], settings=named)
    assert verdict_codes(verdicts) == verdict_codes(verdicts, B) == ["identifier_found"]
    ignored = run(layout, [A, B], settings=named, ignore=["Jane", "Maria", "Doe"])
    assert verdict_codes(ignored, B) == []


@pytest.mark.parametrize("place", ["a source dataset", "the data dictionary"])
def test_an_identifier_in_what_the_user_says_of_the_dataset_withholds_everything(
    layout: Layout, tmp_path: Path, place: str
) -> None:
    stage_session(layout, A)
    named, told = RELEASE, tmp_path / "dictionary.json"
    told.write_text(json.dumps({"age": {"Description": "Age", "Levels": {}}}))
    if place == "a source dataset":
        named = replace(RELEASE, source_datasets=({"URL": "https://example.org/Saint Elsewhere Hospital"},))
    else:
        told.write_text(json.dumps({"sex": {"Description": "As asked at Saint Elsewhere Hospital"}}))
    assert verdict_codes(run(layout, [A], settings=named, dictionary=told)) == ["identifier_found"]


def test_a_label_that_holds_the_patient_id_is_no_pseudonym(layout: Layout) -> None:
    result = stage_session(layout, SessionId("mrn0048213", "s1"))
    assert codes(result) == {"identifier_found"}


def test_a_file_that_changed_after_a_release_is_read_again(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B)
    image = next((layout.stage("deface", A) / "bids").rglob("*_T1w.nii.gz"))
    for path in layout.stage("deface", A).rglob("*.nii.gz"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    run(layout, [A, B])
    assert verdict_codes(run(layout, [A, B])) == []
    image.write_bytes(image.read_bytes()[:-1] + b"\7")
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["provenance"]
    assert verdict_codes(verdicts, B) == []


def test_a_changed_byte_is_never_released_whatever_its_time_says(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B)
    sidecar = next((layout.stage("convert", A) / "bids").rglob("*_dwi.json"))
    for path in layout.work.rglob("*"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    for _ in range(2):
        assert verdict_codes(run(layout, [A, B])) == []
    sidecar.write_bytes(sidecar.read_bytes()[:-1] + b" ")
    os.utime(sidecar, ns=(LONG_AGO, LONG_AGO))
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["provenance"]
    assert verdict_codes(verdicts, B) == []


@pytest.mark.parametrize("keep", [0, 1])
def test_no_later_release_reads_a_file_that_nothing_happened_to(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, keep: int
) -> None:
    read: list[str] = []

    def reading(path: Path) -> str:
        read.append(path.name)
        return sha256(path)

    monkeypatch.setattr("unface.release.assembly.sha256", reading)
    stage_session(layout, A)
    for path in layout.work.rglob("*"):
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    for number in range(4):
        read.clear()
        assert verdict_codes(run(layout, [A], settings=replace(RELEASE, version=f"1.{number}.0", keep=keep))) == []
        assert bool(read) == (number == 0)


def test_a_release_that_is_a_link_stays_one_and_what_it_leads_to_is_renewed(layout: Layout, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "published"
    layout.results.mkdir()
    layout.release.symlink_to(place)
    stage_session(layout, A)
    for sessions in ([A], [A, B], [B], [A]):
        if B in sessions:
            stage_session(layout, B)
        assert [verdict.reasons for verdict in run(layout, sessions).sessions] == [()] * len(sessions)
        assert layout.release.is_symlink()
        assert {path.name for path in place.glob("sub-*")} == {f"sub-{session.subject}" for session in sessions}
        assert [path.name for path in place.parent.iterdir()] == ["published"]


def test_a_link_to_a_folder_with_something_else_stops_the_release_and_loses_nothing(
    layout: Layout, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    layout.results.mkdir()
    layout.release.symlink_to(tmp_path / "mine")
    stage_session(layout, A)
    with pytest.raises(JobFailedError, match="no release of unface"):
        run(layout, [A])
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_copies_are_released_where_links_are_impossible(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    stage_session(layout)
    assert verdict_codes(run(layout, [A])) == []
    assert all(path.stat().st_nlink == 1 for path in layout.release.rglob("*") if path.is_file())


def test_a_new_audit_after_a_change_releases_the_session(layout: Layout) -> None:
    stage_session(layout)
    layout.identifiers(A).write_text(json.dumps(IDENTIFIERS | {"other": []}))
    assert verdict_codes(run(layout, [A])) == ["provenance"]
    audit(layout, A)
    assert verdict_codes(run(layout, [A], settings=RELEASE)) == []


@pytest.mark.parametrize("change", ["a new session", "other identifiers"])
def test_an_audit_that_knew_less_of_the_subject_than_is_known_today_releases_nothing(
    layout: Layout, change: str
) -> None:
    second = SessionId("abc", "s2")
    stage_session(layout, A)
    stage_session(layout, B)
    if change == "other identifiers":
        stage_session(layout, second)
    path = layout.identifiers(second)
    path.write_text(json.dumps({"name": ["KOWALSKA^ANNA"]}))
    verdicts = run(layout, [A, B, second])
    assert verdict_codes(verdicts, B) == []
    assert "provenance" in verdict_codes(verdicts)
    stage_session(layout, second, identifiers={"name": ["KOWALSKA^ANNA"]})
    assert verdict_codes(run(layout, [A, B, second])) == []


@pytest.mark.parametrize("changed", ["a sidecar is edited", "a file is added"])
def test_what_changed_before_the_audit_saw_it_is_not_released_although_the_audit_found_nothing(
    layout: Layout, changed: str
) -> None:
    stage_session(layout, A)
    stage_session(layout, B)
    dwi = layout.stage("convert", A) / "bids" / A.bids_folder / "dwi"
    if changed == "a sidecar is edited":
        (dwi / f"{A.bids_prefix}_dwi.json").write_text(json.dumps({"EchoTime": 0.09}))
    else:
        for ending in ("nii.gz", "json", "bval", "bvec"):
            shutil.copy(dwi / f"{A.bids_prefix}_dwi.{ending}", dwi / f"{A.bids_prefix}_run-2_dwi.{ending}")
    assert audit(layout, A).ok
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["provenance"]
    assert verdict_codes(verdicts, B) == []
    assert not any("abc" in name for name in released_files(layout))


LISTED: dict[str, Callable[[list[Released]], list[Released]]] = {
    "nothing": lambda _: [],
    "a file of another session": lambda files: [
        replace(file, path=file.path.replace("abc", "bcd")) if file.path.endswith("_T1w.json") else file
        for file in files
    ],
    "a file of a stage that releases none": lambda files: [
        replace(file, source="compare") if file.path.endswith("_T1w.json") else file for file in files
    ],
}


@pytest.mark.parametrize("listed", sorted(LISTED))
def test_an_audit_whose_list_is_not_of_this_sessions_released_files_releases_nothing(
    layout: Layout, listed: str
) -> None:
    """The files are there, and the stages noted them with the digests of the list."""
    sidecar = json.dumps({"EchoTime": 0.003, "Manufacturer": "Scanners"})

    def leave(folder: Path, subject: str) -> None:
        anat = folder / "bids" / f"sub-{subject}" / "ses-s1" / "anat"
        anat.mkdir(parents=True, exist_ok=True)
        (anat / f"sub-{subject}_ses-s1_T1w.json").write_text(sidecar)

    stage_session(layout, B)
    stage_session(layout, A, converted=lambda folder: leave(folder.parents[2], "bcd"))
    stage(layout, "compare", A, lambda work: leave(work.folder, "abc"))
    seen = [file for file in records.read(layout.stage("audit", A) / records.FILE) if "bcd" not in file.path]
    stage(layout, "audit", A, lambda work: records.write(work.folder / records.FILE, LISTED[listed](seen)))
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["provenance"]
    assert verdict_codes(verdicts, B) == []
    assert not any("abc" in name for name in released_files(layout))


def test_a_list_that_is_right_is_released_whatever_else_the_stages_left(layout: Layout) -> None:
    """That the tests above withhold for their lists, and for nothing else."""
    stage_session(layout, A)
    stage(layout, "compare", A, lambda work: (work.folder / "more").write_text("1") and None)
    seen = list(records.read(layout.stage("audit", A) / records.FILE))
    stage(layout, "audit", A, lambda work: records.write(work.folder / records.FILE, seen))
    assert verdict_codes(run(layout, [A])) == []


def test_a_session_withheld_by_one_stage_has_that_reason_alone(layout: Layout) -> None:
    stage_session(layout, A, on_defaced=lambda work: work.withhold("face_left", "the T1w keeps its face"))
    stage_session(layout, B)
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == ["face_left"]
    assert verdict_codes(verdicts, B) == []


def test_sessions_taken_out_for_faults_of_their_own_are_told_their_own_alone(layout: Layout) -> None:
    for subject in ("abc", "bcd"):
        spoiled = f"dwi/sub-{subject}_ses-s1_dwi.bval"
        stage_session(
            layout,
            SessionId(subject, "s1"),
            converted=lambda folder, spoiled=spoiled: (folder / spoiled).write_text("0\n") and None,  # type: ignore[misc]
        )
    stage_session(layout, SessionId("cde", "s1"))
    verdicts = run(layout, [A, B, SessionId("cde", "s1")])
    told = {verdict.session.subject: verdict.reasons for verdict in verdicts.sessions}
    assert [len(told[subject]) for subject in ("abc", "bcd", "cde")] == [1, 1, 0]
    assert not any("bcd" in reason.sentence for reason in told["abc"])
    assert {path.name for path in layout.release.glob("sub-*")} == {"sub-cde"}


def test_a_session_that_is_named_twice_has_one_verdict(layout: Layout) -> None:
    stage_session(layout, A)
    stage_session(layout, B)
    verdicts = run(layout, [A, B, A])
    assert [verdict.session for verdict in verdicts.sessions] == [A, B]
    with layout.verdicts.open(newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file, delimiter="\t")] == ["released", "released"]


def test_a_fault_that_lies_at_no_sessions_door_withholds_every_session(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([[Problem(Reason("bids_invalid", "of a session that is not there"), "other", "s1")]])
    monkeypatch.setattr(gate, "validate", lambda *_: next(found))
    stage_session(layout, A)
    stage_session(layout, B)
    verdicts = run(layout, [A, B])
    assert verdict_codes(verdicts) == verdict_codes(verdicts, B) == ["bids_invalid"]
    assert not layout.release.exists()


def test_each_session_is_told_what_is_wrong_with_itself_and_not_with_another(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {session: Reason("bids_invalid", f"of {session.subject}") for session in (A, B)}
    found = iter([[Problem(reason, *session) for session, reason in own.items()]])
    monkeypatch.setattr(gate, "validate", lambda *_: next(found))
    for session in own:
        stage_session(layout, session)
    verdicts = run(layout, [A, B])
    assert {verdict.session: verdict.reasons for verdict in verdicts.sessions} == {
        session: (reason,) for session, reason in own.items()
    }
