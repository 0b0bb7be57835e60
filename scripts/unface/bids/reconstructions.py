"""Reconstructions of one acquisition, such as with and without correction of distortion: no repeats, and no runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from unface.bids import schema
from unface.bids.criteria import values_of
from unface.bids.images import Acquisition
from unface.bids.sets import Set, by_time, directions, names_of, places, scan, slices

WORDS = ("ND", "DIS2D", "DIS3D", "NORM", "DEN", "FIL", "PURE", "SCIC", "CLEAR", "MOCO")
"""What scanners say of a reconstruction, in ImageType or in a name: each is a label of the entity `rec`."""


def tell(members: Sequence[Acquisition], repeats: str) -> list[str]:
    """Label what is the same acquisition reconstructed in several ways; the last is kept where no label tells."""
    notes = []
    groups: dict[tuple[Any, ...], Set] = {}
    for one in members:
        if one.began:
            b_values = tuple(values_of(one.fields.get("DiffusionBValue")))
            images = frozenset(places(one, by_time=True))
            key = (one.plan, one.began, one.stated_run, images, b_values, scan(one), directions(one))
            groups.setdefault(key, []).append(one)
    for group in (sorted(group, key=by_time) for group in groups.values() if len(group) > 1):
        labels = _labels(group)
        if labels:
            for one, label in zip(group, labels, strict=True):
                one.reconstruction = label
            notes.append(f"{names_of(group)} are reconstructions of one acquisition and are told apart by `rec`")
            continue
        whole = [one for one in group if not one.state]
        if repeats == "last" and whole:
            kept = max(enumerate(whole), key=lambda entry: (slices(entry[1]), entry[0]))[1]
            for one in whole:
                if one is not kept:
                    one.state, one.reason = "duplicate", f"another reconstruction of the acquisition of {kept.name}"
                    notes.append(f"{one.name} is {one.reason} and is left out; a rule can name it by `rec`")
    return notes


def _labels(group: Set) -> list[str]:
    """What tells reconstructions apart, for each of them; nothing if that does not, or BIDS has no such name."""
    match = group[0].match
    suffixes = {str(match.suffix), *match.parts.values()}
    known = schema.names().entities
    takes_label = all(
        "rec" in known.get((str(match.datatype), suffix.replace("{echo}", "1")), ()) for suffix in suffixes
    )
    if "rec" in match.entities or not takes_label:
        return []
    words = [_words(one) for one in group]
    shared = set(WORDS).intersection(*words)
    labels = ["".join(word.lower() for word in WORDS if word in own - shared) for own in words]
    return labels if len(set(labels)) == len(labels) else []


def _words(one: Acquisition) -> set[str]:
    types = [value for image in (one.conversion.images if one.conversion else ()) for value in _types(image.sidecar)]
    texts = [*values_of(one.fields.get("ImageType")), *types, *one.protocol]
    return {word for text in texts for word in re.split(r"[^A-Z0-9]+", str(text).upper())} & set(WORDS)


def _types(sidecar: Mapping[str, Any]) -> list[Any]:
    return [*values_of(sidecar.get("ImageType")), *values_of(sidecar.get("ImageTypeText"))]
