"""From acquisitions to BIDS names: which echo, which part, and so which suffix and entities."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from unface.convert import nifti_headers
from unface.convert.acquisitions import Acquisition, Target
from unface.convert.dcm2niix import Image
from unface.identity.label_search import LabelSearch
from unface.identity.vocabulary import vocabulary
from unface.mapping import names, schema
from unface.mapping.label_words import known_words
from unface.run.outcome import Work

PARTS = {"magnitude": "mag", "phase": "phase", "real": "real", "imaginary": "imag"}


def name_images(work: Work, acquisitions: Sequence[Acquisition], identifiers: Mapping[str, Sequence[str]]) -> None:
    """Give the images of what is left their names; take out what BIDS has no name for, and names that identify.

    Parameters
    ----------
    work
        The session's work, which is withheld for each acquisition that is taken out.
    acquisitions
        Those of the session; images become the `targets` of each that has no state yet.
    identifiers
        The session's identifiers by kind, of which no name may hold one.
    """
    runs: dict[tuple[Any, ...], list[Acquisition]] = {}
    for acquisition in acquisitions:
        if not acquisition.state:
            runs.setdefault((*acquisition.name_key, acquisition.run), []).append(acquisition)
    owners: dict[str, Acquisition] = {}
    # Labels that come from headers are made of known words already: this looks at those that a person wrote.
    search = LabelSearch(identifiers, vocabulary() | {word.encode() for word in known_words()})
    for run in runs.values():
        try:
            _place(run)
        except ValueError as error:
            _refuse(work, run, str(error))
            continue
        for acquisition in run:
            for target in acquisition.targets:
                if telling := [name for name, label in target.entities.items() if search.found_in(label)]:
                    sentence = f"its {telling[0]} would hold one of the subject's own identifiers"
                    _refuse(work, [acquisition], sentence, "identifier_found")
                    break
                target.stem = names.stem(work.session, target.datatype, target.entities, target.suffix)
                if len(target.stem.rsplit("/", 1)[-1]) > names.LONGEST_STEM:
                    _refuse(work, [acquisition], "its name would be longer than the name of a file may be")
                elif not names.is_valid(f"{target.stem}.nii.gz"):
                    shown = target.stem.rsplit("/", 1)[-1].removeprefix(work.session.bids_prefix + "_")
                    _refuse(work, [acquisition], f"BIDS does not know the name {target.datatype}/{shown}")
                elif target.stem in owners:
                    sentence = f"one of its images would get the name of one of {owners[target.stem].name}"
                    _refuse(work, [acquisition], sentence)
                owners.setdefault(target.stem, acquisition)


def _refuse(work: Work, run: Iterable[Acquisition], sentence: str, code: str = "not_bids") -> None:
    for acquisition in run:
        if not acquisition.state:
            acquisition.state, acquisition.reason = "withheld", sentence
            work.withhold(code, f"{acquisition.name}: {sentence}; change the mapping rule or exclude the series")


def _place(run: list[Acquisition]) -> None:
    """Give each image of one run its suffix and entities.

    Raises
    ------
    ValueError
        If BIDS has no name that tells an image from the others; the message says which.
    """
    images = [image for acquisition in run for image in acquisition.images]
    for acquisition in run:
        same = [image for other in run if other.reconstruction == acquisition.reconstruction for image in other.images]
        kinds = {image.kind for image in same}
        for image in acquisition.images:
            alike = [other for other in images if other.kind == image.kind]
            acquisition.targets.append(_target(acquisition, image, alike, kinds))


def _target(acquisition: Acquisition, image: Image, alike: list[Image], kinds: set[str]) -> Target:
    match = acquisition.match
    times = sorted({other.sidecar.get("EchoTime", 0.0) for other in alike})
    rank = times.index(image.sidecar.get("EchoTime", 0.0)) + 1 if len(times) > 1 else image.echo or 1
    template = match.template_for(image.kind, rank)
    entities = dict(match.entities)
    number = acquisition.run if acquisition.run is not None else acquisition.stated_run
    if number is not None:
        entities["run"] = str(number)
    if acquisition.reconstruction:
        entities["rec"] = acquisition.reconstruction
    required = schema.name_rules().required.get((match.datatype or "", template), frozenset())
    if (len(times) > 1 and not match.tells_echoes_apart(image.kind)) or "echo" in required:
        entities["echo"] = str(rank)
    told_by_suffix = match.datatype == "fmap" or any(key.startswith(image.kind) for key in match.parts)
    if not told_by_suffix and (len(kinds) > 1 or image.kind != "magnitude"):
        if image.kind not in PARTS:
            raise ValueError(f"BIDS has no name for a {image.kind} image of {match.suffix}")
        entities["part"] = PARTS[image.kind]
    geometry = nifti_headers.geometry(image.nifti)
    suffix = match.suffix_for(image.kind, rank)
    direction = image.sidecar.get("PhaseEncodingDirection")
    both_ways = len({other.sidecar.get("PhaseEncodingDirection") for other in acquisition.images}) > 1
    if both_ways:
        entities.pop("dir", None)
    if (suffix == "epi" or both_ways or acquisition.told_by_direction) and not entities.get("dir") and direction:
        entities["dir"] = names.direction(direction, geometry.axes)
    return Target(
        image,
        match.datatype or "",
        suffix,
        entities,
        dict(image.sidecar),
        geometry,
        match.rules,
        match.intended_for,
        began=acquisition.began,
    )
