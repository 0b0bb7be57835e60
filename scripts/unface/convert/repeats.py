"""Acquisitions that get the same name: repeats, or runs.

What was measured together is judged together: members of a group are kept, left out and numbered together, so that no
image is paired with one of another group.
"""

from collections.abc import Sequence
from typing import Any

from unface.convert import reconstructions
from unface.convert.acquisitions import Acquisition
from unface.convert.fieldmaps import measures_field
from unface.convert.grouping import (
    Together,
    began_together,
    directions,
    family_of,
    is_reference,
    measured_together,
    names_of,
    places,
    same_scan,
    slices,
)


def settle(acquisitions: Sequence[Acquisition], repeats: str) -> list[str]:
    """Decide which of the acquisitions that would get one name are kept.

    A repeat has the protocol, the parameters and the study of another one, and was measured at another time. With
    `last` the last of the longest complete ones is kept, with `all` all complete ones are. What is kept beside each
    other is told apart by its direction of phase encoding where that suffices, else numbered as runs, by time.

    Parameters
    ----------
    acquisitions
        Those of one session, converted; what is left out gets its state and reason, what is kept its run.
    repeats
        `last` or `all`.

    Returns
    -------
    list of str
        Notes on what was decided.
    """
    mapped = [acquisition for acquisition in acquisitions if acquisition.match.state == "mapped" and acquisition.images]
    notes = reconstructions.tell_apart(mapped, repeats)
    families: dict[tuple[Any, ...], list[Together]] = {}
    for group in measured_together(acquisition for acquisition in mapped if acquisition.state != "duplicate"):
        families.setdefault(family_of(group[0]), []).append(group)
    for family in families.values():
        for alike in _repeated(family):
            notes += _keep_last(alike) if repeats == "last" else _tell_shorter(alike)
        for group in family:
            _leave_out_alone(group)
        _doubt_parted(family)
        notes += _number([group for group in family if any(not member.state for member in group)])
    return notes


def _repeated(family: Sequence[Together]) -> list[list[Together]]:
    """Sort groups into those that repeat each other; one that lacks members repeats one that has them."""
    classes: list[list[Together]] = []
    for group in sorted(family, key=lambda group: -len(_all_places(group))):
        home = next((alike for alike in classes if _repeats(group, alike[0])), None)
        if home is None:
            classes.append([group])
        else:
            home.append(group)
    return [[group for group in family if group in alike] for alike in classes]


def _repeats(group: Together, whole: Together) -> bool:
    pairs = [(member, other) for member in group for other in whole if places(member) & places(other)]
    return len({id(member) for member, _ in pairs}) == len(group) and all(
        member.protocol == other.protocol
        and same_scan(member, other)
        and not began_together(member, other)
        and not _another_shim(member, other)
        for member, other in pairs
    )


def _another_shim(first: Acquisition, second: Acquisition) -> bool:
    """Whether two field maps were measured with shims of their own: each is for the runs of its shim."""
    shims = [
        [image.sidecar.get("ShimSetting") for image in acquisition.images if image.sidecar.get("ShimSetting")]
        for acquisition in (first, second)
    ]
    return first.match.datatype == "fmap" and all(shims) and shims[0][0] != shims[1][0]


def _all_places(group: Together) -> set[tuple[Any, ...]]:
    return set().union(*map(places, group))


def _extent(group: Together) -> tuple[int, int]:
    """How much there is of a group: slices of all its images, then images."""
    return sum(map(slices, group)), len(_all_places(group))


def _keep_last(alike: Sequence[Together]) -> list[str]:
    """Keep the last of the longest complete repeats; a shorter one, or one that lacks a member, is incomplete."""
    complete = [group for group in alike if not any(member.state for member in group)]
    if not complete:
        return []
    kept = max(enumerate(complete), key=lambda entry: (_extent(entry[1]), entry[0]))[1]
    notes = []
    for group in alike:
        if group == kept:
            continue
        for member in group:
            member.kept = next((other for other in kept if places(member) & places(other)), kept[0])
            if member.state:
                continue
            if group in complete and _extent(group) == _extent(kept):
                member.state, member.reason = "duplicate", f"of {member.kept.name}, the last complete one"
                notes.append(f"{member.name} repeats {member.kept.name} and is left out; `repeats: all` keeps both")
            else:
                member.state = "incomplete"
                not_whole = f"what was measured with it is not whole, as {names_of(kept)} is"
                member.reason = _shortfall(member, member.kept) or not_whole
    return notes


def _shortfall(acquisition: Acquisition, other: Acquisition) -> str:
    mine, theirs = slices(acquisition), slices(other)
    return f"its repeat {other.name} has {theirs} slices in all volumes, and {mine} are there" if mine < theirs else ""


def _tell_shorter(alike: Sequence[Together]) -> list[str]:
    """Notes on runs that are shorter than another one of their protocol, and may have been stopped."""
    longest = max(alike, key=_extent)
    pairs = [
        (member, other) for group in alike for member in group for other in longest if places(member) & places(other)
    ]
    return [
        f"{member.name} is kept: {text}"
        for member, other in pairs
        if not member.state and (text := _shortfall(member, other))
    ]


def _leave_out_alone(group: Together) -> None:
    """A reference without its run, and half of a field map, are left out with what they belong to."""
    _, kind, _ = family_of(group[0])
    lost = [member for member in group if member.state]
    for member in group:
        runs = [other for other in group if not is_reference(other)]
        alone = runs and all(other.state for other in runs) if is_reference(member) else kind in ("dualecho", "direct")
        if lost and alone and not member.state:
            member.state, member.reason = "incomplete", f"it belongs to {lost[0].name}, which is left out"


def _doubt_parted(family: Sequence[Together]) -> None:
    """A magnitude and a phase that were not measured together may be halves of two field maps."""
    if family_of(family[0][0])[1] not in ("dualecho", "direct"):
        return
    left = [group for group in family if not any(member.state for member in group)]
    kinds = [{measures_field(suffix) for member in group for suffix in _suffixes(member)} for group in left]
    if {True} in kinds and {False} in kinds:
        for group, kinds_of_group in zip(left, kinds, strict=True):
            if len(kinds_of_group) < 2:
                for member in group:
                    member.state = "ambiguous"
                    member.reason = "magnitude and phase of its field map were not measured together"


def _suffixes(acquisition: Acquisition) -> set[str]:
    return {acquisition.match.suffix_for(image.kind, image.echo or 1) for image in acquisition.images}


def _number(kept: Sequence[Together]) -> list[str]:
    if len(kept) < 2 or _numbered_by_name(kept):
        return []
    first = names_of(next(member for member in group if not member.state) for group in kept)
    if _opposed(kept):
        for member in (member for group in kept for member in group):
            member.told_by_direction = True
        return [f"{first} get one name from the mapping rules and are told apart by `dir`"]
    for number, group in enumerate(kept, start=1):
        for member in group:
            member.run = number
    return [f"{first} get one name from the mapping rules and are numbered as runs"]


def _opposed(kept: Sequence[Together]) -> bool:
    """Whether each group has a direction of phase encoding of its own, and BIDS a place for it that no rule took."""
    known = [frozenset().union(*map(directions, group)) for group in kept]
    free = all(member.takes("dir") for group in kept for member in group)
    return free and len(set(known)) == len(kept) and all(len(own) == 1 and None not in own for own in known)


def _numbered_by_name(kept: Sequence[Together]) -> bool:
    """Whether the protocol names already tell the runs apart."""
    stated = {group[0].stated_run for group in kept}
    return None not in stated and len(stated) == len(kept)
