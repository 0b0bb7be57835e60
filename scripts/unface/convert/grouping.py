"""Sets of acquisitions that were measured together and that belong together.

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

Set = list[Acquisition]

PARAMETERS = ("EchoTime", "InversionTime", "FlipAngle", "RepetitionTime")
"""Acquisitions that differ in one of these were not measured alike."""

_DIRECTION = re.compile(r"(?<![a-z0-9])(AP|PA|LR|RL|HF|FH|SI|IS|up|down|fwd|rev)(?![a-z0-9])", re.IGNORECASE)


def sets(acquisitions: Iterable[Acquisition]) -> list[Set]:
    """Sort acquisitions into sets of what was measured together, by time.

    An acquisition joins the set that it began together with, else the one that was measured right before it, if that
    has nothing yet in its place. A single-band reference comes before its run, so it begins a set. Between two
    directions of a field map there may be other images: they find each other by their names, else by their order.
    """
    found: list[Set] = []
    before: Acquisition | None = None
    for one in sorted(acquisitions, key=by_time):
        free = [other for other in found if _may_join(one, other)]
        together = [other for other in free if any(began_together(member, one) for member in other)]
        if family_of(one)[1] == "pepolar":
            latest = [other for other in found if family_of(other[0]) == family_of(one)][-1:]
            beside = [other for other in free if any(_basis(member) == _basis(one) for member in other)]
            beside = beside or [other for other in free if other in latest]
        else:
            beside = [other for other in free if before in other and _may_follow(one, other)]
        home = (together or beside)[-1:]
        if home:
            home[0].append(one)
        else:
            found.append([one])
        before = one
    return found


def same_scan(one: Acquisition, other: Acquisition) -> bool:
    """Whether two acquisitions were measured alike, in one study: with the same parameters, agent and direction."""
    known = {directions(entry) for entry in (one, other) if entry.conversion}
    return scan(one) == scan(other) and len(known) < 2


def by_time(one: Acquisition) -> tuple[str, bool, str]:
    """The order of acquisitions; a reference is measured before its run even if one time stands in both."""
    return (one.began, not is_reference(one), one.series[0].series)


def is_reference(one: Acquisition) -> bool:
    """Whether it is a single-band reference, which belongs to the run that follows it."""
    return one.match.suffix == "sbref"


def family_of(one: Acquisition) -> tuple[Any, ...]:
    """What the members of a set have in common: what is left when all is taken from a name that tells members apart."""
    suffix, entities = str(one.match.suffix).replace("{echo}", "1"), dict(one.match.entities)
    if one.match.datatype == "fmap":
        suffix = METHODS.get(suffix, suffix)
        if suffix == "pepolar":
            entities.pop("dir", None)
    elif one.match.datatype in ("func", "dwi"):
        suffix = "run"
    elif suffix in ("MP2RAGE", "UNIT1"):
        suffix = "MP2RAGE"
        entities.pop("inv", None)
    return (one.match.datatype, suffix, tuple(sorted(entities.items())))


def _may_join(one: Acquisition, members: Set) -> bool:
    alike = family_of(one) == family_of(members[0]) and _study(one) == _study(members[0])
    return alike and all(one.stated_run == other.stated_run and not _clash(one, other) for other in members)


def _may_follow(one: Acquisition, members: Set) -> bool:
    """Whether it may belong to what was measured before it: echoes and parts have one protocol."""
    begins = is_reference(one) and not all(map(is_reference, members))
    return not begins and all(
        one.protocol == other.protocol for other in members if other.match.suffix == one.match.suffix
    )


def began_together(one: Acquisition, other: Acquisition) -> bool:
    """Whether two acquisitions began within a second: they are one scan, whose echoes may differ by milliseconds."""
    if not one.began or not other.began:
        return False
    return abs(datetime.fromisoformat(one.began) - datetime.fromisoformat(other.began)) < timedelta(seconds=1)


def _clash(one: Acquisition, other: Acquisition) -> bool:
    """Whether two acquisitions have images of the same place in a set.

    Of what began together and is of one kind, echo times tell echoes apart too, for scanners that number each series
    from 1. Without that, another echo time is another scan, or the mean of echoes.
    """
    echoes = began_together(one, other) and _kind(one) == _kind(other)
    return bool(places(one, by_time=echoes) & places(other, by_time=echoes))


def _kind(one: Acquisition) -> list[str]:
    """Its ImageType without the number of the echo."""
    values = map(str, values_of(one.fields.get("ImageType")))
    return [value for value in values if not re.fullmatch(r"TE\d+", value)]


def places(one: Acquisition, *, by_time: bool = False) -> set[tuple[Any, ...]]:
    """What its images are within a set: no two members have one place.

    Parameters
    ----------
    by_time
        Whether another echo time is another place too.
    """
    images = one.conversion.images if one.conversion else ()
    direction = one.match.entities.get("dir") or directions(one) if family_of(one)[1] == "pepolar" else None
    own = (one.match.suffix, one.match.entities.get("inv"), direction, one.reconstruction)
    return {(*own, image.kind, image.echo or 1, image.sidecar.get("EchoTime") if by_time else None) for image in images}


def _basis(one: Acquisition) -> frozenset[str]:
    """What the scanner calls it, without the direction of phase encoding."""
    return frozenset(_DIRECTION.sub("", name) for name in one.protocol)


def directions(one: Acquisition) -> frozenset[Any]:
    """The directions of phase encoding of its images."""
    images = one.conversion.images if one.conversion else ()
    return frozenset(image.sidecar.get("PhaseEncodingDirection") for image in images)


def _study(one: Acquisition) -> frozenset[Any]:
    return frozenset(values_of(one.fields.get("StudyInstanceUID")))


def scan(one: Acquisition) -> tuple[Any, ...]:
    """What headers say of how it was measured, by which repeats agree."""
    numbers = ({_rounded(value) for value in values_of(one.fields.get(name))} for name in PARAMETERS)
    agent = any(values_of(one.fields.get("ContrastBolusAgent")))
    return (*map(frozenset, numbers), agent, _study(one))


def _rounded(value: Any) -> str:
    """Three digits: what a scanner computes anew for each scan may differ in the last."""
    return f"{value:.3g}" if isinstance(value, int | float) else str(value)


def slices(one: Acquisition) -> int:
    """The slices of all volumes of all its images."""
    return sum(math.prod(shape.shape[2:]) for shape in one.shapes)


def names_of(members: Iterable[Acquisition]) -> str:
    """Their series, for messages."""
    return ", ".join(one.name for one in members)
