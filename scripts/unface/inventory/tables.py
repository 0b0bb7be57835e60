"""The tables of an inventory, written: its protocol groups, sessions and series."""

from collections.abc import Mapping, Sequence

from unface.identity.label_search import LabelSearch
from unface.inventory import protocol_rows
from unface.inventory.protocol_groups import ProtocolGroup, text_of
from unface.inventory.sessions import ListedSession
from unface.inventory.suggestions import suggested_rules, suggestion
from unface.run.files import table_text, write_whole
from unface.run.layout import Layout
from unface.run.sessions import SessionId

SESSION_COLUMNS = ("subject", "session", "series", "acquisitions", "files", "problems", "mapping", "rules")
INVENTORY_FIELDS = (
    *("Modality", "Manufacturer", "ManufacturerModelName", "SeriesNumber", "SeriesDescription", "ProtocolName"),
    *("SequenceName", "ScanningSequence", "ImageType", "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle"),
    *("Rows", "Columns", "Slices", "Volumes", "SeriesTime", "StudyInstanceUID", "SeriesInstanceUID"),
)
INVENTORY_COLUMNS = (
    *("subject", "session", "series", "merge_group", "protocol_group", "files", "problems"),
    *INVENTORY_FIELDS,
)


def write_protocols(layout: Layout, groups: Sequence[ProtocolGroup], people: LabelSearch) -> None:
    """Write the protocol groups, for everybody and with free text for the curator, and rules for those that wait.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    groups
        All of the cohort, in the order of the table's rows.
    people
        Finds what tells of the cohort's people: the public table does not show it.
    """
    guesses = [suggestion(group.match, group.fields) for group in groups]
    named = [(group, guess.name if guess else "") for group, guess in zip(groups, guesses, strict=True)]
    public = [protocol_rows.public_row(group, people.found_in, name) for group, name in named]
    write_whole(layout.protocol_groups, table_text(protocol_rows.PUBLIC_COLUMNS, public))
    restricted = [protocol_rows.restricted_row(group, name) for group, name in named]
    write_whole(layout.protocol_groups_restricted, table_text(protocol_rows.RESTRICTED_COLUMNS, restricted), mode=0o600)
    rules = suggested_rules(groups)
    if rules is None:
        layout.suggested_rules.unlink(missing_ok=True)
    else:
        write_whole(layout.suggested_rules, rules, mode=0o600)


def write_sessions(
    layout: Layout, sessions: Sequence[ListedSession], mappings: Mapping[SessionId, str], rules: str
) -> None:
    """Write the list of sessions; `mapping` and `rules` tell which have to be converted again when the rules change.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    sessions
        All of the cohort, in the order of the table's rows.
    mappings
        Of each a digest of what the rules make of its series.
    rules
        Digest of the file of mapping rules.
    """
    rows = [
        {
            "subject": listed.record.subject,
            "session": listed.record.session,
            "series": str(len(listed.files)),
            "acquisitions": str(len({series.merge_group for series in listed.record.series})),
            "files": str(sum(listed.files)),
            "problems": str(sum(problems.total() for problems in listed.problems)),
            "mapping": mappings[listed.record.id],
            "rules": rules,
        }
        for listed in sessions
    ]
    write_whole(layout.sessions, table_text(SESSION_COLUMNS, rows))


def write_inventory(layout: Layout, sessions: Sequence[ListedSession], groups: Sequence[ProtocolGroup]) -> None:
    """Write the restricted list of series, each with the id of its protocol group.

    Parameters
    ----------
    layout
        Where everything of the run lies.
    sessions
        All of the cohort, in the order of the table's rows.
    groups
        All protocol groups of these.
    """
    group_of = {
        (member.session, name): group.group for group in groups for member in group.members for name in member.series
    }
    rows = []
    for listed in sessions:
        session = listed.record.id
        for series, files, problems in zip(listed.record.series, listed.files, listed.problems, strict=True):
            rows.append(
                {"subject": session.subject, "session": session.session, "series": series.series}
                | {"merge_group": series.merge_group, "protocol_group": group_of[session, series.series]}
                | {"files": str(files)}
                | {"problems": ", ".join(f"{count} {problem}" for problem, count in sorted(problems.items()))}
                | {name: text_of(series.fields.get(name)) for name in INVENTORY_FIELDS}
            )
    write_whole(layout.inventory, table_text(INVENTORY_COLUMNS, rows), mode=0o600)
