"""Raw DICOM of a hostile cohort: identifiers in every place, damage, archives, and tables of the user that tell."""

import gzip
import json
import os
import random
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import DataElement, Dataset, Sequence
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.encaps import generate_frames
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from benchmarks.hostile_people import Planted, Victim, Writing
from demo import others, planted, series
from demo.series import Grid, Protocol

GRID = series.axial((6, 16, 16), (14.0, 12.0, 12.0))
FEW_SLICES = series.axial((2, 16, 16), (14.0, 12.0, 12.0))
VOLUMES = 6
APART_S = 307
"""From the beginning of one run to that of the next: no whole minutes, by which another run's time could be meant."""
CLASSIC = {
    "ge": replace(series.BOLD, sequence_name="EPI", image_type=("ORIGINAL", "PRIMARY", "OTHER"), scanning=("EP", "GR")),
    "philips": replace(
        series.BOLD, sequence_name="FEEPI", image_type=("ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"), scanning=("GR",)
    ),
}
"""Echo-planar runs with a file for each slice."""


@dataclass
class Visit:
    """A session of raw DICOM.

    Attributes
    ----------
    voxels : list of (int, int)
        For each run how many voxels it has, and the sum of their values.
    after_s : set of int
        When its images were made, in seconds after the study began.
    damage : str
        What was done to it besides; empty for nothing.
    sizeless : bool
        Whether its voxels have a size that no scanner makes: it may be a head, so it may not be released.
    """

    person: Victim
    folder: Path
    planted: list[Planted] = field(default_factory=list)
    voxels: list[tuple[int, int]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    after_s: set[int] = field(default_factory=lambda: {0, 1})
    damage: str = ""
    sizeless: bool = False
    packed: str = ""

    @property
    def study_uid(self) -> str:
        return str(self.person.uid(0))

    def note(self, place: str, writing: Writing, text: str) -> str:
        self.planted.append(Planted(place, writing, text))
        return text


Change = Callable[[Dataset, int], None]


# ------------------------------------------------------------------ labels

LABELS: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "task- in ReproIn's manner": lambda text, joined: (f"func-bold_task-{joined}",) * 2,
    "acq- in ReproIn's manner": lambda text, joined: (f"func-bold_task-rest_acq-{joined}",) * 2,
    "task- and acq- in ReproIn's manner": lambda text, joined: (
        (f"func-bold_task-{joined[: len(joined) // 2]}_acq-{joined[len(joined) // 2 :]}",) * 2
    ),
    "ses- in ReproIn's manner": lambda text, joined: (f"func-bold_ses-{joined}_task-rest",) * 2,
    "dir- in ReproIn's manner": lambda text, joined: (f"func-bold_task-rest_dir-{joined}",) * 2,
    "rec- in ReproIn's manner": lambda text, joined: (f"func-bold_task-rest_rec-{joined}",) * 2,
    "run- in ReproIn's manner": lambda text, joined: (f"func-bold_task-rest_run-{joined}",) * 2,
    "behind ReproIn's name": lambda text, joined: (f"func-bold_task-rest__{joined}",) * 2,
    "the protocol's name alone": lambda text, joined: (f"func-bold_task-{joined}", "ep2d_bold_rest"),
    "the description alone": lambda text, joined: ("ep2d_bold_rest", f"func-bold_task-{joined}"),
    "a task with task-": lambda text, joined: (f"ep2d_bold_task-{joined}",) * 2,
    "a task with task_": lambda text, joined: (f"bold task_{text}",) * 2,
    "a task with tfMRI_": lambda text, joined: (f"tfMRI_{joined}_AP",) * 2,
    "a word of a free description": lambda text, joined: (f"BOLD {text} rest",) * 2,
    "the first word of a description": lambda text, joined: (f"{text} ep2d_bold_rest",) * 2,
    "behind rest": lambda text, joined: (f"ep2d_bold_rest{joined}",) * 2,
}
"""How a writing, with separators and without, gets into a name: the protocol's and the series' description."""


# ------------------------------------------------------------------ other places


