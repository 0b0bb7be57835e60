"""The labels of a cohort for words of headers, as the inventory decided them and the conversion writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from unface.mapping.rules import UNNAMED_TASK, Match, in_order
from unface.run.files import write_whole
from unface.run.outcome import JobFailedError

Word = tuple[str, str]
"""An entity, and a header's word for it (`Match.header_words`)."""

NEUTRAL, LEFT_OUT = "a neutral label", "left out"
"""What becomes of a word that stands in no list."""


@dataclass(frozen=True)
class Labels:
    """What stands for a word: nothing if its label is empty, or if it is no known word and has none."""

    by_word: Mapping[Word, str]

    def named(self, match: Match) -> Match:
        """A match with the cohort's labels.

        Parameters
        ----------
        match
            As the rules make it.

        Returns
        -------
        Match
            The same where no word of its header has another label than its own.
        """
        others = {
            name: self.by_word[name, word] for name, word in match.header_words.items() if (name, word) in self.by_word
        }
        if not others:
            return match
        entities = {**match.entities, **others}
        if "task" in match.entities:
            entities["task"] = entities["task"] or UNNAMED_TASK
        return replace(match, entities=in_order(entities))

    def write(self, path: Path) -> None:
        """Write them, readable by their owner alone: the words may tell of somebody.

        Parameters
        ----------
        path
            Where they go (`Layout.labels`).
        """
        rows = [[*word, label] for word, label in sorted(self.by_word.items())]
        write_whole(path, json.dumps(rows, indent=0) + "\n", mode=0o600)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Parameters
        ----------
        path
            Where they lie.

        Returns
        -------
        Labels
            The same.

        Raises
        ------
        JobFailedError
            If they are missing or cut short: the inventory has to run again.
        """
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
            return cls({(entity, word): label for entity, word, label in rows})
        except (OSError, ValueError, TypeError):
            raise JobFailedError(f"{path.name} is missing or damaged: run the inventory again") from None


def note(words: Mapping[str, int]) -> str:
    """What the inventory says of words that no list holds; nothing where none is left for a person.

    Parameters
    ----------
    words
        How many there are, by what becomes of them.

    Returns
    -------
    str
        A sentence with the place of the table.
    """
    neutral_labels, left_out = words.get(NEUTRAL, 0), words.get(LEFT_OUT, 0)
    if not neutral_labels + left_out:
        return ""
    return (
        f"{neutral_labels + left_out} words of protocol names stand in no list for labels: {left_out} are left out, "
        f"{neutral_labels} are neutral labels, for they tell series apart. See restricted/label_words.tsv; "
        "convert.label_words names a table of those that you confirm"
    )
