"""Acquisitions that were measured together and that belong together.

Magnitude and phase of a field map, a run and its single-band reference, two directions of phase encoding, the
inversions of an MP2RAGE, echoes that were written as series of their own.
"""

import math
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from unface.convert.acquisitions import Acquisition
from unface.convert.fieldmaps import METHODS
from unface.mapping.criteria import values_of

Together = list[Acquisition]
"""Acquisitions that were measured together."""

PARAMETERS = ("EchoTime", "InversionTime", "FlipAngle", "RepetitionTime")
"""Acquisitions that differ in one of these were not measured alike."""

_DIRECTION = re.compile(r"(?<![a-z0-9])(AP|PA|LR|RL|HF|FH|SI|IS|up|down|fwd|rev)(?![a-z0-9])", re.IGNORECASE)


def measured_together(acquisitions: Iterable[Acquisition]) -> list[Together]:
    """Sort acquisitions into groups of what was measured together, by time.

    An acquisition joins the group that it began together with, else the one that was measured right before it, if that
    has nothing yet in its place. A single-band reference comes before its run, so it begins a group. Between two
    directions of a field map there may be other images: they find each other by their names, else by their order.

    Parameters
    ----------
    acquisitions
        Converted acquisitions of one session.

    Returns
    -------
    list of list
        Each acquisition in one group, by the time at which the first one of a group began.
    """
    groups: list[Together] = []
    before: Acquisition | None = None
    for acquisition in sorted(acquisitions, key=by_time):
        free = [group for group in groups if _may_join(acquisition, group)]
        simultaneous = [group for group in free if any(began_together(member, acquisition) for member in group)]
        if family_of(acquisition)[1] == "pepolar":
            latest = [group for group in groups if family_of(group[0]) == family_of(acquisition)][-1:]
            beside = [group for group in free if any(_basis(member) == _basis(acquisition) for member in group)]
            beside = beside or [group for group in free if group in latest]
        else:
            beside = [group for group in free if before in group and _may_follow(acquisition, group)]
        home = (simultaneous or beside)[-1:]
        if home:
            home[0].append(acquisition)
        else:
            groups.append([acquisition])
        before = acquisition
    return groups


def same_scan(first: Acquisition, second: Acquisition) -> bool:
    """Whether two acquisitions were measured alike, in one study: with the same parameters, agent and direction.

    Parameters
    ----------
    first, second
        The two; the direction of phase encoding counts where both are converted.

    Returns
    -------
    bool
        Whether their headers agree.
    """
    known = {directions(acquisition) for acquisition in (first, second) if acquisition.conversion}
    return parameters_of(first) == parameters_of(second) and len(known) < 2


def by_time(acquisition: Acquisition) -> tuple[str, bool, str]:
    """The order of acquisitions; a reference is measured before its run even if one time stands in both.

    Parameters
    ----------
    acquisition
        Any acquisition.

    Returns
    -------
    tuple
        A key to sort by.
    """
    return (acquisition.began, not is_reference(acquisition), acquisition.series[0].series)


def is_reference(acquisition: Acquisition) -> bool:
    """Whether an acquisition is a single-band reference, which belongs to the run that follows it.

    Parameters
    ----------
    acquisition
        One that is mapped.

    Returns
    -------
    bool
        Whether its suffix says so.
    """
    return acquisition.match.suffix == "sbref"


def family_of(acquisition: Acquisition) -> tuple[Any, ...]:
    """What the members of a group have in common: their name without all that tells members apart.

    Parameters
    ----------
    acquisition
        One that is mapped.

    Returns
    -------
    datatype, kind, entities
        `kind` is a suffix, or a word for several that belong together, such as a method of `fieldmaps.METHODS`.
    """
    match = acquisition.match
    kind, entities = str(match.suffix).replace("{echo}", "1"), dict(match.entities)
    if match.datatype == "fmap":
        kind = METHODS.get(kind, kind)
        if kind == "pepolar":
            entities.pop("dir", None)
    elif match.datatype in ("func", "dwi"):
        kind = "run"
    elif kind in ("MP2RAGE", "UNIT1"):
        kind = "MP2RAGE"
        entities.pop("inv", None)
    return (match.datatype, kind, tuple(sorted(entities.items())))


def _may_join(acquisition: Acquisition, group: Together) -> bool:
    alike = family_of(acquisition) == family_of(group[0]) and _study(acquisition) == _study(group[0])
    return alike and all(
        acquisition.stated_run == member.stated_run and not _clash(acquisition, member) for member in group
    )


