"""The gate: which sessions may be released. Whatever is not proven here is withheld.

A session passes if every stage ended ok, was made with today's settings and code from what the stage before it holds
today, and if the files that the audit saw are still the same.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from unface.audit import records
from unface.audit.records import Released
from unface.release import anonymity, dataset, dataset_search, dictionary, published_settings
from unface.release.assembly import Assembly, Passed, tools_of
from unface.release.history import History
from unface.release.validator import Error, validate
from unface.release.verdicts import Verdict, Verdicts, summary, write
from unface.review import ratings
from unface.review.ratings import Ratings, Shown
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.outcome import JobFailedError, Outcome, Reason
from unface.run.provenance import STALE, Conversions, Fingerprints, is_same, of_session, stale
from unface.run.sessions import SessionId, by_subject
from unface.run.settings import Release
from unface.run.stages import STAGES

__all__ = ["release", "summary"]

log = logging.getLogger("unface")


def examine(
    layout: Layout,
    session: SessionId,
    fingerprints: Fingerprints,
    rated: Ratings,
    *,
    sessions: Sequence[str],
) -> tuple[list[Reason], Passed | None, list[Shown]]:
    """Why a session may not be released, what of it may be if nothing speaks against it, what waits for a rating.

    `sessions`: the labels of all sessions of the subject.
    """
    outcomes: dict[str, Outcome] = {}
    reasons: list[Reason] = []
    for stage in STAGES:
        try:
            outcomes[stage] = outcome.read(layout.stage(stage, session))
        except JobFailedError:
            reasons.append(_provenance(stage, "has no result, or a damaged one"))
    # What a stage found comes first; what only follows from it says nothing new.
    found = list(dict.fromkeys(reason for stage in outcomes.values() for reason in stage.reasons))
    for stage, result in outcomes.items():
        if not result.ok and not result.reasons:
            reasons.append(_provenance(stage, "is withheld without a reason"))
        differing = stale(layout, result, stage, session, fingerprints[stage], sessions=sessions)
        reasons += [_provenance(stage, STALE[part]) for part in differing]
    by_persons, wanted = ratings.judge(outcomes["deface"], rated) if "deface" in outcomes else ([], [])
    reasons += by_persons
    if found or reasons:
        return found + reasons, None, wanted
    files, reasons = _contents(layout, session, outcomes)
    tools = {tool: version for result in outcomes.values() for tool, version in result.tools.items()}
    return reasons, None if reasons else Passed(session, files, tools), wanted


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
    return Reason("provenance", f"{stage} {sentence}; `snakemake retry`, then `snakemake`", "release")


def release(
    layout: Layout,
    *,
    sessions: Sequence[SessionId],
    fingerprints: Fingerprints,
    settings: Release,
    deidentify_options: Sequence[str],
    subjects: Path | None,
    ignore: Sequence[str],
    conversions: Conversions,
    settings_texts: Mapping[str, str],
    data_dictionary: Path | None,
    rated: Ratings,
    notes: Sequence[str],
) -> Verdicts:
    """Examine every session, assemble what passed into a dataset, validate it, and put it in the last one's place.

    Parameters
    ----------
    sessions
        Subject and session label of every session of the cohort.
    fingerprints
        Today's digests of settings and code, by stage (`run.fingerprints.fingerprint`).
    deidentify_options
        Options of DICOM PS3.15 Table E.1-1 that the headers were de-identified with.
    subjects
        The user's table of subjects, if there is one: its further columns go into participants.tsv.
    ignore
        Words that are no secret although a header holds them as an identifier.
    conversions
        Today's digests for the conversion of those sessions whose plan is known (`run.fingerprints.conversions`).
    settings_texts
        The settings, rules and digests of code that go out with the dataset (`published_settings.texts`).
    data_dictionary
        What the user says of the columns of the table of subjects (`dictionary.read`).
    rated
        What persons said of defaced images.
    notes
        What else the author of the release should know.

    Raises
    ------
    JobFailedError
        If the machine or the validator failed; the last release stays as it is.
    TableError
        If the table of subjects or the data dictionary is wrong.
    """
    given = dataset.read_subjects(subjects, deidentify_options)
    meanings = dictionary.read(data_dictionary, given)
    reasons: dict[SessionId, list[Reason]] = {}
    held: dict[SessionId, Passed] = {}
    assembly = Assembly(layout)
    wanted: list[Shown] = []
    sessions_of = by_subject(set(sessions))
    for names in sorted(set(sessions)):
        today = of_session(fingerprints, conversions, names)
        reasons[names], passed, unrated = examine(layout, names, today, rated, sessions=sessions_of[names.subject])
        wanted += unrated
        if passed and not assembly.add(passed):
            reasons[names].append(_provenance("audit", "saw a file that has changed since"))
        elif passed:
            held[names] = passed
    further = [
        *dictionary.words(meanings),
        *(text for source in settings.source_datasets for text in source.values()),
        *published_settings.words(settings_texts),
    ]
    rows: list[dataset.Person] = []
    past = history = History.read(layout.history)
    # It names sessions: one that is not made anew must not outlive them.
    layout.validator_report.unlink(missing_ok=True)
    while held:
        rows = dataset.people(layout, assembly.folder, list(held), given)
        history = past.with_release(settings, fingerprints, list(held), sorted({*reasons} - {*held}))
        texts = dataset.texts(rows, settings, deidentify_options, tools_of(held.values()), meanings=meanings)
        assembly.write({**texts, "CHANGES": history.changes(), **settings_texts})
        found = dataset_search.identified(layout, sorted(reasons), rows, settings, ignore=ignore, further=further)
        found = found or _invalid(layout, assembly.folder)
        if not found:
            break
        concerned = {
            names for names in held for whom, _ in found if whom in (names, (names.subject, None), (None, None))
        }
        # What can be laid at no session's door concerns the whole dataset.
        for names in concerned or set(held):
            known = (names, (names.subject, None), (None, None))
            reasons[names] += [reason for whom, reason in found if whom in known or not concerned]
            del held[names]
            assembly.remove(names)
    if held:
        assembly.put_in_place(settings.keep)
        history.write(layout.history)
    else:
        assembly.leave_nothing(settings.keep)
    verdicts = [Verdict(names, tuple(dict.fromkeys(because))) for names, because in reasons.items()]
    write(layout.verdicts, verdicts)
    ratings.write_wanted(layout.ratings_wanted, wanted)
    said = [*notes, anonymity.note(rows) if held else ""]
    if wanted:
        said.append(
            f"{len(wanted)} images wait for a person's rating: look at their review pages, fill in "
            f"restricted/{layout.ratings_wanted.name}, and name it as the setting `ratings`"
        )
    log.info("%d of %d sessions released", len(held), len(verdicts))
    return Verdicts(verdicts, layout, tuple(filter(None, said)))


Whom = tuple[str | None, str | None]


def _invalid(layout: Layout, folder: Path) -> list[tuple[Whom, Reason]]:
    """What the validator finds, and whom it concerns: a session, a subject, or the whole dataset."""
    layout.restricted.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [
        ((error.subject, error.session), Reason("bids_invalid", _said(error), "release"))
        for error in validate(folder, layout.validator_report)
    ]


def _said(error: Error) -> str:
    return f"the BIDS validator says {error.code}" + (f" of {error.file}" if error.file else "")
