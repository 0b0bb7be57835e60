"""The header survey: which attributes a cohort's headers hold, how they vary, and what happened to them; no value.

Each session writes its part, in which a value stands as a keyed digest; merging compares the digests and drops them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unface.deidentify.rewrite import DatasetRewriter
from unface.deidentify.splitter import Segment
from unface.deidentify.tables import safe_creators
from unface.dicom.elements import LAST_CREATOR, creator_tag
from unface.dicom.encoding import element_at, items
from unface.dicom.standard import keyword_of
from unface.identity.pseudonyms import Key
from unface.run.files import table_text, write_whole
from unface.run.layout import Layout
from unface.run.sessions import SessionId

FILE = "survey.json"
COLUMNS = ("tag", "creator", "keyword", "vr", "files", "subjects", "across_subjects", "within_subject", "action")
MANY = 2
"""The number of different values that is enough to say that an attribute differs."""
UNLISTED = "(not on the safe list)"
"""Stands for private creators that anyone could have typed."""

Attribute = tuple[str, str, str]
"""Tag (after those of the sequences that it stands in), creator, VR."""


@dataclass
class _Tally:
    """What is known of one attribute in the headers of a session."""

    files: int = 0
    values: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)


class Survey:
    """Counts the attributes of one session's headers, nested ones included, up to the pixels.

    Parameters
    ----------
    key
        Makes the digests that stand for values.
    rewriter
        Tells what happens to each attribute.
    """

    def __init__(self, key: Key, rewriter: DatasetRewriter) -> None:
        self._key = key
        self._rewriter = rewriter
        self._tallies: dict[Attribute, _Tally] = defaultdict(_Tally)

    def add(self, segments: Mapping[Segment, int], implicit: bool, sop_class: str) -> None:
        """Count the segments of a series.

        Parameters
        ----------
        segments
            In how many files each stands.
        implicit
            Whether their VRs are implicit.
        sop_class
            SOP Class UID of the files.
        """
        for segment, files in segments.items():
            for part in segment.parts or (segment,):
                here: Counter[Attribute] = Counter()
                creators = {creator_tag(part.tag): part.creator} if part.creator else {}
                self._elements(part.raw, (0, part.size), implicit, creators, (), sop_class, here)
                for attribute in here:
                    self._tallies[attribute].files += files

    def _elements(  # noqa: PLR0917 - a walk, its state and where it counts
        self,
        data: bytes,
        span: tuple[int, int],
        implicit: bool,
        creators: dict[int, str],
        parents: tuple[int, ...],
        sop_class: str,
        here: "Counter[Attribute]",
    ) -> None:
        at, end = span
        while at < end:
            tag, vr, body, at = element_at(data, at, end, implicit)
            action, written_vr, creator = self._rewriter.judge(
                tag, vr, data[body:at], creators, parents[-1] if parents else 0, sop_class
            )
            attribute = _attribute(tag, creator, written_vr, parents)
            here[attribute] += 1
            tally = self._tallies[attribute]
            tally.actions.add(action)
            if len(tally.values) < MANY:
                tally.values.add(self._key.digest("survey", data[body:at].hex()).hex()[:16])
            if action == "recurse":
                within = implicit or vr == b"UN"
                for start, stop in items(data, body, at, within):
                    self._elements(data, (start, stop), within, {}, (*parents, tag), sop_class, here)

    def write(self, folder: Path) -> None:
        """Write the session's part.

        Parameters
        ----------
        folder
            That of the session's stage.
        """
        rows = [
            {
                "attribute": attribute,
                "files": tally.files,
                "values": sorted(tally.values),
                "actions": sorted(tally.actions),
            }
            for attribute, tally in sorted(self._tallies.items())
        ]
        (folder / FILE).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _attribute(tag: int, creator: str, vr: str, parents: tuple[int, ...]) -> Attribute:
    """How an attribute is named: by the sequences that it stands in, and its tag."""
    name, creator, vr = _named(tag, creator, vr)
    return ".".join([*(f"{parent:08x}" for parent in parents), name]), creator, vr


def _named(tag: int, creator: str, vr: str) -> Attribute:
    """How a private attribute is named: by its creator and last two digits, for its block may lie anywhere."""
    # Creators on no safe list are as one: their names are not known to be a vendor's.
    text, number = f"{tag:08x}", tag & 0xFFFF
    if not tag & 0x10000:
        return text, "", vr
    known = (tag >> 16, creator) in safe_creators()
    text = f"{text[:4]}00xx" if number <= LAST_CREATOR else f"{text[:4]}xx{text[6:]}"
    return text, creator if known else UNLISTED, vr


@dataclass
class _Row:
    """What is known of one attribute in the headers of a cohort."""

    files: int = 0
    subjects: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    actions: set[str] = field(default_factory=set)


def merge(layout: Layout, sessions: Iterable[SessionId], output: Path) -> None:
    """Write the survey of a cohort from the parts of its sessions, as a tab-separated table.

    Parameters
    ----------
    layout
        Where the sessions' parts lie.
    sessions
        Those of the cohort; one whose stage left no part (it was withheld) is passed over.
    output
        `report/header_survey.tsv`: it holds no value and no digest of one.
    """
    rows: dict[Attribute, _Row] = defaultdict(_Row)
    for session in sorted(sessions):
        part = layout.stage("deidentify", session) / FILE
        if not part.is_file():
            continue
        for line in part.read_text(encoding="utf-8").splitlines():
            counted = json.loads(line)
            tag, creator, vr = counted["attribute"]
            row = rows[tag, creator, vr]
            row.files += counted["files"]
            row.subjects[session.subject] |= set(counted["values"])
            row.actions |= set(counted["actions"])
    write_whole(output, table_text(COLUMNS, (_as_text(*item) for item in sorted(rows.items()))))


def _as_text(attribute: Attribute, row: _Row) -> dict[str, str]:
    tag, creator, vr = attribute
    values = set[str]().union(*row.subjects.values())
    within = any(len(of_one) > 1 for of_one in row.subjects.values())
    cells: dict[str, Any] = {
        "tag": tag,
        "creator": creator,
        "keyword": "" if creator else keyword_of(int(tag.rpartition(".")[2], 16)),
        "vr": vr,
        "files": row.files,
        "subjects": len(row.subjects),
        "across_subjects": "" if len(row.subjects) == 1 else "same" if len(values) == 1 else "differs",
        "within_subject": "differs" if within else "same",
        "action": " ".join(sorted(row.actions)),
    }
    return {name: str(value) for name, value in cells.items()}
