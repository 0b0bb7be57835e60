"""The gate: which sessions may be released. Whatever is not proven here is withheld.

A session passes if every stage ended ok, was made with today's settings and code from what the stage before it holds
today, and if the files that the audit saw are still the same.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unface.audit import records
from unface.audit.records import Released
from unface.release import anonymity, dataset, verdicts
from unface.release.assembly import Assembly, Passed, tools_of
from unface.release.dataset import Metadata, Person
from unface.release.dataset_search import DatasetSearch
from unface.release.history import History
from unface.release.problems import Problem
from unface.release.validator import validate
from unface.release.verdicts import Verdict, Verdicts
from unface.review import ratings
from unface.review.ratings import Ratings, ShownImage
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError, Outcome, Reason
from unface.run.provenance import STALE, Conversions, Fingerprints, is_same, of_session, stale
from unface.run.sessions import SessionId, by_subject
from unface.run.stages import STAGES

log = logging.getLogger("unface")


@dataclass(frozen=True)
class _Examination:
    """What the gate finds in one session.

    Attributes
    ----------
    reasons : sequence of Reason
        Why the session may not be released, what its stages found first.
    passed : Passed or None
        What of it may be released; None if there is a reason.
    unrated : sequence of ShownImage
        Images that wait for a person's rating, if it decides about the session.
    """

    reasons: Sequence[Reason]
    passed: Passed | None
    unrated: Sequence[ShownImage]


def _examine(
    layout: Layout, session: SessionId, fingerprints: Fingerprints, rated: Ratings, *, sessions: Sequence[str]
) -> _Examination:
    """Examine one session; `fingerprints`: its own of today; `sessions`: the labels of all sessions of the subject."""
    outcomes: dict[str, Outcome] = {}
    unproven: list[Reason] = []
    for stage in STAGES:
        try:
            outcomes[stage] = outcome.read(layout.stage(stage, session))
        except JobFailedError:
            unproven.append(_provenance(stage, "has no result, or a damaged one"))
    for stage, result in outcomes.items():
        if not result.ok and not result.reasons:
            unproven.append(_provenance(stage, "is withheld without a reason"))
        differing = stale(layout, result, stage, session, fingerprints[stage], sessions=sessions)
        unproven += [_provenance(stage, STALE[part]) for part in differing]
    by_persons, unrated = ratings.judge(outcomes["deface"], rated) if "deface" in outcomes else ([], [])
    # What a stage found comes first; what only follows from it says nothing new.
    by_stages = list(dict.fromkeys(reason for result in outcomes.values() for reason in result.reasons))
    if standing := [*by_stages, *unproven]:
        # A rating would not release it: nobody is asked for one in vain. What is mended later asks by itself.
        return _Examination([*standing, *(reason for reason in by_persons if reason.code == "rated_fail")], None, ())
    if by_persons:
        return _Examination(by_persons, None, unrated)
    files, reasons = _contents(layout, session, outcomes)
    tools = {tool: version for result in outcomes.values() for tool, version in result.tools.items()}
    return _Examination(reasons, None if reasons else Passed(session, files, tools), unrated)


def _contents(
    layout: Layout, session: SessionId, outcomes: Mapping[str, Outcome]
) -> tuple[tuple[Released, ...], list[Reason]]:
    """The files that the audit saw, if they are those that the stages left."""
    table = layout.stage("audit", session) / records.FILE
    if not is_same(table, outcomes["audit"].outputs.get(records.FILE)):
        return (), [_provenance("audit", "has a changed list of files")]
    files = tuple(records.read(table))
    unproven = [
        file
        for file in files
        if file.source not in ("convert", "deface")
        or not file.path.startswith(f"{session.bids_folder}/")
        or outcomes[file.source].outputs.get(f"bids/{file.path}") != file.sha256
    ]
    return files, [_provenance("audit", "saw other files than the stages left")] if unproven or not files else []


def _provenance(stage: str, sentence: str) -> Reason:
    return Reason("provenance", f"{stage} {sentence}; `unface retry`, then `unface run`", "release")


class _Draft:
    """A release in the making: the sessions that are in it so far, and why each of the others is not."""

    def __init__(self, layout: Layout) -> None:
        self.assembly = Assembly(layout)
        self.passed: dict[SessionId, Passed] = {}
        self.reasons: dict[SessionId, list[Reason]] = {}

    @property
    def withheld(self) -> list[SessionId]:
        return sorted(self.reasons.keys() - self.passed.keys())

    def add(self, session: SessionId, examination: _Examination) -> None:
        """Put a session in if it passed."""
        self.reasons[session] = list(examination.reasons)
        if examination.passed and not self.assembly.add(examination.passed):
            self.reasons[session].append(_provenance("audit", "saw a file that has changed since"))
        elif examination.passed:
            self.passed[session] = examination.passed

    def take_out(self, problems: Sequence[Problem]) -> None:
        """Take out the sessions that problems concern."""
        concerned = {session for session in self.passed for problem in problems if problem.concerns(session)}
        # What can be laid at no session's door concerns the whole dataset.
        for session in concerned or set(self.passed):
            self.reasons[session] += [
                problem.reason for problem in problems if problem.concerns(session) or not concerned
            ]
            del self.passed[session]
            self.assembly.remove(session)

    def verdicts(self) -> list[Verdict]:
        return [Verdict(session, tuple(dict.fromkeys(reasons))) for session, reasons in self.reasons.items()]


def release(
    layout: Layout,
    *,
    sessions: Sequence[SessionId],
    fingerprints: Fingerprints,
    conversions: Conversions,
    metadata: Metadata,
    rated: Ratings,
    ignore: Sequence[str],
    notes: Sequence[str],
) -> Verdicts:
    """Examine every session, assemble what passed into a dataset, validate it, and put it in the last one's place.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    sessions
        Every session of the cohort.
    fingerprints
        Today's digests of settings and code, by stage (`run.fingerprints.fingerprint`).
    conversions
        Today's digests for the conversion of those sessions whose mapping is known (`fingerprints.of_conversions`).
    metadata
        What the dataset's own files say besides what its sessions hold.
    rated
        What persons said of defaced images.
    ignore
        Words that identify nobody although a header holds them as an identifier.
    notes
        What else the author of the release should know; empty ones are left out.

    Returns
    -------
    Verdicts
        On every session, in their order.

    Raises
    ------
    JobFailedError
        If the machine or the validator failed; the last release stays as it is.
    """
    draft = _Draft(layout)
    unrated: list[ShownImage] = []
    sessions_of = by_subject(set(sessions))
    for session in sorted(set(sessions)):
        today = of_session(fingerprints, conversions, session)
        examination = _examine(layout, session, today, rated, sessions=sessions_of[session.subject])
        draft.add(session, examination)
        unrated += examination.unrated
    # It names sessions: one that is not made anew must not outlive them.
    layout.validator_report.unlink(missing_ok=True)
    people: list[Person] = []
    past = history = History.read(layout.history)
    search: DatasetSearch | None = None
    while draft.passed:
        people = dataset.people(layout, draft.assembly.folder, list(draft.passed), metadata.columns)
        history = past.with_release(metadata.settings, fingerprints, list(draft.passed), draft.withheld)
        texts = dataset.texts(people, metadata, tools_of(draft.passed.values()))
        draft.assembly.write({**texts, "CHANGES": history.changes()})
        search = search or DatasetSearch(layout, sorted(draft.reasons), people, ignore)
        files = {session: passed.files for session, passed in draft.passed.items()}
        problems = search.problems(people, metadata, files) or _invalid(layout, draft.assembly)
        if not problems:
            break
        draft.take_out(problems)
    if draft.passed:
        draft.assembly.put_in_place(metadata.settings.keep)
        history.write(layout.history)
    else:
        draft.assembly.leave_nothing(metadata.settings.keep)
    verdicts.write(layout.verdicts, draft.verdicts())
    wanted = ratings.write_wanted(layout.ratings_wanted, unrated)
    log.info("%d of %d sessions released", len(draft.passed), len(draft.reasons))
    notes = [*notes, anonymity.note(people) if draft.passed else "", wanted.note(rated)]
    return Verdicts(draft.verdicts(), layout, tuple(filter(None, notes)))


def _invalid(layout: Layout, assembly: Assembly) -> list[Problem]:
    """What the validator finds."""
    layout.restricted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return validate(assembly.folder, layout.validator_report)