def put(ds: Dataset, keyword: str, text: str, encoding: str = "utf-8") -> None:
    """Set an element, in the bytes of an encoding where it is not ASCII."""
    tag = Tag(tag_for_keyword(keyword) or 0)
    vr = dictionary_VR(tag)
    if text.isascii() and len(text) <= {"SH": 16, "CS": 16, "LO": 64, "PN": 64}.get(vr, 10**6):
        setattr(ds, keyword, text)
        return
    raw(ds, tag, vr, text.encode(encoding, "replace"))


def raw(ds: Dataset, tag: int, vr: str, content: bytes) -> None:
    """Set an element's bytes, whatever its VR allows."""
    vr = vr.split(" or ", maxsplit=1)[0]
    content += b" " * (len(content) % 2)
    ds[Tag(tag)] = RawDataElement(Tag(tag), vr, len(content), content, 0, False, True)


def save(ds: Dataset, path: Path, person: Victim, syntax: str) -> None:
    """Write a data set with the bytes that `raw` has set, which pydicom would read first."""
    kept = {tag: element for tag in list(ds.keys()) if (element := ds.get_item(tag)).is_raw}
    for tag in kept:
        del ds[tag]
    correct_ambiguous_vr(ds, True)
    for tag, element in kept.items():
        ds[tag] = element
    ds.set_original_encoding(False, True, ds._character_set)
    planted.save(ds, path, person, transfer_syntax=syntax)


def _code(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else " " for char in text).upper()[:16].strip()


def _private(ds: Dataset, offset: int, vr: str, value: Any) -> None:
    ds.private_block(0x0033, "HOSPITAL ARCHIVE", create=True).add_new(offset, vr, value)


def _phoenix(ds: Dataset, text: str) -> None:
    block = ds.private_block(0x0021, "SIEMENS MR SDR 01", create=True)
    protocol = f'### ASCCONV BEGIN ###\ntProtocolName = "{text}"\nsWipMemBlock.tFree = "{text}"\n### ASCCONV END ###'
    block.add_new(0x19, "OB", protocol.encode("utf-8"))


PLACES: dict[str, Callable[[Dataset, str], None]] = {
    "SequenceName": lambda ds, text: put(ds, "SequenceName", text[:16]),
    "ScanOptions": lambda ds, text: setattr(ds, "ScanOptions", ["FS", _code(text)]),
    "ImageType": lambda ds, text: setattr(ds, "ImageType", [*ds.ImageType[:5], _code(text)]),
    "BodyPartExamined": lambda ds, text: setattr(ds, "BodyPartExamined", _code(text)),
    "ScanningSequence": lambda ds, text: setattr(ds, "ScanningSequence", ["EP", _code(text)]),
    "SequenceVariant": lambda ds, text: setattr(ds, "SequenceVariant", ["SK", _code(text)]),
    "PatientPosition": lambda ds, text: setattr(ds, "PatientPosition", _code(text)),
    "SoftwareVersions": lambda ds, text: put(ds, "SoftwareVersions", f"syngo MR E11 {text}"),
    "ManufacturerModelName": lambda ds, text: put(ds, "ManufacturerModelName", f"Prisma_fit {text}"),
    "Manufacturer": lambda ds, text: put(ds, "Manufacturer", f"SIEMENS {text}"),
    "ReceiveCoilName": lambda ds, text: put(ds, "ReceiveCoilName", text[:16]),
    "TransmitCoilName": lambda ds, text: put(ds, "TransmitCoilName", f"Body {text}"[:16]),
    "PulseSequenceName": lambda ds, text: put(ds, "PulseSequenceName", text),
    "ContrastBolusAgent": lambda ds, text: put(ds, "ContrastBolusAgent", f"Gadovist {text}"),
    "ImageComments": lambda ds, text: put(ds, "ImageComments", text),
    "StudyDescription": lambda ds, text: put(ds, "StudyDescription", text),
    "PatientSex": lambda ds, text: raw(ds, 0x00100040, "CS", _code(text)[:16].encode()),
    "text in an IS": lambda ds, text: raw(ds, 0x00201002, "IS", text.encode("utf-8")[:60]),
    "text in a DS": lambda ds, text: raw(ds, 0x00181320, "DS", text.encode("utf-8")[:60]),
    "text in a US": lambda ds, text: raw(ds, 0x00280100 + 0x9F00, "US", text.encode("utf-8")[:60]),
    "a UID with it inside": lambda ds, text: raw(
        ds, 0x00200052, "UI", b"1.3.12.2.1107." + text.encode("ascii", "ignore")[:40]
    ),
    "CodeMeaning": lambda ds, text: setattr(ds, "AnatomicRegionSequence", Sequence([_coded(text)])),
    "a private LO": lambda ds, text: _private(ds, 0x01, "LO", text[:64]),
    "a private CS in a private sequence": lambda ds, text: _private(ds, 0x02, "SQ", Sequence([_private_item(text)])),
    "a private UN": lambda ds, text: _private(ds, 0x03, "UN", text.encode("utf-8") + b" " * (len(text.encode()) % 2)),
    "the text of Phoenix": _phoenix,
    "a nested request": lambda ds, text: setattr(ds, "RequestAttributesSequence", Sequence([_request(text)])),
    "AcquisitionContrast": lambda ds, text: setattr(ds, "AcquisitionContrast", _code(text)),
    "ProtocolName in a sequence": lambda ds, text: setattr(ds, "MRTimingAndRelatedParametersSequence", _timing(text)),
}
"""Elements outside the names of series into which a writing goes, beside those that every header of the demo has."""