def _may_follow(acquisition: Acquisition, group: Together) -> bool:
    """Whether it may belong to what was measured before it: echoes and parts have one protocol."""
    begins = is_reference(acquisition) and not all(map(is_reference, group))
    return not begins and all(
        acquisition.protocol == member.protocol for member in group if member.match.suffix == acquisition.match.suffix
    )


def began_together(first: Acquisition, second: Acquisition) -> bool:
    """Whether two acquisitions began within a second: they are one scan, whose echoes may differ by milliseconds.

    Parameters
    ----------
    first, second
        The two.

    Returns
    -------
    bool
        False also where it is not known when one of them began.
    """
    if not first.began or not second.began:
        return False
    return abs(datetime.fromisoformat(first.began) - datetime.fromisoformat(second.began)) < timedelta(seconds=1)


def _clash(first: Acquisition, second: Acquisition) -> bool:
    """Whether two acquisitions have images of the same place in a group."""
    # Of what began together and is of one kind, echo times tell echoes apart too, for scanners that number each series
    # from 1. Without that, another echo time is another scan, or the mean of echoes.
    echoes = began_together(first, second) and _kind(first) == _kind(second)
    return bool(places(first, by_time=echoes) & places(second, by_time=echoes))


def _kind(acquisition: Acquisition) -> list[str]:
    """Its ImageType without the number of the echo."""
    values = map(str, values_of(acquisition.fields.get("ImageType")))
    return [value for value in values if not re.fullmatch(r"TE\d+", value)]


def places(acquisition: Acquisition, *, by_time: bool = False) -> set[tuple[Any, ...]]:
    """What the images of an acquisition are within a group: no two members have one place.

    Parameters
    ----------
    acquisition
        The acquisition, converted.
    by_time
        Whether another echo time is another place too.

    Returns
    -------
    set of tuple
        The place of each image.
    """
    match, pepolar = acquisition.match, family_of(acquisition)[1] == "pepolar"
    direction = match.entities.get("dir") or directions(acquisition) if pepolar else None
    shared = (match.suffix, match.entities.get("inv"), direction, acquisition.reconstruction)
    return {
        (*shared, image.kind, image.echo or 1, image.sidecar.get("EchoTime") if by_time else None)
        for image in acquisition.images
    }


def _basis(acquisition: Acquisition) -> frozenset[str]:
    """What the scanner calls it, without the direction of phase encoding."""
    return frozenset(_DIRECTION.sub("", name) for name in acquisition.protocol)


def directions(acquisition: Acquisition) -> frozenset[Any]:
    """The directions of phase encoding of an acquisition's images.

    Parameters
    ----------
    acquisition
        The acquisition, converted.

    Returns
    -------
    frozenset
        Each as dcm2niix writes it, such as `j-`; None stands for one that is not known.
    """
    return frozenset(image.sidecar.get("PhaseEncodingDirection") for image in acquisition.images)


def _study(acquisition: Acquisition) -> frozenset[Any]:
    return frozenset(values_of(acquisition.fields.get("StudyInstanceUID")))


def parameters_of(acquisition: Acquisition) -> tuple[Any, ...]:
    """What headers say of how an acquisition was measured, by which repeats agree.

    Parameters
    ----------
    acquisition
        Any acquisition.

    Returns
    -------
    tuple
        Values of each of `PARAMETERS` in three digits, whether there was a contrast agent, and the study.
    """
    numbers = ({_rounded(value) for value in values_of(acquisition.fields.get(name))} for name in PARAMETERS)
    agent = any(values_of(acquisition.fields.get("ContrastBolusAgent")))
    return (*map(frozenset, numbers), agent, _study(acquisition))


def _rounded(value: Any) -> str:
    """Three digits: what a scanner computes anew for each scan may differ in the last."""
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def slices(acquisition: Acquisition) -> int:
    """Count the slices of all volumes of an acquisition's images.

    Parameters
    ----------
    acquisition
        The acquisition, converted.

    Returns
    -------
    int
        The number of slices.
    """
    return sum(math.prod(geometry.shape[2:]) for geometry in acquisition.shapes)


def names_of(acquisitions: Iterable[Acquisition]) -> str:
    """Name some acquisitions by their series, for messages.

    Parameters
    ----------
    acquisitions
        The acquisitions.

    Returns
    -------
    str
        Their names with commas between them.
    """
    return ", ".join(acquisition.name for acquisition in acquisitions)
