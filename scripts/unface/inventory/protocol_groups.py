"""Protocol groups: the cohort's acquisitions clustered, so that a curator looks at twenty rows and not at all series.

Acquisitions of one vendor and model with the same names, sequence and image type are one group; their timing and
geometry may differ, and where they do the group says so: what a curator calls a protocol deviation.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unface.identity.pseudonyms import Key
from unface.mapping.rules import Decision, Match
from unface.run.sessions import SessionId

VENDORS = ("Siemens", "GE", "Philips", "UIH", "Canon", "Toshiba", "Hitachi", "Fujifilm", "Bruker", "Agilent", "Esaote")

PARAMETERS = (
    *("MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "Rows", "Columns", "Slices"),
    *("Volumes", "SliceThickness", "PixelSpacing", "DiffusionBValue", "InPlanePhaseEncodingDirection"),
)
"""What may differ within a group and is then named as a variant."""

NAMES = ("SeriesDescription", "ProtocolName")
"""Free text: part of what makes a group, shown in restricted tables only."""


@dataclass(frozen=True)
class InventoriedAcquisition:
    """One acquisition (merge group) of one session, by pseudonyms, and what the mapping rules make of it."""

    session: SessionId
    series: tuple[str, ...]
    fields: Mapping[str, Any]
    decision: Decision

    @property
    def match(self) -> Match:
        """What becomes of it."""
        return self.decision.match


@dataclass(frozen=True)
class ProtocolGroup:
    """Acquisitions with the same protocol on the scanner, and what the rules make of them."""

    group: str
    match: Match
    members: tuple[InventoriedAcquisition, ...]
    fields: Mapping[str, Any]
    """Most common value of each field."""
    variants: Mapping[str, Mapping[str, int]]
    """For each parameter that differs: its values, rounded, and in how many sessions they are."""

    @property
    def series(self) -> int:
        """How many series its members have."""
        return sum(len(member.series) for member in self.members)

    @property
    def sessions(self) -> int:
        """How many sessions its members are of."""
        return len({member.session for member in self.members})

    @property
    def per_session(self) -> tuple[int, ...]:
        """How many of its members stand in one session: each number that there is, in order."""
        return tuple(sorted(set(Counter(member.session for member in self.members).values())))

    @property
    def repeats(self) -> int:
        """How many of its members repeat the name of another one of their session; none where they have no name."""
        return len(self.members) - self.sessions if self.match.state == "mapped" else 0


def group_acquisitions(acquisitions: Iterable[InventoriedAcquisition], key: Key) -> list[ProtocolGroup]:
    """Cluster acquisitions into protocol groups.

    Parameters
    ----------
    acquisitions
        All of the cohort.
    key
        Makes the groups' ids, which stay the same from run to run and tell nothing of the names behind them.

    Returns
    -------
    list of ProtocolGroup
        Most common first.
    """
    members_of: dict[tuple[str, ...], list[InventoriedAcquisition]] = {}
    for acquisition in acquisitions:
        match = acquisition.match
        identity = (*_protocol(acquisition.fields), match.name, *match.rules)
        members_of.setdefault(identity, []).append(acquisition)
    groups = [
        ProtocolGroup(
            group="p" + key.label("protocol", "\0".join(identity))[:7],
            match=members[0].match,
            members=tuple(members),
            fields=_typical(members),
            variants=_variants(members),
        )
        for identity, members in members_of.items()
    ]
    return sorted(groups, key=lambda group: (-group.sessions, -group.series, group.group))


def vendor(manufacturer: Any) -> str:
    """A manufacturer as one of the known vendors.

    Parameters
    ----------
    manufacturer
        The header's Manufacturer, in any spelling.

    Returns
    -------
    str
        One of `VENDORS`; `other` for the rest.
    """
    text = str(manufacturer or "").lower()
    return next((name for name in VENDORS if text.startswith(name.lower()) or f" {name.lower()}" in text), "other")


def _protocol(fields: Mapping[str, Any]) -> tuple[str, ...]:
    sequence = re.sub(r"b\d.*", "b", text_of(fields.get("SequenceName")))
    names = [re.sub(r"\s+", " ", text_of(fields.get(name))).strip().lower() for name in NAMES]
    coded = ("Modality", "ScanningSequence", "SequenceVariant", "ImageType", "MRAcquisitionType")
    return (
        vendor(fields.get("Manufacturer")),
        text_of(fields.get("ManufacturerModelName")),
        *names,
        sequence,
        *(text_of(fields.get(name)) for name in coded),
    )


def text_of(value: Any) -> str:
    """A header value as text.

    Parameters
    ----------
    value
        One value, a list of several, or None.

    Returns
    -------
    str
        Several with DICOM's backslashes between; empty for None.
    """
    return (
        "\\".join(str(part) for part in value) if isinstance(value, list) else str(value if value is not None else "")
    )


def _typical(members: Sequence[InventoriedAcquisition]) -> dict[str, Any]:
    typical = {}
    for name in sorted({name for member in members for name in member.fields}):
        counts = Counter(text_of(member.fields.get(name)) for member in members)
        common = min(counts, key=lambda text: (-counts[text], text))
        typical[name] = next(
            member.fields.get(name) for member in members if text_of(member.fields.get(name)) == common
        )
    return typical


def _variants(members: Sequence[InventoriedAcquisition]) -> dict[str, dict[str, int]]:
    variants = {}
    for name in PARAMETERS:
        sessions: dict[str, set[SessionId]] = {}
        for member in members:
            sessions.setdefault(shown(member.fields.get(name)), set()).add(member.session)
        if len(sessions) > 1:
            counts = {value: len(where) for value, where in sessions.items()}
            variants[name] = dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))
    return variants


def shown(value: Any) -> str:
    """A parameter's value for a person to read.

    Parameters
    ----------
    value
        One value, a list of several, or None.

    Returns
    -------
    str
        Numbers to three digits, lists with slashes and without repeats; empty for None.
    """
    if isinstance(value, list):
        parts = list(dict.fromkeys(shown(part) for part in value))
        return "/".join(parts) if len(parts) <= 6 else f"{parts[0]}..{parts[-1]} ({len(parts)} values)"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value) if value is not None else ""