def _coded(text: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "T-A0100", "SRT"
    put(item, "CodeMeaning", f"Brain of {text}")
    return item


def _private_item(text: str) -> Dataset:
    item = Dataset()
    item.add(DataElement(Tag(0x00330010), "LO", "HOSPITAL ARCHIVE"))
    item.add(DataElement(Tag(0x00331005), "CS", _code(text)))
    put(item, "BodyPartExamined", _code(text))
    return item


def _request(text: str) -> Dataset:
    item = Dataset()
    put(item, "RequestedProcedureDescription", text)
    put(item, "ScheduledProcedureStepDescription", text)
    return item


def _timing(text: str) -> Sequence:
    item = Dataset()
    put(item, "ProtocolName", text)
    put(item, "SeriesDescription", text)
    return Sequence([item])


# ------------------------------------------------------------------ images


def runs(
    visit: Visit, number: int, names: tuple[str, str], dice: random.Random, change: Change, *, rare: bool
) -> Iterator[Dataset]:
    """The data sets of one echo-planar run, whose voxels the visit notes."""
    person = visit.person
    grid = GRID if person.vendor == "siemens" else FEW_SLICES
    volumes = np.round(np.random.default_rng(dice.randrange(2**32)).uniform(1, 4000, (VOLUMES, *grid.shape)))
    visit.voxels.append((volumes.size, int(volumes.sum())))
    made = _mosaics if person.vendor == "siemens" else _slices
    known = None
    for index, ds in enumerate(made(person, volumes.astype(np.float32), grid, number)):
        if ds is not known:
            known = ds
            if rare:
                planted.plant_rarities(ds, person, descriptors=False)
            _identify(ds, person, number)
            put(ds, "ProtocolName", names[0])
            put(ds, "SeriesDescription", names[1])
        visit.after_s.add(APART_S * number + index)
        ds.AcquisitionTime = ds.ContentTime = person.time(APART_S * number + index)
        ds.AcquisitionDateTime = f"{person.date}{ds.AcquisitionTime}"
        # What a change makes of an element may be nothing that pydicom could set again for the next image.
        one = Dataset()
        one._dict = dict(ds._dict)
        change(one, index)
        yield one


def _mosaics(person: Victim, volumes: Any, grid: Grid, number: int) -> Iterator[Dataset]:
    return series.mosaics(person, volumes, grid, series.BOLD, series_number=number)


def _slices(person: Victim, volumes: Any, grid: Grid, number: int) -> Iterator[Dataset]:
    protocol: Protocol = CLASSIC[person.vendor]
    slices = grid.shape[0]
    for index, volume in enumerate(volumes):
        for place, ds in enumerate(series.images(person, volume, grid, protocol, series_number=number)):
            ds.InstanceNumber = index * slices + place + 1
            ds.SOPInstanceUID = person.uid(number, ds.InstanceNumber)
            ds.AcquisitionNumber = ds.TemporalPositionIdentifier = index + 1
            ds.NumberOfTemporalPositions = len(volumes)
            if person.vendor == "ge":
                told = f'set NOSLC "{slices}"\nset PATIENTHISTORY "{person.secret("ge protocol block")}"\n'
                packed = gzip.compress(told.encode(), mtime=0)
                block = ds.private_block(0x0025, "GEMS_SERS_01")
                block.add_new(0x1B, "OB", struct.pack("<I", len(packed)) + packed)
            yield ds


def _identify(ds: Dataset, person: Victim, number: int) -> None:
    """What the demo's header says of a patient, in the person's own script and with their own clock."""
    ds.SpecificCharacterSet = person.charset
    if not person.charset:
        del ds.SpecificCharacterSet
    for keyword in ("PatientName", "OtherPatientNames"):
        raw(ds, tag_for_keyword(keyword) or 0, "PN", person.name_in_header)
    ds.StudyTime = person.time()
    ds.SeriesTime = person.time(APART_S * number)
    ds.InstanceCreationTime = ds.PerformedProcedureStepStartTime = person.time(1)
    ds.PatientTelephoneNumbers, ds.InstitutionName = person.telephone, person.hospital
    ds.ReferringPhysicianName = ds.OperatorsName = f"{person.doctor}^A".upper()


# ------------------------------------------------------------------ damage


def _each(files: list[Path], change: Callable[[bytes], bytes]) -> None:
    for path in files:
        path.write_bytes(change(path.read_bytes()))


def _cut_one(visit: Visit, dice: random.Random) -> None:
    path = dice.choice(visit.files)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - dice.randrange(200, 1000)])


