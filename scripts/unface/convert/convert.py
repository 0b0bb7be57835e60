"""The stage convert: the clean DICOM of a session becomes BIDS, and every series ends in exactly one state."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from unface.convert import (
    completeness,
    dcm2niix,
    fieldmaps,
    first_elements,
    nifti_headers,
    perfusion,
    repeats,
    sidecars,
)
from unface.convert.acquisitions import Acquisition, Target, place
from unface.convert.grouping import same_scan
from unface.identity.label_search import LabelSearch
from unface.identity.vocabulary import vocabulary
from unface.inventory.records import SessionRecord, merged_fields
from unface.mapping import names, rules
from unface.mapping.criteria import values_of
from unface.run.files import NOT_AVAILABLE, table_text, write_whole
from unface.run.outcome import JobFailedError, WithheldError, Work
from unface.run.settings import Convert

STATES = ("converted", "excluded", "duplicate", "incomplete", "ambiguous", "unmapped", "unreadable", "withheld")
"""How a series ends, one of these."""

KNOWN = "identifier_found"


def convert_session(
    work: Work,
    deidentified: Path,
    record: Path,
    rules: Path,
    settings: Convert,
    *,
    dicom: Path,
    identifiers: Path,
) -> None:
    """Write the BIDS images of a session below `work.folder / "bids"`, and `series.json`: the state of each series.

    Parameters
    ----------
    deidentified
        The folder of the stage deidentify, which says how it left each series.
    record
        The session's record: what the mapping rules look at, as the inventory showed it in `protocols.tsv`.
    rules
        The mapping rules.
    dicom
        The clean files, a folder for each series: what is converted.
    identifiers
        The session's identifiers: no name of an image may hold one, for names are told in reasons and logs.

    Raises
    ------
    JobFailedError
        If the mapping rules are wrong.
    """
    session = SessionRecord.read(record)
    mapping = _loaded(rules)
    acquisitions = _planned(session, mapping, deidentified)
    for one in acquisitions:
        if not one.state:
            _convert(work, one, dicom)
            _match_again(one, mapping)
    for note in repeats.settle(acquisitions, settings.repeats):
        work.note(note)
    _place(work, acquisitions, json.loads(identifiers.read_text(encoding="utf-8")))
    _complete(work, acquisitions)
    written = _write(work, acquisitions)
    _write_scans(work, session, written)
    _write_states(work, session, acquisitions)
    _note_warnings(work, acquisitions)
    _withhold(work, acquisitions, settings)
    if not written and not work.reasons:
        work.withhold("nothing_left", "no series of the session is converted; series.json says why")


def _loaded(rule_file: Path) -> rules.Rules:
    try:
        return rules.load(rule_file)
    except rules.RulesError as error:
        raise JobFailedError(f"mapping rules: {error}") from None


def _planned(session: SessionRecord, mapping: rules.Rules, deidentified: Path) -> list[Acquisition]:
    """The acquisitions of the session with what the rules make of each; those not to be converted have a state."""
    clean = {entry["series"]: entry for entry in json.loads((deidentified / "series.json").read_text(encoding="utf-8"))}
    groups: dict[str, list[Any]] = {}
    for series in session.series:
        groups.setdefault(series.merge_group, []).append(series)
    acquisitions = []
    for group, members in groups.items():
        fields = merged_fields(members)
        one = Acquisition(group, tuple(members), fields, mapping.match(fields))
        states = [clean.get(series.series, {"state": "withheld", "reason": "not de-identified"}) for series in members]
        refused = next((entry for entry in states if entry["state"] in ("withheld", "unreadable")), None)
        selected_out = next((entry for entry in states if entry["state"] == "excluded"), None)
        if selected_out:
            one.state, one.reason = "excluded", selected_out["reason"]
        elif one.match.state == "excluded" and not (one.match.waits_for and not refused):
            one.state, one.reason = "excluded", one.match.reason
        elif refused:
            one.state, one.reason = refused["state"], refused["reason"]
        elif one.match.state != "mapped" and not one.match.waits_for:
            one.state, one.reason = one.match.state, one.match.reason
        acquisitions.append(one)
    return acquisitions


def _match_again(one: Acquisition, mapping: rules.Rules) -> None:
    """Ask the rules that wait for what dcm2niix finds out."""
    if not one.match.waits_for:
        return
    if one.conversion is not None and one.conversion.images:
        one.match = mapping.match(rules.with_sidecar(one.fields, one.conversion.images[0].sidecar))
    if one.match.state != "mapped":
        one.state, one.reason = one.match.state, one.match.reason


def _convert(work: Work, one: Acquisition, dicom: Path) -> None:
    """Run dcm2niix on an acquisition and judge what came out."""
    folders = [dicom / series.series for series in one.series]
    try:
        made = dcm2niix.convert(folders, work.scratch / one.group)
    except WithheldError as error:
        one.state, one.reason, one.code = "withheld", error.reason.sentence, error.reason.code
        return
    work.tools["dcm2niix"] = made.version
    one.conversion = made
    one.began = _began(folders)
    shapes = [nifti_headers.geometry(image.nifti) for image in made.images]
    one.shapes = tuple(shapes)
    lost = completeness.missing(one, folders, shapes) or next(iter(made.missing), "")
    if lost:
        one.state, one.reason = "incomplete", lost
    elif made.strays or not made.images:
        one.state = "withheld"
        one.reason = (
            f"dcm2niix made {made.strays + len(made.images)} images where one acquisition gives fewer: its slices do "
            "not form one stack; a rule can exclude it"
            if made.strays
            else "dcm2niix made no image of it; a rule can exclude it"
        )


def _began(folders: Sequence[Path]) -> str:
    """When an acquisition began, by the first clean file of each series, in ISO form; empty if that is not known."""
    found = []
    for folder in folders:
        header = first_elements.read(min(folder.glob("*.dcm")), _TIMES)
        texts = {name: str(header.get(name) or "") for name in _TIMES}
        for whole in (
            texts["AcquisitionDateTime"],
            texts["AcquisitionDate"] + texts["AcquisitionTime"],
            texts["ContentDate"] + texts["ContentTime"],
            texts["SeriesDate"] + texts["SeriesTime"],
        ):
            match = re.match(r"(\d{14})(\.\d{1,6})?", whole)
            if match:
                found.append(datetime.strptime(match[1], "%Y%m%d%H%M%S").isoformat() + (match[2] or ""))
                break
    return min(found, default="")


_TIMES = (
    *("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime"),
    *("ContentDate", "ContentTime", "SeriesDate", "SeriesTime"),
)


def _place(work: Work, acquisitions: Sequence[Acquisition], answers: Mapping[str, Sequence[str]]) -> None:
    """Give the images of what is left their names; take out what BIDS has no name for, and names that identify."""
    left: dict[tuple[Any, ...], list[Acquisition]] = {}
    for one in acquisitions:
        if not one.state:
            left.setdefault((*one.plan, one.run), []).append(one)
    owners: dict[str, Acquisition] = {}
    own = LabelSearch(answers, vocabulary())
    for run in left.values():
        try:
            place(run)
        except ValueError as error:
            _refuse(work, run, str(error))
            continue
        for one in run:
            for target in one.targets:
                if telling := [name for name, label in target.entities.items() if own.found_in(label)]:
                    _refuse(work, [one], f"its {telling[0]} would hold one of the subject's own identifiers", KNOWN)
                    break
                target.stem = names.stem(work.session, target.datatype, target.entities, target.suffix)
                if not names.is_valid(f"{target.stem}.nii.gz"):
                    shown = target.stem.rsplit("/", 1)[-1].removeprefix(work.session.bids_prefix + "_")
                    _refuse(work, [one], f"BIDS does not know the name {target.datatype}/{shown}")
                elif target.stem in owners:
                    _refuse(work, [one], f"one of its images would get the name of one of {owners[target.stem].name}")
                owners.setdefault(target.stem, one)


def _refuse(work: Work, run: Iterable[Acquisition], sentence: str, code: str = "not_bids") -> None:
    for one in run:
        if not one.state:
            one.state, one.reason = "withheld", sentence
            work.withhold(code, f"{one.name}: {sentence}; change the mapping rule or exclude the series")


def _complete(work: Work, acquisitions: Sequence[Acquisition]) -> None:
    """Fill in the sidecars what BIDS asks for; leave out what lacks it."""
    for one in _kept(acquisitions):
        for target in one.targets:
            target.sidecar = sidecars.cleaned(target.image.sidecar) | dict(one.match.sidecar)
            if "task" in target.entities:
                target.sidecar.setdefault("TaskName", target.entities["task"])
            if target.suffix == "fieldmap":
                target.sidecar.setdefault("Units", "Hz")
            if target.entities.get("part") == "phase":
                # In what the scanner stores; dcm2niix says so itself where it scales to radians.
                target.sidecar.setdefault("Units", "arbitrary")
    fieldmaps.fill_echo_times(_targets(acquisitions))
    _leave_out_lacking(work, acquisitions)
    # Only now is it known which ASL images there are for an M0 scan to belong to.
    perfusion.link(_targets(acquisitions))
    _leave_out_lacking(work, acquisitions, linked=True)
    for note in fieldmaps.link(_targets(acquisitions)):
        work.note(note)


def _leave_out_lacking(work: Work, acquisitions: Sequence[Acquisition], linked: bool = False) -> None:
    for one in _kept(acquisitions):
        lacking = sorted({key for target in one.targets for key in _lacking(one, target, linked)})
        if lacking:
            one.state = "excluded"
            one.reason = f"BIDS requires what its header does not say: {', '.join(lacking)}"
            work.note(f"{one.name} is left out: {one.reason}; `sidecar` in a mapping rule can say it")


def _lacking(one: Acquisition, target: Target, linked: bool) -> list[str]:
    lacking = sidecars.missing(target.datatype, target.suffix, target.sidecar)
    if linked and target.suffix == "m0scan" and "IntendedFor" not in target.sidecar:
        lacking.append("an ASL image that it belongs to")
    if target.suffix == "asl" and perfusion.context(target) is None:
        lacking.append("aslcontext.tsv")
    if target.suffix == "dwi" and _gradients(one, target) is None:
        lacking.append("b-values and b-vectors of every volume")
    return lacking


def _gradients(one: Acquisition, target: Target) -> tuple[str, str] | None:
    """The texts of bval and bvec as dcm2niix wrote them; None unless they have a value for every volume."""
    if target.image.bval.exists() and target.image.bvec.exists():
        bval, bvec = (path.read_text(encoding="ascii") for path in (target.image.bval, target.image.bvec))
        counts = {len(line.split()) for line in (bval + "\n" + bvec).splitlines() if line.strip()}
        return (bval, bvec) if counts == {target.geometry.volumes} else None
    b_values = [value for value in values_of(one.fields.get("DiffusionBValue")) if value is not None]
    if b_values and all(value == 0 for value in b_values):
        zeros = " ".join("0" for _ in range(target.geometry.volumes)) + "\n"
        return zeros, zeros * 3
    return None


def _kept(acquisitions: Sequence[Acquisition]) -> list[Acquisition]:
    return [one for one in acquisitions if not one.state]


def _targets(acquisitions: Sequence[Acquisition]) -> list[Target]:
    return [target for one in _kept(acquisitions) for target in one.targets]


def _write(work: Work, acquisitions: Sequence[Acquisition]) -> dict[str, str]:
    """Write every image with its companions; returns when each began, by its path in the dataset."""
    written = {}
    for one in _kept(acquisitions):
        for target in one.targets:
            dataset, image = work.folder / "bids", f"{target.stem}.nii.gz"
            (dataset / image).parent.mkdir(parents=True, exist_ok=True)
            nifti_headers.write_clean_gz(target.image.nifti, dataset / image)
            sidecars.write(dataset / f"{target.stem}.json", perfusion.without_context(target.sidecar))
            target.files += [image, f"{target.stem}.json"]
            gradients = _gradients(one, target) if target.suffix == "dwi" else None
            for extension, text in zip((".bval", ".bvec"), gradients or (), strict=False):
                (dataset / f"{target.stem}{extension}").write_text(text, encoding="ascii")
                target.files.append(f"{target.stem}{extension}")
            if target.suffix == "asl":
                target.files.append(perfusion.write_context(target, dataset))
            written[image] = one.began
        one.state = "converted"
    return written


def _write_scans(work: Work, session: SessionRecord, written: dict[str, str]) -> None:
    if not written:
        return
    folder = session.id.bids_folder
    path = work.folder / "bids" / folder / f"{session.id.bids_prefix}_scans.tsv"
    rows = sorted(written.items(), key=lambda entry: (entry[1] or "9999", entry[0]))
    cells = [(image.removeprefix(f"{folder}/"), began or NOT_AVAILABLE) for image, began in rows]
    write_whole(path, table_text(("filename", "acq_time"), cells), mode=0o600)


def _write_states(work: Work, session: SessionRecord, acquisitions: Sequence[Acquisition]) -> None:
    by_series = {series.series: one for one in acquisitions for series in one.series}
    entries = []
    for series in session.series:
        one = by_series[series.series]
        outputs = sorted(file for target in one.targets for file in target.files)
        made = one.conversion
        twins = [
            f"dcm2niix also made {name} ({dcm2niix.TWINS[name]}): left out" for name in (made.twins if made else ())
        ]
        entries.append(
            {
                "series": series.series,
                "merge_group": one.group,
                "state": one.state,
                "rule": ", ".join(one.match.rules),
                "reason": one.reason,
                "files": len(series.files),
                "outputs": outputs,
                "warnings": [*(made.warnings if made else ()), *twins],
            }
        )
    (work.folder / "series.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    files = Counter[str]()
    for series in session.series:
        files[by_series[series.series].state] += len(series.files)
    work.measurements["series"] = dict(sorted(Counter(by_series[name].state for name in by_series).items()))
    work.measurements["files"] = dict(sorted(files.items()))
    whole = sum(len(series.files) for series in session.series)
    if set(files) - set(STATES) or sum(files.values()) != whole:
        raise WithheldError("conversion_failed", f"{whole} files were found and {sum(files.values())} have a state")


def _note_warnings(work: Work, acquisitions: Sequence[Acquisition]) -> None:
    """Say what dcm2niix warned of, of the images that are kept; where one is not, its reason says why."""
    warned: dict[str, list[str]] = {}
    for one in acquisitions:
        if one.state == "converted" and one.conversion is not None:
            for text in one.conversion.warnings:
                warned.setdefault(text, []).append(one.name)
    for text, series in warned.items():
        work.note(f"dcm2niix warns of {', '.join(series)}: {text}")


def _withhold(work: Work, acquisitions: Sequence[Acquisition], settings: Convert) -> None:
    """Withhold the session for series that must not be left out without a word."""
    for one in acquisitions:
        sentence = f"{one.name}: {one.reason}"
        twin = _complete_twin(one, acquisitions) if settings.repeats == "last" else None
        if one.state in ("incomplete", "unreadable") and twin:
            work.note(f"{sentence}; {twin.name} is complete and is kept")
        elif one.state == "incomplete" and settings.incomplete == "withhold":
            work.withhold("incomplete", f"{sentence}; `incomplete: exclude` leaves such series out")
        elif one.state == "unreadable":
            work.withhold("unreadable", f"{sentence}; get it again, or exclude it by a rule or by `select`")
        elif one.state == "ambiguous":
            mend = "give one of them a higher priority" if one.match.state == "ambiguous" else "exclude it by a rule"
            work.withhold("ambiguous", f"{sentence}; {mend}")
        elif one.state == "unmapped" and settings.unmapped == "withhold":
            work.withhold("unmapped", f"{sentence}; write a rule for it")
        elif one.state == "withheld" and not any(reason.code == "not_bids" for reason in work.reasons):
            work.withhold(one.code, sentence)
        elif one.state in ("incomplete", "unmapped"):
            work.note(f"{sentence}; left out")


def _complete_twin(one: Acquisition, acquisitions: Sequence[Acquisition]) -> Acquisition | None:
    """The converted repeat that is kept in its place, or else one of the same plan that was measured alike."""
    if one.kept is not None and one.kept.state == "converted":
        return one.kept
    if one.match.state != "mapped":
        return None
    image_type = one.fields.get("ImageType")
    for other in acquisitions:
        alike = other.plan == one.plan and other.fields.get("ImageType") == image_type and same_scan(one, other)
        if other is not one and other.state == "converted" and alike:
            return other
    return None
