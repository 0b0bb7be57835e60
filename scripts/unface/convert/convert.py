"""The stage convert: the clean DICOM of a session becomes BIDS, and every series ends in exactly one state."""

import json
from pathlib import Path

from unface.convert import completeness, dcm2niix, first_elements, metadata, nifti_headers, repeats, states, writing
from unface.convert.acquisitions import Acquisition
from unface.convert.naming import name_images
from unface.inventory.records import Series, SessionRecord, merged_fields
from unface.mapping import rules
from unface.mapping.labels import Labels
from unface.run.outcome import JobFailedError, WithheldError, Work
from unface.run.settings import Convert


def convert_session(
    work: Work,
    deidentified: Path,
    record: Path,
    rules: Path,
    settings: Convert,
    *,
    labels: Path,
    dicom: Path,
    identifiers: Path,
) -> None:
    """Write the BIDS images of a session below `work.folder / "bids"`, and `series.json`: the state of each series.

    Parameters
    ----------
    work
        The session's work.
    deidentified
        The folder of the stage deidentify, which says how it left each series.
    record
        The session's record: what the mapping rules look at, as the inventory showed it in `protocols.tsv`.
    rules
        The mapping rules.
    settings
        What is to be done with repeats, and with series that are incomplete or that no rule maps.
    labels
        The cohort's labels for words of headers, as the inventory decided them.
    dicom
        The clean files, a folder for each series: what is converted.
    identifiers
        The session's identifiers: no name of an image may hold one, for names are told in reasons and logs.

    Raises
    ------
    JobFailedError
        If the mapping rules are wrong, or the labels are missing.
    WithheldError
        If a file of the session would end in no state.
    """
    known = SessionRecord.read(record)
    mapping_rules = _loaded(rules)
    cohort = Labels.read(labels)
    acquisitions = _acquisitions(known, mapping_rules, cohort, deidentified)
    for acquisition in acquisitions:
        if not acquisition.state:
            _convert(work, acquisition, dicom)
            _match_again(acquisition, mapping_rules, cohort)
            _note_words(work, acquisition)
    for note in repeats.settle(acquisitions, settings.repeats):
        work.note(note)
    name_images(work, acquisitions, json.loads(identifiers.read_text(encoding="utf-8")))
    metadata.complete(work, acquisitions)
    dataset = work.folder / "bids"
    written = writing.write_images(dataset, [acquisition for acquisition in acquisitions if not acquisition.state])
    writing.write_scans(dataset, known.id, written)
    states.write_states(work, known, acquisitions)
    states.note_warnings(work, acquisitions)
    states.withhold(work, acquisitions, settings)
    if not written and not work.reasons:
        work.withhold("nothing_left", "no series of the session is converted; series.json says why")


def _loaded(rule_file: Path) -> rules.Rules:
    try:
        return rules.load(rule_file)
    except rules.RulesError as error:
        raise JobFailedError(f"mapping rules: {error}") from None


def _acquisitions(
    record: SessionRecord, mapping_rules: rules.Rules, labels: Labels, deidentified: Path
) -> list[Acquisition]:
    """The acquisitions of the session with what the rules make of each; those not to be converted have a state."""
    left = {entry["series"]: entry for entry in json.loads((deidentified / "series.json").read_text(encoding="utf-8"))}
    merge_groups: dict[str, list[Series]] = {}
    for series in record.series:
        merge_groups.setdefault(series.merge_group, []).append(series)
    acquisitions = []
    for merge_group, members in merge_groups.items():
        fields = merged_fields(members)
        acquisition = Acquisition(merge_group, tuple(members), fields, labels.named(mapping_rules.match(fields)))
        match = acquisition.match
        entries = [left.get(series.series, {"state": "withheld", "reason": "not de-identified"}) for series in members]
        refused = next((entry for entry in entries if entry["state"] in ("withheld", "unreadable")), None)
        selected_out = next((entry for entry in entries if entry["state"] == "excluded"), None)
        if selected_out:
            acquisition.state, acquisition.reason = "excluded", selected_out["reason"]
        elif match.state == "excluded" and not (match.waits_for and not refused):
            acquisition.state, acquisition.reason = "excluded", match.reason
        elif refused:
            acquisition.state, acquisition.reason = refused["state"], refused["reason"]
        elif match.state != "mapped" and not match.waits_for:
            acquisition.state, acquisition.reason = match.state, match.reason
        acquisitions.append(acquisition)
    return acquisitions


def _convert(work: Work, acquisition: Acquisition, dicom: Path) -> None:
    """Run dcm2niix on an acquisition and judge what came out."""
    folders = [dicom / series.series for series in acquisition.series]
    try:
        conversion = dcm2niix.convert(folders, work.scratch / acquisition.merge_group)
    except WithheldError as error:
        acquisition.state, acquisition.reason = "withheld", error.reason.sentence
        acquisition.code = error.reason.code
        return
    work.tools["dcm2niix"] = conversion.version
    acquisition.conversion = conversion
    acquisition.began = first_elements.began(folders)
    try:
        acquisition.shapes = tuple(nifti_headers.geometry(image.nifti) for image in conversion.images)
    except nifti_headers.NoPlaceError:
        acquisition.state = "unreadable"
        acquisition.reason = (
            "its voxels have no size or no place in space: its headers tell an impossible PixelSpacing, "
            "ImagePositionPatient or ImageOrientationPatient, or one InstanceNumber for several images"
        )
        return
    lost, acquisition.stopped = completeness.missing(acquisition, folders)
    lost = lost or next(iter(conversion.missing), "")
    if lost:
        acquisition.state, acquisition.reason = "incomplete", lost
    elif conversion.strays or not conversion.images:
        acquisition.state = "withheld"
        acquisition.reason = (
            f"dcm2niix made {conversion.strays + len(conversion.images)} images where one acquisition gives fewer: "
            "its slices do not form one stack; a rule can exclude it"
            if conversion.strays
            else "dcm2niix made no image of it; a rule can exclude it"
        )


def _match_again(acquisition: Acquisition, mapping_rules: rules.Rules, labels: Labels) -> None:
    """Ask the rules that wait for what dcm2niix finds out."""
    if not acquisition.match.waits_for:
        return
    if acquisition.images:
        fields = rules.with_sidecar(acquisition.fields, acquisition.images[0].sidecar)
        acquisition.match = labels.named(mapping_rules.match(fields))
    if acquisition.match.state != "mapped":
        acquisition.state, acquisition.reason = acquisition.match.state, acquisition.match.reason


def _note_words(work: Work, acquisition: Acquisition) -> None:
    """Say which labels do not hold what the header says."""
    for entity in () if acquisition.state else acquisition.match.unknown_words:
        now = acquisition.match.entities.get(entity, "left out")
        work.note(
            f"{acquisition.name}: its `{entity}` is {now}, not the word of its header (restricted/label_words.tsv)"
        )
