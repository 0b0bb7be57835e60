"""The contract of every stage: bad data withholds, a machine's fault fails the job, a folder is whole or not there."""

import errno
import json
import os
import signal
import tempfile

import pytest

from unface.run import outcome, tools
from unface.run.layout import Layout
from unface.run.limits import TRIES
from unface.run.outcome import JobFailedError, WithheldError
from unface.run.sessions import SessionId

PROTOCOL = {"settings": "s", "code": "c"}


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "results")


def run(layout, work, stage="convert", **options):
    return outcome.run_stage(stage, SessionId("a1", "b2"), work, layout=layout, fingerprint=PROTOCOL, **options)


def folder(layout, stage="convert"):
    return layout.stage(stage, SessionId("a1", "b2"))


def write(text):
    return lambda work: (work.folder / "image").write_text(text)


def test_a_stage_that_goes_well_leaves_its_files_and_their_digests(layout):
    run(layout, write("voxels"))
    result = outcome.read(folder(layout))
    assert result.ok
    assert list(result.outputs) == ["image"]
    assert result.fingerprint == PROTOCOL


def test_a_folder_that_goes_beside_the_stages_is_proven_where_it_lies(layout):
    def work(text):
        def made(task):
            (task.folder / "dicom" / "s001").mkdir(parents=True)
            (task.folder / "dicom" / "s001" / "a.dcm").write_text(text)

        return made

    place = layout.clean_dicom(SessionId("a1", "b2"))
    digests = set()
    for text in ("one", "other"):
        run(layout, work(text), beside={"dicom": place})
        result = outcome.read(folder(layout))
        assert sorted(path.name for path in folder(layout).iterdir()) == [outcome.FILE]
        ((name, digest),) = result.outputs.items()
        assert (folder(layout) / name).resolve() == (place / "s001" / "a.dcm").resolve()
        assert (folder(layout) / name).read_text() == text
        digests.add(digest)
    assert len(digests) == 2


def test_the_folder_beside_a_withheld_stage_is_there_and_empty(layout):
    def refuse(task):
        (task.folder / "dicom").mkdir()
        (task.folder / "dicom" / "half.dcm").write_text("")
        raise WithheldError("unreadable", "series s001 is damaged")

    place = layout.clean_dicom(SessionId("a1", "b2"))
    place.mkdir(parents=True)
    (place / "old.dcm").write_text("")
    result = run(layout, refuse, beside={"dicom": place})
    assert result.outputs == {}
    assert list(place.iterdir()) == []
    assert place.stat().st_mode & 0o777 == 0o700


def test_two_runs_give_the_same_bytes_without_time_or_path(layout, tmp_path):
    run(layout, write("voxels"))
    first = (folder(layout) / outcome.FILE).read_bytes()
    other = Layout(tmp_path / "elsewhere")
    run(other, write("voxels"))
    assert (folder(other) / outcome.FILE).read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_bad_data_withholds_and_leaves_no_half_result(layout):
    def work(task):
        (task.folder / "half").write_text("")
        raise WithheldError("unreadable", "series s001 is damaged")

    result = run(layout, work)
    assert [reason.code for reason in result.reasons] == ["unreadable"]
    assert sorted(path.name for path in folder(layout).iterdir()) == [outcome.FILE]


def test_a_failed_check_withholds_and_keeps_what_a_person_has_to_see(layout):
    def work(task):
        (task.folder / "picture").write_text("")
        task.withhold("face_left", "the nose is left")

    assert run(layout, work).state == "withheld"
    assert (folder(layout) / "picture").exists()


def test_reasons_are_passed_on_and_the_stage_does_nothing(layout):
    def refuse(task):
        raise WithheldError("unreadable", "series s001 is damaged")

    run(layout, refuse, stage="deidentify")
    result = run(layout, write("never"), sources=["deidentify"])
    assert [(reason.code, reason.stage) for reason in result.reasons] == [("unreadable", "deidentify")]
    assert result.outputs == {}


