"""Sessions made of series: the record of each, and what the tables need of it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from unface.inventory.people import People
from unface.inventory.protocol_groups import InventoriedAcquisition
from unface.inventory.records import Series, SessionRecord, merged_fields
from unface.inventory.series import ScannedSeries, Scans
from unface.mapping.criteria import values_of
from unface.mapping.rules import Rules
from unface.run.sessions import SessionId


@dataclass(frozen=True)
class ListedSession:
    """A session without its files: what the tables need of it."""

    record: SessionRecord
    """Its series list no files."""
    files: tuple[int, ...]
    """How many each series has."""
    problems: tuple[Counter[str], ...]
    """What is wrong with files of each series, and with how many."""

    @classmethod
    def of(cls, record: SessionRecord) -> Self:
        """Count the files of a session.

        Parameters
        ----------
        record
            The session.

        Returns
        -------
        ListedSession
            Small enough that all of a cohort stay in memory.
        """
        return cls(
            replace(record, series=tuple(replace(series, files=()) for series in record.series)),
            tuple(len(series.files) for series in record.series),
            tuple(Counter(file.problem for file in series.files if file.problem) for series in record.series),
        )

    def acquisitions(self, rules: Rules) -> Iterator[InventoriedAcquisition]:
        """The acquisitions of a session.

        Parameters
        ----------
        rules
            The mapping rules.

        Yields
        ------
        InventoriedAcquisition
            One for each merge group.
        """
        groups: dict[str, list[Series]] = {}
        for series in self.record.series:
            groups.setdefault(series.merge_group, []).append(series)
        for members in groups.values():
            names = tuple(series.series for series in members)
            fields = merged_fields(members)
            yield InventoriedAcquisition(self.record.id, names, fields, rules.decide(fields))


def session_record(
    session: SessionId, members: Sequence[ScannedSeries], people: People, scans: Scans
) -> tuple[SessionRecord, list[str]]:
    """Make the record of a session.

    Parameters
    ----------
    session
        Its labels.
    members
        Its series, in any order.
    people
        Whose it is, and what the table of subjects says of them.
    scans
        Where the series' files are listed.

    Returns
    -------
    record : SessionRecord
        Its series in the order in which they were measured.
    copies : list of str
        Paths of files that are copies of others, which the record leaves out.
    """
    started: dict[str, tuple[str, str]] = {}
    for series in members:
        when = (series.first("StudyDate", "SeriesDate"), series.first("SeriesTime", "AcquisitionTime"))
        started[series.study] = min(started.get(series.study, when), when)
    in_order = sorted(
        members,
        key=lambda series: (
            started[series.study],
            series.study,
            series.number(),
            _began(series),
            series.series,
            series.kind,
        ),
    )
    contents, files, copies = [], [], []
    for series in in_order:
        kept, copied, images = scans.files(series)
        contents.append(series.fields(images))
        files.append(tuple(kept))
        copies += copied
    recorded = tuple(
        Series(f"s{index:03d}", group, content, of_series)
        for index, (group, content, of_series) in enumerate(
            zip(_merge_groups(contents), contents, files, strict=True), start=1
        )
    )
    told = people.table.demographics(session)
    identity, key = people.identity_of(session.subject), people.key.label("key", "")
    return SessionRecord(*session, identity, recorded, told, key), copies


def _began(series: ScannedSeries) -> str:
    return min((str(value) for value in series.values.get("AcquisitionTime", ())), default="")


def _merge_groups(contents: Sequence[dict[str, Any]]) -> list[str]:
    """Number the acquisitions of a session; series that are one acquisition share a number.

    Siemens XA exports one acquisition as classic files in several series: their SeriesNumbers are 1000 times that of
    the acquisition and counting, and all else, the series' time included, is the same.

    Returns
    -------
    list of str
        `g001` ...: one for each series.
    """
    numbers: dict[tuple[Any, ...], int] = {}
    groups = []
    for index, content in enumerate(contents):
        number = content.get("SeriesNumber")
        split = isinstance(number, int) and number > 1000 and "MFSPLIT" in values_of(content.get("ImageType"))
        same: tuple[Any, ...] = (index,)
        if split and isinstance(number, int) and content.get("SeriesTime"):
            names = ("StudyInstanceUID", "SeriesTime", "SeriesDescription", "ProtocolName", "ImageType", "SOPClassUID")
            same = (number // 1000, *(json.dumps(content.get(name)) for name in (*names, "Rows", "Columns")))
        groups.append(f"g{numbers.setdefault(same, len(numbers) + 1):03d}")
    return groups
