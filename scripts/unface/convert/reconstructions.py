"""Reconstructions of one acquisition, such as with and without correction of distortion: no repeats, and no runs."""

import re
from collections.abc import Sequence
from typing import Any

from unface.convert.acquisitions import Acquisition
from unface.convert.grouping import Set, by_time, directions, names_of, places, scan, slices
from unface.mapping.criteria import values_of

WORDS = ("ND", "DIS2D", "DIS3D", "NORM", "DEN", "FIL", "PURE", "SCIC", "CLEAR", "MOCO", "SWI")
"""What scanners say of a reconstruction, in ImageType or in a name: each is a label of the entity `rec`."""


def tell(members: Sequence[Acquisition], repeats: str) -> list[str]:
    """Label what is the same acquisition reconstructed in several ways; returns notes on what was decided.

    Labels are words of ImageType or of names, else numbers. Where nothing at all tells reconstructions apart, `last`
    keeps the last.
    """
    notes = []
    groups: dict[tuple[Any, ...], Set] = {}
    for one in members:
        if one.began:
            b_values = tuple(values_of(one.fields.get("DiffusionBValue")))
            images = frozenset(places(one, by_time=True))
            key = (one.plan, one.began, one.stated_run, images, b_values, scan(one), directions(one))
            groups.setdefault(key, []).append(one)
    for group in (sorted(group, key=by_time) for group in groups.values() if len(group) > 1):
        if repeats == "last" and len({(one.protocol, tuple(_texts(one))) for one in group}) == 1:
            notes += _keep_last(group)
        elif group[0].takes("rec"):
            for one, label in zip(group, _labels(group), strict=True):
                one.reconstruction = label
            notes.append(f"{names_of(group)} are reconstructions of one acquisition and are told apart by `rec`")
    return notes


def _keep_last(group: Set) -> list[str]:
    whole = [one for one in group if not one.state]
    if not whole:
        return []
    kept = max(enumerate(whole), key=lambda entry: (slices(entry[1]), entry[0]))[1]
    notes = []
    for one in whole:
        if one is not kept:
            one.state, one.reason = "duplicate", f"another reconstruction of the acquisition of {kept.name}"
            notes.append(f"{one.name} is {one.reason} and is left out; `repeats: all` keeps both")
    return notes


def _labels(group: Set) -> list[str]:
    """What tells reconstructions apart, for each of them; nothing for one that has no word of its own."""
    words = [_words(one) for one in group]
    shared = set(WORDS).intersection(*words)
    labels = ["".join(word.lower() for word in WORDS if word in own - shared) for own in words]
    return labels if len(set(labels)) == len(labels) else [str(number) for number in range(1, len(group) + 1)]


def _words(one: Acquisition) -> set[str]:
    texts = [*_texts(one), *one.protocol]
    return {word for text in texts for word in re.split(r"[^A-Z0-9]+", text.upper())} & set(WORDS)


def _texts(one: Acquisition) -> list[str]:
    """Its ImageType, also as dcm2niix found it in enhanced files."""
    sidecars = [image.sidecar for image in (one.conversion.images if one.conversion else ())]
    told = [
        value for sidecar in sidecars for key in ("ImageType", "ImageTypeText") for value in values_of(sidecar.get(key))
    ]
    return [str(value) for value in (*values_of(one.fields.get("ImageType")), *told)]
