"""What unmapped series may be, and a file of rules for a curator to finish."""

import glob
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from unface.inventory.protocol_groups import PARAMETERS, ProtocolGroup, shown, text_of, vendor
from unface.mapping.rules import Match, Rules, load
from unface.run.settings import PROJECT, SHIPPED_RULES

OPEN = ("unmapped", "ambiguous")
"""States that wait for a rule."""

HEAD = """\
# Mapping rules for the {count} protocol groups that no rule names yet, as far as their headers tell. Names in here come
# from the scanner and may identify someone. Check each, change what is wrong, copy the file to a place of your own,
# name it in `convert.rules` of the settings, and run the inventory again.
extends: shipped
rules:
"""


@cache
def _guesses() -> tuple[Rules, Rules]:
    return load(SHIPPED_RULES), load(PROJECT / "resources" / "bids_guesses.yaml")


def suggestion(match: Match, fields: Mapping[str, Any]) -> Match | None:
    """What an acquisition may be that the rules in use leave open.

    Parameters
    ----------
    match
        What the rules in use make of it.
    fields
        Its header values by DICOM keyword.

    Returns
    -------
    Match or None
        A name, or an exclusion; None if the rules do not leave it open, or nothing can be said.
    """
    if match.state not in OPEN:
        return None
    guesses = (rules.match(fields) for rules in _guesses())
    return next((guess for guess in guesses if guess.state in ("mapped", "excluded")), None)


def suggested_rules(groups: Iterable[ProtocolGroup]) -> str | None:
    """A file of rules for a curator to finish.

    Parameters
    ----------
    groups
        All protocol groups of the cohort.

    Returns
    -------
    str or None
        YAML with one rule for each group that waits for one; None if none does. Restricted: it holds free text.
    """
    waiting = [group for group in groups if group.match.state in OPEN]
    if not waiting:
        return None
    names: set[str] = set()
    text = HEAD.format(count=len(waiting))
    for group in waiting:
        text += f"\n  # {group.group}: {group.sessions} sessions, {group.series} series; {parameters_of(group)}\n"
        dumped = yaml.safe_dump([_rule(group, names)], sort_keys=False, allow_unicode=True, width=110)
        text += "".join(f"  {line}\n" for line in dumped.splitlines())
    return text


def _rule(group: ProtocolGroup, names: set[str]) -> dict[str, Any]:
    fields = group.fields
    criteria: dict[str, Any] = {
        name: glob.escape(text_of(fields[name]).strip())
        for name in ("SeriesDescription", "ProtocolName")
        if isinstance(fields.get(name), str)
    }
    if not criteria:
        criteria = {"SequenceName": text_of(fields.get("SequenceName")) or "*"}
    # What has the same name may still be another image: magnitude and phase, or a map.
    image_type = (
        [str(value) for value in fields.get("ImageType") or ()] if isinstance(fields.get("ImageType"), list) else []
    )
    if image_type:
        criteria["ImageType"] = {"all": [glob.escape(value) for value in image_type]}
    rule: dict[str, Any] = {"name": _free_name(criteria, names), "criteria": criteria}
    guess = suggestion(group.match, fields)
    if guess is None:
        return rule | {"exclude": "nothing is known of it: give it a name, or say why it is left out"}
    if guess.state == "excluded":
        return rule | {"exclude": guess.reason}
    rule |= {"datatype": guess.datatype, "suffix": guess.suffix}
    if guess.entities:
        rule["entities"] = dict(guess.entities)
    if guess.parts and not any(re.search(r"\d$", key) for key in guess.parts):
        rule["parts"] = dict(guess.parts)
    return rule


def _free_name(criteria: Mapping[str, Any], names: set[str]) -> str:
    text = str(criteria.get("SeriesDescription") or criteria.get("ProtocolName") or "series")
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "series"
    name = next(name for name in (base, *(f"{base}-{number}" for number in range(2, 10_000))) if name not in names)
    names.add(name)
    return name


def parameters_of(group: ProtocolGroup) -> str:
    """The parameters of a group in one line, for a person to read.

    Parameters
    ----------
    group
        The group.

    Returns
    -------
    str
        Vendor, and each parameter with its most common value.
    """
    values = [(name, shown(group.fields.get(name))) for name in PARAMETERS]
    return ", ".join(
        [vendor(group.fields.get("Manufacturer")), *(f"{name} {value}" for name, value in values if value)]
    )
