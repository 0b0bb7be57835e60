"""Mapping rules out of the table that a person filled in (`mapping_table`), tried on the cohort first."""

import hashlib
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from unface.identity.pseudonyms import Key
from unface.inventory import label_words
from unface.inventory.group_criteria import Fields, NothingTellsApartError, criteria_for, distinct
from unface.inventory.mapping_table import Answer
from unface.inventory.protocol_groups import InventoriedAcquisition, ProtocolGroup, group_acquisitions
from unface.inventory.records import SessionRecord
from unface.inventory.sessions import ListedSession
from unface.inventory.suggestions import parameters_of
from unface.mapping.rules import Match, Rules, in_order, load
from unface.run.files import TableError, write_whole
from unface.run.layout import Layout
from unface.run.settings import SHIPPED_RULES

ABOVE_SHIPPED = 95
"""The priority of the rules: the shipped ones have 90 at most."""
_FIRST_LINE = "# Mapping rules that `unface map` made of a table of names; checksum {checksum}.\n"
_HEAD = """\
# They fit the protocol groups of the table and nothing else of the cohort. To change them, edit the table and give it
# to `unface map` again. What stands here comes from the scanner and may identify someone.
extends: shipped
"""


@dataclass(frozen=True)
class Cohort:
    """The acquisitions of the last inventory, and the rules that decide where no table does."""

    acquisitions: Sequence[InventoriedAcquisition]
    """As these rules name them; labels for words of the headers are not decided yet."""
    rules: Rules
    confirmed: Mapping[tuple[str, str], str]
    key: Key

    @classmethod
    def of(cls, layout: Layout, rules: Path, confirmed: Path | None) -> "Cohort":
        """Read the records of the last inventory.

        Parameters
        ----------
        layout
            Where everything of the run lies.
        rules
            The file of mapping rules in use. Of one that a table made, the shipped rules that it extends decide: the
            groups and their ids stay while a person names them.
        confirmed
            The table of labels that a person confirmed, if there is one.

        Returns
        -------
        Cohort
            All of it.
        """
        base = load(SHIPPED_RULES if is_made_of_a_table(rules) else rules)
        sessions = (ListedSession.of(SessionRecord.read(layout.record(id_))) for id_ in layout.read_sessions())
        acquisitions = [acquisition for session in sessions for acquisition in session.acquisitions(base)]
        labels = {word: label for word, (label, _) in label_words.read_confirmed(confirmed).items()}
        return cls(acquisitions, base, labels, Key.load(layout.key))

    def named(self) -> list[InventoriedAcquisition]:
        """The acquisitions with the labels that the inventory would write."""
        labels = label_words.decide(self.acquisitions, self.confirmed, self.key)
        return [label_words.named(acquisition, labels) for acquisition in self.acquisitions]

    def groups(self) -> list[ProtocolGroup]:
        """The protocol groups, as the inventory makes them."""
        return group_acquisitions(self.named(), self.key)

    def by(self, rules: Rules) -> "Cohort":
        """The same acquisitions, decided by further rules together with those here.

        Parameters
        ----------
        rules
            The further ones: of these the user's own count.

        Returns
        -------
        Cohort
            In the same order.
        """
        together = sorted((*self.rules.rules, *rules.own), key=lambda rule: -rule.priority)
        both = Rules(tuple(together), {**self.rules.words, **rules.words})
        decided = [replace(item, decision=both.decide(item.fields)) for item in self.acquisitions]
        return replace(self, acquisitions=decided, rules=both)


def is_made_of_a_table(rules: Path) -> bool:
    """Whether a file of rules is as `rules_text` wrote it, and nobody has edited it since.

    Parameters
    ----------
    rules
        The file.

    Returns
    -------
    bool
        False also where there is none.
    """
    if not rules.is_file():
        return False
    first, _, rest = rules.read_bytes().partition(b"\n")
    return first + b"\n" == _FIRST_LINE.format(checksum=_checksum(rest)).encode()


