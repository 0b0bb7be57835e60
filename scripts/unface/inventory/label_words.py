"""Words of headers that stand in no list for labels: what becomes of each, and the table in which a person decides."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unface.identity.label_search import LabelSearch
from unface.identity.pseudonyms import Key
from unface.inventory.protocol_groups import InventoriedAcquisition
from unface.mapping.label_words import folded
from unface.mapping.labels import LEFT_OUT, NEUTRAL, Labels, Word
from unface.mapping.rules import Match
from unface.mapping.schema import name_rules
from unface.run.files import TableError, read_users_table, table_text

COLUMNS = ("word", "entity", "sessions", "label", "becomes")
CONFIRMED = "as convert.label_words says"


def read_confirmed(path: Path | None) -> dict[Word, tuple[str, int]]:
    """Read and check the labels that a person confirmed.

    Parameters
    ----------
    path
        The table; None where there is none.

    Returns
    -------
    dict
        For each word the label that shall be written, empty to leave it out, and the line that says so.

    Raises
    ------
    TableError
        If a column is missing, an entity is unknown, a label is none, or a word has two; no word is repeated.
    """
    confirmed: dict[Word, tuple[str, int]] = {}
    errors = []
    rows = read_users_table(path, "convert.label_words", ("word", "entity", "label")) if path else ()
    for line, row in rows:
        word = (row["entity"], folded(row["word"]))
        if row["entity"] not in name_rules().order:
            errors.append(f"line {line}: there is no such entity; one is the short name, such as task or acq")
        if not word[1]:
            errors.append(f"line {line}: word is empty")
        if not re.fullmatch("[A-Za-z0-9]*", row["label"]):
            errors.append(f"line {line}: a label holds letters and digits only")
        label, before = confirmed.setdefault(word, (row["label"], line))
        if label != row["label"]:
            errors.append(f"line {line}: the word of line {before} has another label there")
    if errors:
        raise TableError("convert.label_words: " + "; ".join(errors))
    return confirmed


def refuse_telling(confirmed: Mapping[Word, tuple[str, int]], people: LabelSearch) -> None:
    """Hold confirmed labels against what the headers say of the cohort's people: labels stand in every path.

    Parameters
    ----------
    confirmed
        As `read_confirmed` gives them.
    people
        Finds what tells of the cohort's people.

    Raises
    ------
    TableError
        If a label does.
    """
    telling = sorted(line for label, line in confirmed.values() if label and people.found_in(label))
    if telling:
        raise TableError(
            f"convert.label_words: the label of line {', '.join(map(str, telling))} holds a name, an ID or a date of "
            "somebody of the cohort, and labels stand in every path: give another, or name the word in audit.ignore if "
            "it is no secret"
        )


def decide(acquisitions: Sequence[InventoriedAcquisition], confirmed: Mapping[Word, str], key: Key) -> Labels:
    """What stands for each word of the cohort's headers that is no label by itself.

    A confirmed word has the label that a person gave it. Another one is left out where nothing else of the cohort would
    get the same name without such words, and has a neutral label everywhere where something would. Of several
    spellings of one known word, one is written.

    Parameters
    ----------
    acquisitions
        All of the cohort.
    confirmed
        Labels that a person confirmed, by word.
    key
        Makes the neutral labels, which stay the same from run to run.

    Returns
    -------
    Labels
        For the conversion, too.
    """
    spelled = Labels(_spellings(acquisitions))
    of_one_name: dict[tuple[object, ...], set[frozenset[Word]]] = {}
    matches = [match for acquisition in acquisitions for match in _may_be(acquisition) if match.state == "mapped"]
    for match in matches:
        without = spelled.named(match)
        name = (without.datatype, without.suffix, *sorted(without.parts.items()), *sorted(without.entities.items()))
        of_one_name.setdefault(name, set()).add(frozenset(match.unknown_words.items()))
    told_apart = {
        word for sets in of_one_name.values() for word in frozenset.union(*sets) - frozenset.intersection(*sets)
    }
    unknown = {word for sets in of_one_name.values() for words in sets for word in words}
    by_itself = {word: neutral(key, word[1]) if word in told_apart else "" for word in unknown}
    return Labels({**spelled.by_word, **by_itself, **confirmed})


def named(acquisition: InventoriedAcquisition, labels: Labels) -> InventoriedAcquisition:
    """An acquisition with the cohort's labels.

    Parameters
    ----------
    acquisition
        As the rules alone name it.
    labels
        The cohort's.

    Returns
    -------
    InventoriedAcquisition
        With the names that the conversion will write.
    """
    decision = acquisition.decision
    waiting = tuple(map(labels.named, decision.waiting))
    return replace(acquisition, decision=replace(decision, match=labels.named(decision.match), waiting=waiting))


def table(
    acquisitions: Iterable[InventoriedAcquisition], labels: Labels, confirmed: Mapping[Word, str]
) -> list[dict[str, str]]:
    """What becomes of each word that no list holds, for a person to look at and to copy.

    Parameters
    ----------
    acquisitions
        All of the cohort.
    labels
        The cohort's.
    confirmed
        Labels that a person confirmed, by word.

    Returns
    -------
    list of dict
        Rows by `COLUMNS`. With the column `label` as it is, a copy changes nothing.
    """
    places = {
        (word, item.session) for item in acquisitions for match in _may_be(item) for word in match.unknown_words.items()
    }
    sessions = Counter(word for word, _ in places)
    rows = []
    for (entity, word), count in sorted(sessions.items()):
        label = labels.by_word.get((entity, word), "")
        becomes = CONFIRMED if (entity, word) in confirmed else NEUTRAL if label else LEFT_OUT
        rows.append({"word": word, "entity": entity, "sessions": str(count), "label": label, "becomes": becomes})
    return rows


def text(rows: Iterable[Mapping[str, str]]) -> str:
    """The table as text.

    Parameters
    ----------
    rows
        As `table` gives them.

    Returns
    -------
    str
        With tabs.
    """
    return table_text(COLUMNS, rows)


def neutral(key: Key, word: str) -> str:
    """A label that tells a word from others and says nothing of it.

    Letters and digits take turns, so that none of it is a name by chance.

    Parameters
    ----------
    key
        Of the cohort.
    word
        The word, folded.

    Returns
    -------
    str
        Such as `x3f9a2k7m`.
    """
    number = int.from_bytes(key.digest("label", word)[:8], "big")
    pairs = []
    for _ in range(4):
        number, letter = divmod(number, 26)
        number, digit = divmod(number, 10)
        pairs.append(f"{digit}{chr(ord('a') + letter)}")
    return "x" + "".join(pairs)


def _may_be(acquisition: InventoriedAcquisition) -> tuple[Match, ...]:
    """What becomes of an acquisition, and what may when the conversion knows more."""
    return (acquisition.match, *acquisition.decision.waiting)


def _spellings(acquisitions: Iterable[InventoriedAcquisition]) -> dict[Word, str]:
    """The spelling of each known word that headers write in several ways: the one with the most large letters."""
    found: dict[Word, set[str]] = {}
    for match in (match for acquisition in acquisitions for match in _may_be(acquisition)):
        for entity, word in match.header_words.items():
            if entity not in match.unknown_words:
                found.setdefault((entity, word), set()).add(match.entities[entity])
    several = {word: spellings for word, spellings in found.items() if len(spellings) > 1}
    return {
        word: max(sorted(spellings), key=lambda spelling: sum(map(str.isupper, spelling)))
        for word, spellings in several.items()
    }
