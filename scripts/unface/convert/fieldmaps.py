"""Which field map corrects what: B0FieldIdentifier, B0FieldSource and IntendedFor, from the final names."""

from collections.abc import Mapping, Sequence

from unface.convert.acquisitions import Target
from unface.mapping import names

METHODS = {
    "epi": "pepolar",
    "phasediff": "dualecho",
    "phase1": "dualecho",
    "phase2": "dualecho",
    "magnitude1": "dualecho",
    "magnitude2": "dualecho",
    "fieldmap": "direct",
    "magnitude": "direct",
}
"""The four ways of BIDS to measure the field, by the suffix of the images that belong to each."""

SCANNER = ("Manufacturer", "ManufacturersModelName", "DeviceSerialNumber", "StudyInstanceUID")
"""What an image and the field map that corrects it agree in, as the clean DICOM has it."""

CORRECTED = ("bold", "cbv", "sbref", "dwi", "asl", "m0scan")


def fill_echo_times(targets: Sequence[Target]) -> None:
    """Give a phase difference the echo times of its two magnitudes where its own header has none.

    Parameters
    ----------
    targets
        All images of the session that are kept; the sidecars of some change.
    """
    for target in targets:
        if target.suffix == "phasediff" and not {"EchoTime1", "EchoTime2"} <= set(target.sidecar):
            magnitudes = [other for other in targets if other.suffix in ("magnitude1", "magnitude2")]
            times = sorted(
                {other.sidecar["EchoTime"] for other in magnitudes if _field_map(other) == _field_map(target)}
            )
            if len(times) == 2:
                target.sidecar |= {"EchoTime1": times[0], "EchoTime2": times[1]}


def link(targets: Sequence[Target]) -> list[str]:
    """Write into the sidecars which field map corrects which images.

    A field map corrects images of its own scanner and study. Two directions of phase encoding measure the field, or
    one and an image of the opposite direction, which then is a part of the measurement. A mapping rule may say what its
    field map is for. Of the others, those go first that were shimmed alike, then the last one that was measured before
    the image, else the first one after it; where that decides nothing, the link stays open. Where any field map of the
    session was shimmed as an image is, one that was shimmed otherwise serves no image: else the scanner shims anew for
    each scan, and the shim tells nothing.

    Parameters
    ----------
    targets
        All images of the session that are kept, with their final names.

    Returns
    -------
    list of str
        Notes on links that stay open.
    """
    maps: dict[str, list[Target]] = {}
    for target in targets:
        if target.datatype == "fmap" and target.suffix in METHODS:
            maps.setdefault(_field_map(target), []).append(target)
    measured = {
        name: members for name, members in maps.items() if any(measures_field(member.suffix) for member in members)
    }
    notes = []
    served: dict[str, list[Target]] = {name: [] for name in measured}
    corrected = [target for target in targets if target.suffix in CORRECTED]
    shims_last = any(_same_shim(target, members) for target in corrected for members in measured.values())
    for target in targets:
        fitting = _serving(target, measured, shims_last)
        if len(fitting) == 1:
            target.sidecar["B0FieldSource"] = fitting[0]
            served[fitting[0]].append(target)
        elif not fitting and shims_last and _all_shimmed_otherwise(target, measured):
            notes.append(
                f"{_shown(target)}: each field map that is there was measured with another shim; none is named"
            )
        elif fitting:
            notes.append(f"{_shown(target)}: several field maps may serve it; none is named")
    for name, members in measured.items():
        whole = _is_whole(members)
        if not whole and not served[name]:
            notes.append(f"{_shown(members[0])}: no image of the opposite direction is there; it corrects nothing")
            continue
        for target in members if whole else [*members, *served[name]]:
            target.sidecar["B0FieldIdentifier"] = name
        for member in members:
            if served[name]:
                member.sidecar["IntendedFor"] = sorted(f"bids::{target.stem}.nii.gz" for target in served[name])
    return notes


def _serving(target: Target, measured: Mapping[str, list[Target]], shims_last: bool) -> list[str]:
    """The field maps that may correct an image: one of them, or several where nothing decides."""
    if target.datatype == "fmap":
        return []
    able = {name: members for name, members in measured.items() if _can_correct(members, target)}
    told = {name: {rule for member in members for rule in member.intended_for} for name, members in able.items()}
    named = [name for name, wanted in told.items() if wanted & set(target.rules)]
    free = {name: able[name] for name, wanted in told.items() if not wanted}
    if named or target.suffix not in CORRECTED:
        return named
    same = {name: _same_shim(target, members) for name, members in free.items()}
    if not any(same.values()):
        same = {name: alike is None or not shims_last for name, alike in same.items()}
    return _nearest(target, {name: free[name] for name, serves in same.items() if serves})


def _nearest(target: Target, able: Mapping[str, list[Target]]) -> list[str]:
    """Of field maps, the last that began before an image, else the first after it; all where no time tells."""
    times = {name: min(member.began for member in members) for name, members in able.items()}
    if len(able) < 2 or not target.began or not all(times.values()) or len(set(times.values())) < len(times):
        return list(able)
    before = [name for name, began in times.items() if began <= target.began]
    return [max(before, key=times.__getitem__) if before else min(times, key=times.__getitem__)]


def _can_correct(members: Sequence[Target], target: Target) -> bool:
    same = all(member.image.sidecar.get(key) == target.image.sidecar.get(key) for key in SCANNER for member in members)
    opposed = _direction(target)[::-1] in [_direction(member) for member in members if _direction(member)]
    return same and (_is_whole(members) or opposed)


def _is_whole(members: Sequence[Target]) -> bool:
    """Whether a field map needs no other image: one of two directions has both."""
    directions = {_direction(member) for member in members if _direction(member)}
    return members[0].suffix != "epi" or any(direction[::-1] in directions for direction in directions)


def _direction(target: Target) -> str:
    """Where phase encoding runs in the subject, such as `AP`; empty if that is not known."""
    encoding = target.image.sidecar.get("PhaseEncodingDirection")
    return names.direction(encoding, target.geometry.axes) if encoding else ""


def _shown(target: Target) -> str:
    return target.stem.rsplit("/", 1)[-1]


def _field_map(target: Target) -> str:
    """The name of the field map that an image belongs to: its method, and what tells it from others of the kind."""
    told_apart = [f"{key}{target.entities[key]}" for key in ("acq", "run") if key in target.entities]
    return "_".join([METHODS[target.suffix], *told_apart])


def measures_field(suffix: str) -> bool:
    """Whether an image of a field map holds the field itself; magnitudes stand beside it.

    Parameters
    ----------
    suffix
        Its BIDS suffix.

    Returns
    -------
    bool
        Whether it does.
    """
    return suffix in ("epi", "phasediff", "phase1", "phase2", "fieldmap")


def _all_shimmed_otherwise(target: Target, measured: Mapping[str, list[Target]]) -> bool:
    same = [_same_shim(target, members) for members in measured.values() if _can_correct(members, target)]
    return target.suffix in CORRECTED and bool(same) and all(alike is False for alike in same)


def _same_shim(target: Target, members: Sequence[Target]) -> bool | None:
    """Whether a field map was measured with the shim of an image; None where its or the image's is not known."""
    own = target.image.sidecar.get("ShimSetting")
    shims = [member.image.sidecar.get("ShimSetting") for member in members]
    if own is not None and any(shim not in (None, own) for shim in shims):
        return False
    return True if own is not None and None not in shims else None
