"""Acquisitions that get the same name: repeats, or runs.

Decided is on whole sets of what was measured together: their members are kept, left out and numbered together, so that
no image is paired with one of another set.
"""

from collections.abc import Sequence
from typing import Any

from unface.convert import reconstructions
from unface.convert.acquisitions import Acquisition
from unface.convert.fieldmaps import measures_field
from unface.convert.grouping import (
    Set,
    began_together,
    directions,
    family_of,
    is_reference,
    names_of,
    places,
    same_scan,
    sets,
    slices,
)


def settle(acquisitions: Sequence[Acquisition], repeats: str) -> list[str]:
    """Decide which of the acquisitions that would get one name are kept; returns notes on what was decided.

    A repeat has the protocol, the parameters and the study of another one, and was measured at another time. With
    `last` the last of the longest complete ones is kept, with `all` all complete ones are. What is kept beside each
    other is told apart by its direction of phase encoding where that suffices, else numbered as runs, by time.
    """
    members = [one for one in acquisitions if one.match.state == "mapped" and one.conversion and one.conversion.images]
    notes = reconstructions.tell(members, repeats)
    families: dict[tuple[Any, ...], list[Set]] = {}
    for found in sets(one for one in members if one.state != "duplicate"):
        families.setdefault(family_of(found[0]), []).append(found)
    for family in families.values():
        for alike in _repeated(family):
            notes += _keep_one(alike) if repeats == "last" else _tell_shorter(alike)
        for found in family:
            _leave_out_alone(found)
        _doubt_parted(family)
        notes += _number([found for found in family if any(not one.state for one in found)])
    return notes


def _repeated(family: Sequence[Set]) -> list[list[Set]]:
    """Sort sets into those that repeat each other; one that lacks members repeats one that has them."""
    classes: list[list[Set]] = []
    for found in sorted(family, key=lambda found: -len(_all_places(found))):
        home = next((alike for alike in classes if _repeats(found, alike[0])), None)
        if home is None:
            classes.append([found])
        else:
            home.append(found)
    return [[found for found in family if found in alike] for alike in classes]


def _repeats(some: Set, whole: Set) -> bool:
    pairs = [(one, other) for one in some for other in whole if places(one) & places(other)]
    return len({id(one) for one, _ in pairs}) == len(some) and all(
        one.protocol == other.protocol and same_scan(one, other) and not began_together(one, other)
        for one, other in pairs
    )


def _all_places(members: Set) -> set[tuple[Any, ...]]:
    return set().union(*map(places, members))


def _extent(members: Set) -> tuple[int, int]:
    """How much there is of a set: slices of all its images, then images."""
    return sum(map(slices, members)), len(_all_places(members))


def _keep_one(alike: Sequence[Set]) -> list[str]:
    """Keep the last of the longest complete repeats; a shorter one, or one that lacks a member, is incomplete."""
    whole = [found for found in alike if not any(one.state for one in found)]
    if not whole:
        return []
    kept = max(enumerate(whole), key=lambda entry: (_extent(entry[1]), entry[0]))[1]
    notes = []
    for found in alike:
        if found == kept:
            continue
        for one in found:
            one.kept = next((other for other in kept if places(one) & places(other)), kept[0])
            if one.state:
                continue
            if found in whole and _extent(found) == _extent(kept):
                one.state, one.reason = "duplicate", f"of {one.kept.name}, the last complete one"
                notes.append(f"{one.name} repeats {one.kept.name} and is left out; `repeats: all` keeps both")
            else:
                one.state = "incomplete"
                not_whole = f"what was measured with it is not whole, as {names_of(kept)} is"
                one.reason = _shortfall(one, one.kept) or not_whole
    return notes


def _shortfall(one: Acquisition, other: Acquisition) -> str:
    mine, theirs = slices(one), slices(other)
    return f"its repeat {other.name} has {theirs} slices in all volumes, and {mine} are there" if mine < theirs else ""


def _tell_shorter(alike: Sequence[Set]) -> list[str]:
    """Notes on runs that are shorter than another one of their protocol, and may have been stopped."""
    longest = max(alike, key=_extent)
    pairs = [(one, other) for found in alike for one in found for other in longest if places(one) & places(other)]
    return [f"{one.name} is kept: {text}" for one, other in pairs if not one.state and (text := _shortfall(one, other))]


def _leave_out_alone(members: Set) -> None:
    """A reference without its run, and half of a field map, are left out with what they belong to."""
    _, kind, _ = family_of(members[0])
    lost = [one for one in members if one.state]
    for one in members:
        runs = [other for other in members if not is_reference(other)]
        alone = runs and all(other.state for other in runs) if is_reference(one) else kind in ("dualecho", "direct")
        if lost and alone and not one.state:
            one.state, one.reason = "incomplete", f"it belongs to {lost[0].name}, which is left out"


def _doubt_parted(family: Sequence[Set]) -> None:
    """A magnitude and a phase that were not measured together may be halves of two field maps."""
    if family_of(family[0][0])[1] not in ("dualecho", "direct"):
        return
    left = [found for found in family if not any(one.state for one in found)]
    kinds = [{measures_field(suffix) for one in found for suffix in _suffixes(one)} for found in left]
    if {True} in kinds and {False} in kinds:
        for found, has in zip(left, kinds, strict=True):
            if len(has) < 2:
                for one in found:
                    one.state = "ambiguous"
                    one.reason = "magnitude and phase of its field map were not measured together"


def _suffixes(one: Acquisition) -> set[str]:
    images = one.conversion.images if one.conversion else ()
    return {one.match.suffix_for(image.kind, image.echo or 1) for image in images}


def _number(kept: Sequence[Set]) -> list[str]:
    if len(kept) < 2 or _numbered_by_name(kept):
        return []
    first = names_of(next(one for one in found if not one.state) for found in kept)
    if _opposed(kept):
        for one in (one for found in kept for one in found):
            one.told_by_direction = True
        return [f"{first} get one name from the mapping rules and are told apart by `dir`"]
    for number, found in enumerate(kept, start=1):
        for one in found:
            one.run = number
    return [f"{first} get one name from the mapping rules and are numbered as runs"]


def _opposed(kept: Sequence[Set]) -> bool:
    """Whether each set has a direction of phase encoding of its own, and BIDS a place for it that no rule took."""
    members = [one for found in kept for one in found]
    known = [frozenset().union(*map(directions, found)) for found in kept]
    free = all(one.takes("dir") for one in members)
    return free and len(set(known)) == len(kept) and all(len(own) == 1 and None not in own for own in known)


def _numbered_by_name(kept: Sequence[Set]) -> bool:
    """Whether the protocol names already tell the runs apart."""
    stated = {found[0].stated_run for found in kept}
    return None not in stated and len(stated) == len(kept)