def test_a_bug_withholds_and_its_message_stays_in_the_restricted_folder(layout):
    def work(task):
        raise ValueError("DOE^JANE is not a number")

    result = run(layout, work)
    assert [reason.code for reason in result.reasons] == ["crashed"]
    assert "DOE" not in (folder(layout) / outcome.FILE).read_text()
    assert "DOE^JANE" in (layout.tracebacks / "a1_b2_convert.txt").read_text()
    run(layout, write("mended"))
    assert not list(layout.tracebacks.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_fault_of_the_machine_fails_the_job_without_a_path_in_its_message(layout, number):
    def work(task):
        raise OSError(number, os.strerror(number), "/data/DOE_JANE/1.dcm")

    with pytest.raises(JobFailedError) as caught:
        run(layout, work)
    assert "DOE" not in str(caught.value)
    assert not folder(layout).exists()
    assert list(folder(layout).parent.iterdir()) == []


def test_lack_of_memory_fails_the_job(layout):
    def work(task):
        raise MemoryError

    with pytest.raises(MemoryError):
        run(layout, work)
    assert list(folder(layout).parent.iterdir()) == []


def test_an_outcome_cut_short_is_not_taken_as_one(layout):
    run(layout, write("voxels"))
    path = folder(layout) / outcome.FILE
    path.write_text(path.read_text()[:40])
    with pytest.raises(JobFailedError, match="damaged"):
        outcome.read(folder(layout))


def test_temporary_files_lie_in_the_restricted_folder_and_go(layout):
    before = tempfile.gettempdir()

    def work(task):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            assert str(file.name).startswith(str(layout.restricted))

    run(layout, work)
    assert sorted(path.name for path in folder(layout).iterdir()) == [outcome.FILE]
    assert tempfile.gettempdir() == before


def test_what_is_restricted_can_be_read_by_its_owner_only(layout):
    os.umask(0o000)
    run(layout, write("voxels"))
    assert (folder(layout) / "image").stat().st_mode & 0o077 == 0
    assert layout.restricted.stat().st_mode & 0o077 == 0


def test_an_outcome_is_plain_json(layout):
    run(layout, write("voxels"))
    assert json.loads((folder(layout) / outcome.FILE).read_text())["state"] == "ok"


def test_a_tool_that_hangs_is_stopped_and_withholds(layout):
    result = run(layout, lambda task: tools.run(["sleep", "60"], timeout_s=0.2))
    assert [reason.code for reason in result.reasons] == ["tool_timeout"]


def test_a_tool_that_hangs_ends_before_its_job_and_fails_it_for_another_try(layout):
    signal.setitimer(signal.ITIMER_REAL, tools.TO_CLEAN_UP_S + 0.2)
    try:
        with pytest.raises(JobFailedError, match="in the time of its job"):
            run(layout, lambda task: tools.run(["sleep", "60"], timeout_s=60))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def test_a_tool_that_crashes_withholds(layout):
    result = run(layout, lambda task: tools.run(["sh", "-c", "kill -SEGV $$"], timeout_s=10))
    assert [reason.code for reason in result.reasons] == ["tool_crashed"]


def test_a_tool_that_is_killed_or_finds_the_disk_full_fails_the_job(layout):
    for script in ("kill -KILL $$", "echo write failed: No space left on device; exit 1"):
        with pytest.raises(JobFailedError):
            run(layout, lambda task, script=script: tools.run(["sh", "-c", script], timeout_s=10))


def test_a_tool_that_is_not_installed_fails_the_job_with_what_to_do():
    with pytest.raises(JobFailedError, match="not installed"):
        tools.find("no-such-program")


def lost_memory(task):
    raise MemoryError


def test_what_fails_at_every_try_withholds_the_session_and_no_longer_the_cohort(layout):
    for attempt in range(1, TRIES + 1):
        with pytest.raises(MemoryError):
            run(layout, lost_memory, attempt=attempt)
    result = run(layout, lost_memory, attempt=TRIES + 1)
    assert [(reason.code, reason.stage) for reason in result.reasons] == [("job_failed", "convert")]


def test_a_job_that_was_killed_at_every_try_is_not_tried_once_more(layout):
    run(layout, write("headers"), stage="deidentify")
    outcome._begin(folder(layout))
    result = run(layout, write("never"), sources=["deidentify"], attempt=TRIES + 1)
    assert [reason.code for reason in result.reasons] == ["job_failed"]
    assert list(result.inputs) == ["deidentify"]
    assert sorted(path.name for path in folder(layout).parent.iterdir()) == ["convert", "deidentify"]


def test_a_full_disk_withholds_no_session_however_often_it_is_tried(layout):
    def work(task):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(JobFailedError):
        run(layout, work, attempt=TRIES + 1)
    assert not folder(layout).exists()


def test_a_damaged_result_of_the_stage_before_fails_the_job_and_in_the_end_withholds(layout):
    run(layout, write("voxels"), stage="deidentify")
    (folder(layout, "deidentify") / outcome.FILE).write_text("{")
    with pytest.raises(JobFailedError):
        run(layout, write("never"), sources=["deidentify"])
    result = run(layout, write("never"), sources=["deidentify"], attempt=TRIES + 1)
    assert [reason.code for reason in result.reasons] == ["job_failed"]


@pytest.mark.parametrize("ending", ["well", "in an exception", "having made its folders anew"])
def test_of_two_jobs_for_one_stage_the_one_that_began_last_leaves_the_result(layout, ending):
    """The first job was left over by a controller that died; the second one ends while the first still works."""

    def slow(task):
        (task.folder / "series").mkdir()
        (task.folder / "series" / "1").write_text("half")
        run(layout, write("voxels"))
        if ending == "in an exception":
            raise FileNotFoundError
        if ending == "having made its folders anew":
            (task.folder / "series").mkdir(parents=True)

    with pytest.raises(JobFailedError):
        run(layout, slow)
    assert sorted(path.name for path in folder(layout).iterdir()) == ["image", outcome.FILE]
    assert [path.name for path in folder(layout).parent.iterdir()] == ["convert"]
    assert not layout.tracebacks.exists() or not list(layout.tracebacks.iterdir())