def _checksum(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def rules_text(cohort: Cohort, groups: Sequence[ProtocolGroup], answers: Mapping[str, Answer], file: str) -> str:
    """The rules that say what a person wrote into the table.

    Parameters
    ----------
    cohort
        All acquisitions, with the rules that decide where the table does not.
    groups
        Its protocol groups.
    answers
        What was written, by group.
    file
        The name of the table, for messages.

    Returns
    -------
    str
        YAML with a rule for each answer, in the order of the groups' ids: the same answers give the same text.

    Raises
    ------
    TableError
        If no header value tells a group from another one that is to have another name.
    """
    members = {group.group: distinct(group) for group in groups}
    priority = max(ABOVE_SHIPPED, *(rule.priority + 1 for rule in cohort.rules.rules))
    body, errors = _HEAD, []
    body += "rules:\n" if answers else "rules: []\n"
    for group in sorted((group for group in groups if group.group in answers), key=lambda group: group.group):
        answer = answers[group.group]
        try:
            criteria = criteria_for(members[group.group], _others(group.group, members, answers))
        except NothingTellsApartError as error:
            other = next(id_ for id_, fields in members.items() if any(entry is error.fields for entry in fields))
            errors.append(
                f"line {answer.line}, column name: nothing that a rule may ask tells this group from {other}: give "
                "both the same name, or leave both to the rules"
            )
            continue
        rule = {"name": group.group, "priority": priority, "criteria": criteria, **answer.says}
        dumped = yaml.safe_dump([rule], default_flow_style=None, sort_keys=False, allow_unicode=True, width=110)
        body += f"\n  # {group.sessions} sessions, {group.series} series; {_one_line(parameters_of(group))}\n"
        body += "".join(f"  {line}\n" for line in dumped.splitlines())
    if errors:
        raise TableError(f"{file}: " + "; ".join(errors))
    return _FIRST_LINE.format(checksum=_checksum(body.encode())) + body


def _one_line(text: str) -> str:
    return re.sub(r"[^ -~]", "?", text)


def _others(id_: str, members: Mapping[str, list[Fields]], answers: Mapping[str, Answer]) -> Iterable[Fields]:
    """The acquisitions of all groups that a rule must not fit: those which are to get the same name may."""
    says = answers[id_].says
    for other, acquisitions in members.items():
        if other != id_ and (other not in answers or answers[other].says != says):
            yield from acquisitions


def changed_besides(
    cohort: Cohort, groups: Sequence[ProtocolGroup], answers: Mapping[str, Answer], text: str, layout: Layout
) -> list[str]:
    """Try the rules on the cohort before they are written.

    Parameters
    ----------
    cohort, groups, answers
        As `rules_text` takes them.
    text
        What it gave.
    layout
        Where everything of the run lies: the rules are tried from a file in `restricted/`.

    Returns
    -------
    list of str
        Groups of no answer that get another label all the same: words of the names that were written become known
        words, and a label may no longer be needed to tell series apart.

    Raises
    ------
    TableError
        If a group would not get the name that was written.
    """
    with tempfile.TemporaryDirectory(dir=layout.restricted) as folder:
        path = Path(folder) / "rules.yaml"
        write_whole(path, text, mode=0o600)
        after = cohort.by(load(path)).named()
    now = {(item.session, item.series): item.match for item in after}
    besides = []
    for group in groups:
        got = {now[member.session, member.series].name for member in group.members}
        answer = answers.get(group.group)
        if answer is None and got != {group.match.name}:
            besides.append(group.group)
        if answer is not None and got != {_name_of(answer.says)}:
            raise TableError(
                f"line {answer.line}, column name: a rule in use gives this group another name all the same"
            )
    return besides


def _name_of(says: Mapping[str, Any]) -> str:
    if "exclude" in says:
        return "excluded"
    entities = in_order(says.get("entities", {}))
    return Match(
        "mapped", datatype=says["datatype"], suffix=says["suffix"], entities=entities, parts=says.get("parts", {})
    ).name