def _cut_header(visit: Visit, dice: random.Random) -> None:
    path = dice.choice(visit.files)
    path.write_bytes(path.read_bytes()[: dice.randrange(140, 1500)])


def _cut_all(visit: Visit, dice: random.Random) -> None:
    _each(visit.files, lambda content: content[: len(content) - 64])


def _lose_one(visit: Visit, dice: random.Random) -> None:
    visit.files.pop(len(visit.files) // 2).unlink()


def _copies(visit: Visit, dice: random.Random) -> None:
    folder = visit.folder / "copies"
    folder.mkdir()
    for number, path in enumerate(dice.sample(visit.files, len(visit.files) // 2)):
        shutil.copyfile(path, folder / f"copy{number}")


def _swap(old: bytes, new: bytes) -> Callable[[Visit, random.Random], None]:
    """Another text of the same length in every file."""
    assert len(old) == len(new)

    def change(visit: Visit, dice: random.Random) -> None:
        _each(visit.files, lambda content: content.replace(old, new))

    return change


def _wrong_syntax(visit: Visit, dice: random.Random) -> None:
    explicit, implicit = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"
    _each(visit.files, lambda content: content[:400].replace(explicit, implicit) + content[400:])


def _behind(visit: Visit, dice: random.Random) -> None:
    _each(visit.files, lambda content: content + b"\0" * dice.choice((2, 512)))


def _text_behind(visit: Visit, dice: random.Random) -> None:
    text = visit.person.secret("text behind the data set").encode()
    _each(visit.files, lambda content: content + text)


def _nothing_around(visit: Visit, dice: random.Random) -> None:
    _each(visit.files, lambda content: content[132:])


def _strangers(visit: Visit, dice: random.Random) -> None:
    """What is no DICOM, and what cannot be opened."""
    person, folder = visit.person, visit.folder
    (folder / f"letter_{person.surname}.pdf").write_bytes(b"%PDF-1.4 " + person.name.encode())
    (folder / "empty").touch()
    (folder / "DICM").write_bytes(bytes(128) + b"DICM" + os.urandom(0) + bytes(range(256)) * 8)
    (folder / f"link_{person.surname}").symlink_to("nowhere")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe")
    others.save_screen(folder / "screen.dcm", person)
    planted.save(others.document(person), folder / "report", person)
    planted.save(others.structured_report(person), folder / "measurements", person)
    others.save_directory(folder / "DICOMDIR", [person])


def _closed(visit: Visit, dice: random.Random) -> None:
    """A folder in the place of a file, and a file that nobody may read (root may)."""
    visit.files[0].chmod(0)


def _damaged_zip(visit: Visit, dice: random.Random) -> None:
    visit.packed = "damaged zip"


AFTER: dict[str, tuple[Callable[[Visit, random.Random], None], bool]] = {
    "one file is cut in its pixels": (_cut_one, False),
    "one file is cut in its header": (_cut_header, False),
    "every file is cut": (_cut_all, False),
    "a file is missing": (_lose_one, False),
    "copies of files": (_copies, False),
    "spacing 0\\0": (_swap(b"12.0\\12.0 ", b"0\\0       "), True),
    "spacing nan\\nan": (_swap(b"12.0\\12.0 ", b"nan\\nan   "), True),
    "spacing 1e308": (_swap(b"12.0\\12.0 ", b"1e308\\1e99"), True),
    "spacing 0.001": (_swap(b"12.0\\12.0 ", b"0.001\\.001"), True),
    "transfer syntax implicit, data explicit": (_wrong_syntax, False),
    "zeros behind the data set": (_behind, False),
    "text behind the data set": (_text_behind, False),
    "no preamble": (_nothing_around, False),
    "screens, documents, links and a pipe beside it": (_strangers, False),
    "a file of mode 000": (_closed, False),
    "a damaged zip": (_damaged_zip, False),
}
"""Done to the files; whether the size of voxels is not to be believed after it."""


def _same_uid(ds: Dataset, index: int) -> None:
    if index >= 3:
        ds.SOPInstanceUID = str(ds.SOPInstanceUID)[:-1] + str(index % 3 + 1)


def _set(keyword: str, value: Any) -> Change:
    return lambda ds, index: setattr(ds, keyword, value)


def _raw(keyword: str, content: bytes) -> Change:
    tag = tag_for_keyword(keyword) or 0
    return lambda ds, index: raw(ds, tag, dictionary_VR(tag), content)


def _without(keyword: str) -> Change:
    def change(ds: Dataset, index: int) -> None:
        if keyword in ds:
            del ds[keyword]

    return change


def _deep(ds: Dataset, index: int) -> None:
    content = b""
    for _ in range(3000):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
        content = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, len(item)) + item
    raw(ds, 0x00400275, "UN", b"\xfe\xff\x00\xe0" + struct.pack("<I", len(content)) + content)


def _blanks(ds: Dataset, index: int) -> None:
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    text = "### ASCCONV BEGIN ###\na" + " " * 4000 + "b\n### ASCCONV END ###"
    block.add_new(0x30, "OB", text.encode())
    ge = ds.private_block(0x0025, "GEMS_SERS_01", create=True)
    content = zlib.compress(b"set DELACQ" + b" " * 3000 + b"x\n", 9)
    ge.add_new(0x1B, "OB", b"\x1f\x8b\x08\0\0\0\0\0\0\0" + content + b"\0" * (len(content) % 2))


BEFORE: dict[str, tuple[Change, bool]] = {
    "one SOP instance UID for several images": (_same_uid, False),
    "empty spacing": (_raw("PixelSpacing", b""), True),
    "a sequence 3,000 deep": (_deep, False),
    "text in binary numbers": (_raw("SmallestImagePixelValue", b"QUORVEX"), False),
    "a sequence that is none": (lambda ds, index: raw(ds, 0x00081140, "UN", b"NO"), False),
    "instance number --5": (lambda ds, index: raw(ds, 0x00200013, "IS", b"--5") if index == 2 else None, False),
    "instance number of 5,000 digits": (
        lambda ds, index: raw(ds, 0x00200013, "IS", b"9" * 5000) if index == 2 else None,
        False,
    ),
    "number of frames of 5,000 digits": (_raw("NumberOfFrames", b"9" * 5000), False),
    "a description of 12,000 characters": (_raw("SeriesDescription", b"func-bold_task-" + b"ab" * 6000), False),
    "blanks in protocol blocks": (_blanks, False),
    "a leap second": (_set("AcquisitionTime", "235960"), False),
    "time 251200": (_raw("AcquisitionTime", b"251200"), False),
    "time 096100 everywhere": (_raw("SeriesTime", b"096100"), False),
    "date 20191399": (_raw("StudyDate", b"20191399"), False),
    "dates with dots": (_raw("SeriesDate", b"2019.03.14"), False),
    "no patient ID": (_without("PatientID"), False),
    "no study UID": (_without("StudyInstanceUID"), False),
    "no orientation": (_without("ImageOrientationPatient"), False),
    "repetition time nan": (_raw("RepetitionTime", b"nan"), False),
    "echo time 1e999": (_raw("EchoTime", b"1e999"), False),
    "a model that is mathematics": (_set("ManufacturerModelName", "$x_$"), False),
    "rows that lie": (_set("Rows", 4096), False),
    "a character set that nobody knows": (_set("SpecificCharacterSet", "KLINGON"), False),
    "nothing but escape sequences": (_raw("InstitutionalDepartmentName", b"\x1b$B\x1b(B\x1b$)C"), False),
}
"""Done to each data set before it is written."""

# ------------------------------------------------------------------ folders and names

FOLDERS: tuple[Callable[[Victim], str], ...] = (
    lambda person: f"{person.surname}_{person.given_name}_{person.patient_id}",
    lambda person: f"{person.patient_id}",
    lambda person: f"{person.birth_date} {person.surname}",
    lambda person: f"{person.hospital}/{person.doctor}",
    lambda person: f"-{person.surname}$(touch x);'\"*",
    lambda person: f"{person.surname}\n{person.given_name}\t1",
    lambda person: f"{person.surname} " + "x" * 180,
    lambda person: f"sub-{person.patient_id}/ses-{person.date}",
)
FILES = ("IM{index:05d}", "{surname}{index:05d}.dcm", "1-{index:03d}.dcm", "MR.{index}", "{index:05d}")


def write_visit(
    root: Path,
    visit_number: int,
    person: Victim,
    dice: random.Random,
    *,
    damage: str = "",
    packed: str = "",
    others: SequenceOf[Visit] = (),
) -> Visit:
    """Write one hostile session below `root`; its series may tell who `others` are."""
    style = dice.choice(FOLDERS)(person).replace("..", "_")
    folder = Path(os.fsdecode(bytes(root) + b"/" + _folder_bytes(style, dice))) / str(visit_number)
    visit = Visit(person, folder, damage=damage, packed=packed)
    folder.mkdir(parents=True, exist_ok=True)
    change, sizeless = BEFORE.get(damage, (lambda ds, index: None, False))
    visit.sizeless = sizeless
    writings = dice.sample(person.writings, len(person.writings))
    places = dice.sample(sorted(PLACES), dice.choice((0, 0, 1, 2, 4)))
    rle = not damage and not packed and dice.random() < 0.1
    visit.packed = visit.packed or ("RLE" if rle else "")
    for number in range(2, 2 + dice.choice((1, 1, 1, 2, 3))):
        label, writing, named = dice.choice(sorted(LABELS)), writings.pop(), visit
        if others and number == 2:
            named = dice.choice(others)
            writing = dice.choice(named.person.writings)
        names = LABELS[label](writing.text, writing.squeezed)
        place = label if named is visit else f"{label}, of another subject"
        named.note(place, writing, " | ".join(dict.fromkeys(names)))
        own = [(place, writings.pop()) for place in places] if number == 2 else []
        for place, own_writing in own:
            visit.note(place, own_writing, own_writing.text)

        def finish(ds: Dataset, index: int, own: list[tuple[str, Writing]] = own) -> None:
            for place, own_writing in own:
                PLACES[place](ds, own_writing.text)
            change(ds, index)

        pattern = dice.choice(FILES).replace("{surname}", person.surname.replace("/", "_"))
        made = runs(visit, number, names, dice, finish, rare=number == 2)
        for index, ds in enumerate(made, start=1):
            path = folder / f"s{number}" / pattern.format(index=index)
            syntax: str = ExplicitVRLittleEndian
            if rle:
                syntax = _compress(ds, person)
            save(ds, path, person, syntax)
            visit.files.append(path)
    after, sizeless = AFTER.get(damage, (None, sizeless))
    visit.sizeless = sizeless
    if after:
        after(visit, dice)
    if visit.packed and not rle:
        _pack(visit, root, dice)
    return visit


def _folder_bytes(name: str, dice: random.Random) -> bytes:
    """A folder's name, now and then in Latin-1, which is no UTF-8."""
    if not name.isascii() and dice.random() < 0.3:
        return name.encode("latin-1", "replace").replace(b"?", b"_")
    return name.encode()


def _compress(ds: Dataset, person: Victim) -> str:
    """RLE with a text behind the segments, and another in the place of the offset table."""
    ds[Tag(0x7FE00010)] = DataElement(Tag(0x7FE00010), "OW", ds.PixelData)
    ds.file_meta = planted.file_meta(person, ds, ExplicitVRLittleEndian)
    ds.compress(RLELossless, generate_instance_uid=False)
    (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
    behind, table = person.secret("behind RLE segments").encode(), person.secret("in the offset table").encode()
    items = [table.ljust(12), frame + behind.ljust(12 + len(frame) % 2)]
    ds.PixelData = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(item)) + item for item in items)
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    return str(RLELossless)


def _pack(visit: Visit, root: Path, dice: random.Random) -> None:
    """Put the files of a session into an archive of its own."""
    person = visit.person
    archive = root / f"{person.surname.replace('/', '_')}_{visit.study_uid[-6:]}".replace("\n", "_")
    names = [f"{person.surname}/{person.patient_id}/{number}.dcm" for number in range(len(visit.files))]
    if "zip" in visit.packed:
        path = archive.with_name(archive.name + ".zip")
        with zipfile.ZipFile(path, "w") as packed:
            for file, name in zip(visit.files, names, strict=True):
                packed.write(file, name)
        if "damaged" in visit.packed:
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 3] + content[len(content) // 3 + 400 :])
    else:
        with tarfile.open(archive.with_name(archive.name + ".tar.gz"), "w:gz") as tar:
            for file, name in zip(visit.files, names, strict=True):
                tar.add(file, f"../../{name}" if dice.random() < 0.2 else name)
    for file in visit.files:
        file.unlink()


# ------------------------------------------------------------------ tables


def tables(folder: Path, visits: list[Visit], dice: random.Random) -> dict[str, Any]:
    """The user's tables and settings, in which some tell who somebody is; returns the settings."""
    rows = ["patient_id\tsubject\tsite\tnote"]
    for number, visit in enumerate(visits, start=1):
        person = visit.person
        writing = dice.choice(person.writings)
        label, note = f"p{number:03d}", "n/a"
        if dice.random() < 0.15:
            label = visit.note("a label of subjects.tsv", writing, writing.squeezed)
        if dice.random() < 0.15:
            writing = dice.choice([own for own in person.writings if own.what != "ID" or own.is_certain])
            note = visit.note("a cell of subjects.tsv", writing, f"seen {writing.text}")
        if not any(row.startswith(f"{person.patient_id}\t") for row in rows) and "\n" not in note:
            rows.append(f"{person.patient_id}\t{label}\tA\t{note}")
    (folder / "subjects.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    told = dice.choice(visits)
    # Who gives a dataset its name may name the place that it comes from.
    certain = [own for own in told.person.writings if own.is_certain and own.way != "its own word"]
    first, second = dice.sample(certain, 2)
    dictionary = {
        "site": {"Description": "Where", "Levels": {"A": told.note("the data dictionary", first, f"in {first.text}")}},
        "note": {"Description": "What was seen"},
    }
    (folder / "dictionary.json").write_text(json.dumps(dictionary, ensure_ascii=False), encoding="utf-8")
    return {"name": told.note("the dataset's name", second, f"Heads of {second.text}")}
