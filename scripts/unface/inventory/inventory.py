"""The inventory of a cohort: what the scans read, as sessions, series and protocol groups."""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from unface.identity.pseudonyms import Key
from unface.identity.withdrawn import linked, read_withdrawn
from unface.inventory import label_words, tables
from unface.inventory.people import People, known_so_far
from unface.inventory.protocol_groups import InventoriedAcquisition, group_acquisitions
from unface.inventory.scan import OR_OF_ANOTHER
from unface.inventory.series import Scans
from unface.inventory.sessions import ListedSession, session_record
from unface.inventory.subjects import read_subjects
from unface.inventory.summary import Summary
from unface.inventory.telling_labels import refuse_telling_labels, search_for_people_of
from unface.mapping.label_words import known_words
from unface.mapping.rules import Match, Rules, load
from unface.run.files import table_text, write_whole
from unface.run.fingerprints import rules_digest
from unface.run.folders import A_FOLDER
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import SettingsError, subjects_digest
from unface.run.unread import AN_ARCHIVE


def collect(
    scans: Iterable[Path],
    layout: Layout,
    key: Key,
    subjects: Path | None,
    rules: Path,
    *,
    confirmed: Path | None = None,
    withdrawn: Path | None = None,
    forget: bool = False,
    ignore: Sequence[str] = (),
) -> Summary:
    """Make sessions of what the scans read and write every table of the inventory.

    Files whose content does not change stay untouched, so a second inventory disturbs no session but those that
    changed.

    Parameters
    ----------
    scans
        Files that `scan` wrote, one a shard.
    layout
        Where everything of the run lies.
    key
        Makes the pseudonyms.
    subjects
        The project's table of subjects, if it has one.
    rules
        The mapping rules, for what `protocols.tsv` says of each group.
    confirmed
        The table of labels that a person confirmed for words of headers.
    withdrawn
        The table of subjects who withdrew their consent: they have no sessions.
    forget
        Whether the linkage, too, leaves them out.
    ignore
        Words that are no secret although a header holds them as an identifier.

    Returns
    -------
    Summary
        What the inventory came to.

    Raises
    ------
    TableError, RulesError
        If a table or the rules are wrong, or a label of a table tells who somebody is.
    SettingsError
        If the scans found no image at all, as where a disk is not there: nothing is changed.
    """
    # Before they are read: what is edited meanwhile has another digest when the workflow looks.
    digest, table_digest = rules_digest(rules, confirmed, key.secret), subjects_digest(subjects)
    rules_read = load(rules)
    table = read_subjects(subjects)
    confirmed_read = label_words.read_confirmed(confirmed)
    scans_read = Scans(scans)
    if not scans_read.series:
        raise SettingsError(
            "no DICOM image was found: does dicom_dir name the folder of raw DICOM, and is its disk there? "
            "The last inventory stays as it is"
        )
    refuse_telling_labels(scans_read.series, table, ignore)
    search = search_for_people_of(scans_read.series, [*known_words(), *ignore])
    label_words.refuse_telling(confirmed_read, search)
    people = People(scans_read.series, key, table, known_so_far(layout))
    ever = {*linked(layout), *people.linked()}
    gone_for_good = read_withdrawn(withdrawn, ever)
    people.leave_out(gone_for_good, forget=forget)

    sessions, copies = _write_records(layout, people, scans_read)
    gone = _remove_old_records(layout, sessions)
    as_read = [acquisition for session in sessions for acquisition in session.acquisitions(rules_read)]
    confirmed_labels = {word: label for word, (label, _) in confirmed_read.items()}
    labels = label_words.decide(as_read, confirmed_labels, key)
    labels.write(layout.labels)
    words = label_words.table(as_read, labels, confirmed_labels)
    write_whole(layout.label_words, label_words.text(words), mode=0o600)
    acquisitions = [label_words.named(acquisition, labels) for acquisition in as_read]
    groups = group_acquisitions(acquisitions, key)
    tables.write_protocols(layout, groups, search)
    tables.write_inventory(layout, sessions, groups)
    write_whole(layout.linkage, people.linkage_table(), mode=0o600)
    past = [(subject, patient) for subject, patient in sorted(ever) if not (forget and subject in gone_for_good)]
    write_whole(layout.linkage_past, table_text(("subject", "patient_id"), past), mode=0o600)
    unused = sorted([*scans_read.unused, *((path, "a copy of another file") for path in copies)])
    write_whole(layout.files_unused, table_text(("path", "reason"), unused), mode=0o600)
    mappings, before = _mapping_digests(acquisitions, rules_read, key), layout.read_mappings()
    tables.write_sessions(layout, sessions, mappings, digest)
    write_whole(layout.subjects_digest, table_digest, mode=0o600)

    problems = sum((problems for session in sessions for problems in session.problems), Counter[str]())
    # A damaged archive is told among what is not used, too.
    twice = sum(problems[problem] for problem in problems if problem == OR_OF_ANOTHER or problem.startswith(AN_ARCHIVE))
    dicom = sum(sum(session.files) for session in sessions) - twice + len(copies)
    return Summary(
        files=dicom + sum(not reason.startswith(A_FOLDER) for _, reason in scans_read.unused),
        dicom=dicom,
        unused=dict(Counter(reason for _, reason in scans_read.unused)),
        copies=len(copies),
        broken=problems.total() - twice,
        subjects=len({session.record.subject for session in sessions}),
        sessions=len(sessions),
        series=sum(len(session.files) for session in sessions),
        groups=dict(Counter(group.match.state for group in groups)),
        own_rules=len(rules_read.own),
        idle_rules=_idle_rules(acquisitions, rules_read),
        gone=gone,
        remapped=sum(before.get(session, mapping) != mapping for session, mapping in mappings.items()),
        nameless=people.nameless,
        unlisted=people.unlisted,
        doubtful=people.doubtful,
        repeats=sum(group.repeats for group in groups),
        words=dict(Counter(row["becomes"] for row in words)),
    )


def _write_records(layout: Layout, people: People, scans: Scans) -> tuple[list[ListedSession], list[str]]:
    """Write the record of each session, and remove what was unpacked from archives that changed or are gone.

    Returns
    -------
    sessions : list of ListedSession
        In the order of their labels.
    copies : list of str
        Paths of files that are copies of others.
    """
    sessions: list[ListedSession] = []
    copies: list[str] = []
    unpacked: set[Path] = set()
    root = layout.unpacked.resolve()
    for session, members in sorted(people.sessions.items()):
        record, copies_in_session = session_record(session, members, people, scans)
        record.write(layout.record(session))
        copies += copies_in_session
        paths = (file.path for series in record.series for file in series.files)
        unpacked.update(Path(path).parent for path in paths if path.startswith(f"{root}/"))
        sessions.append(ListedSession.of(record))
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if folder not in unpacked:
            shutil.rmtree(folder)
    return sessions, copies


def _remove_old_records(layout: Layout, sessions: Sequence[ListedSession]) -> int:
    """Take away the records of sessions that are no longer found, and return how many."""
    current = {layout.record(session.record.id) for session in sessions}
    stale = sorted(path for path in layout.records.glob("*.json") if path not in current)
    for path in stale:
        path.unlink()
    return len(stale)


def _mapping_digests(acquisitions: Iterable[InventoriedAcquisition], rules: Rules, key: Key) -> dict[SessionId, str]:
    """For each session a keyed digest of what the rules make of its series: it changes when that does."""
    mappings: dict[SessionId, list[str]] = {}
    for acquisition in acquisitions:
        match, waiting = acquisition.match, acquisition.decision.waiting
        # What a rule will say that waits for the conversion is not known yet, so such a rule counts as it stands.
        made = [acquisition.series, *map(_final, (match, *waiting)), rules.wording(match.waits_for)]
        mappings.setdefault(acquisition.session, []).append(json.dumps(made, sort_keys=True, default=str))
    return {session: key.label("mapping", "\0".join(sorted(made))) for session, made in mappings.items()}


def _final(match: Match) -> dict[str, object]:
    """All of a match that names images: what its labels come from changes nothing."""
    return {**asdict(match), "header_words": None}


def _idle_rules(acquisitions: Iterable[InventoriedAcquisition], rules: Rules) -> tuple[int, ...]:
    """The lines of the user's own rules that have no say in any decision; their names may tell of somebody."""
    effective = {rule for acquisition in acquisitions for rule in acquisition.decision.rules}
    return tuple(rule.line for rule in rules.own if rule not in effective)
