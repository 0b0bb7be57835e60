"""What is fuzzed: every reader of foreign bytes and of users' tables, with samples made by programs."""

import bz2
import copy
import functools
import gzip
import io
import json
import lzma
import struct
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import yaml
from hypothesis import strategies as st
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from demo import planted
from tests.support.dicom_bytes import cleaned, hostile, profile, small, written
from tests.support.dicom_factory import T1W_PROTOCOLS, planted_dataset
from tests.support.fuzz import Sample, Target, damaged
from tests.support.staged_sessions import IDENTIFIERS
from unface.audit.files import FileCheck
from unface.audit.identifier_like import kinds
from unface.audit.identifier_search import IdentifierSearch
from unface.convert import dcm2niix, nifti_headers, sidecars
from unface.deidentify import selection
from unface.deidentify.clean_files import Deidentifier, IdentifierLeftError
from unface.deidentify.collect import IdentifierCollector, collect_file
from unface.deidentify.splitter import HeaderSplitter
from unface.deidentify.values import NUMBERS, ValueRewriter
from unface.dicom import csa
from unface.dicom.elements import LONG_VRS, SHORT_VRS
from unface.dicom.encoding import LAST_DELIMITER, UnreadableError, decode, element, element_at
from unface.identity import ages, demographics, spellings
from unface.identity.header_search import HeaderSearch
from unface.identity.identifiers import add_names_of_paths, searchable
from unface.identity.label_search import LabelSearch
from unface.identity.patients import names_nobody, normalised
from unface.identity.pseudonyms import Key
from unface.identity.vocabulary import keep_codes, keep_words, vocabulary
from unface.identity.withdrawn import read_withdrawn
from unface.inventory import scan
from unface.inventory.archives import unpack
from unface.inventory.inventory import collect
from unface.inventory.subjects import read_subjects
from unface.mapping import reproin
from unface.mapping.rule import RulesError
from unface.mapping.rule_file import read_rules
from unface.release import data_dictionary, given_columns
from unface.review import ratings
from unface.run import settings
from unface.run.files import TableError
from unface.run.folders import Folder, Place
from unface.run.layout import Layout
from unface.run.outcome import REASONS, WithheldError
from unface.run.sessions import SessionId
from unface.run.settings import SHIPPED_RULES, SettingsError

KEY = Key(b"k" * 32)
SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
MIB = 1 << 20


@contextmanager
def folder_of(**contents: bytes) -> Iterator[Path]:
    """A folder with files, by name; `__` stands for a dot."""
    with tempfile.TemporaryDirectory() as name:
        for file, content in contents.items():
            (Path(name) / file.replace("__", ".")).write_bytes(content)
        yield Path(name)


# Headers and whole files of DICOM


@functools.cache
def planted_file(vendor: str, syntax: str = ExplicitVRLittleEndian, number: int = 0) -> tuple[bytes, frozenset[bytes]]:
    """A small image with identifiers everywhere, and these."""
    ds, person = planted_dataset(number, vendor)
    if syntax == ExplicitVRLittleEndian:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "file"
            planted.save(ds, path, person)
            data = path.read_bytes()
    else:
        ds.file_meta = planted.file_meta(person, ds, syntax)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = written(ds, syntax)
    return data, frozenset(value.encode() for value in person.secrets.values())


def marks_of(data: bytes) -> tuple[int, ...]:
    """Where the elements of a file begin, those inside sequences too, if it is written in little endian."""
    marks = [128, 132]
    with suppress(UnreadableError):
        encoded = decode(data)
        if encoded.data is data:
            at = 132
            while at < len(data):
                marks.append(at)
                tag, _, body, after = element_at(data, at, len(data), encoded.implicit and at >= encoded.start)
                marks += [body, after - 8] if tag >> 16 != 0x7FE0 else [body]
                at = after
    return tuple(marks)


@functools.cache
def dicom_samples() -> list[Sample]:
    files = [planted_file(vendor)[0] for vendor in T1W_PROTOCOLS]
    files += [planted_file("siemens", syntax)[0] for syntax in SYNTAXES[1:]]
    files += [data for data in hostile().values() if len(data) < MIB]
    files += [path.read_bytes() for path in PYDICOM_FILES]
    return [Sample(data, marks_of(data)) for data in files]


PYDICOM_FILES = [
    path
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
    if path.stat().st_size < 40_000
]
"""Small files of pydicom's tests: compressed, enhanced, nested, damaged ones."""

ITEM = b"\xfe\xff\x00\xe0"
DICOM_WORDS = [
    *(ITEM + bytes(4), ITEM + b"\xff\xff\xff\xff", b"\xfe\xff\x0d\xe0" + bytes(4), b"\xfe\xff\xdd\xe0" + bytes(4)),
    *sorted(SHORT_VRS | LONG_VRS),
    *(
        b"\xe0\x7f\x10\0OW\0\0",
        b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + ITEM + bytes(4),
        b"\0\x52\x30\x92",
        b"\0\x52\x29\x92",
    ),
    *(
        b"\x10\0\x10\0PN",
        b"\x10\0\x20\0LO",
        b"\x08\0\x05\0CS",
        b"\x20\0\x0d\0UI",
        b"\x28\0\x08\0IS\x08\0",
        b"\x29\0\x10\0LO",
    ),
    *(uid.encode() + b"\0" for uid in SYNTAXES),
    *(
        b"1.2.840.10008.1.2.4.50",
        b"1.2.840.10008.1.2.5",
        b"ISO 2022 IR 87\\ISO_IR 192",
        b"\x1b$B",
        b"\\ISO 2022 IR 149",
    ),
    *(b" \\", b"--5", b"1e999", b"9" * 400, b"\xb2", b"nan", b"\0", b"\xff", b"^", b"="),
]


def check_scan(data: bytes) -> None:
    with folder_of(file=data) as folder:
        place = Place(str(folder / "file"), len(data), 1)
        told = scan._read_folder(Folder(str(folder), (place,)), folder / "unpacked")
    json.dumps(told).encode()
    assert sum(len(series["files"]) for series in told["series"]) + len(told["unused"]) == 1
    for fields in (series["values"] for series in told["series"]):
        reproin.parse(fields)


def check_clean(data: bytes) -> None:
    """A damaged file between two sound ones of the same series, which come out as they do without it."""
    collector = IdentifierCollector(profile().options)
    sound, secrets = planted_file("siemens")
    splitter = HeaderSplitter()
    with folder_of(file=data, sound=sound) as folder:
        collect_file(folder / "sound", collector, splitter, by_pydicom=True)
        collect_file(folder / "file", collector, splitter, by_pydicom=True)
    own = searchable(collector.identifiers)
    deidentifier = Deidentifier(profile(), KEY, "someone", "asub", own)
    before = _clean(deidentifier, sound, splitter)
    clean = _clean(deidentifier, data, splitter)
    if isinstance(clean, str):
        assert not any(secret.decode() in clean for secret in secrets)
    else:
        assert len(clean) < 4 * len(data) + MIB
        header = _parsed(clean)
        values = {value.encode() for kind in ("name", "id", "other") for value in own[kind] if value.isascii()}
        assert not any(value in header for value in values if len(value) > 5), "an identifier is left"
    assert _clean(deidentifier, sound, splitter) == before


def _clean(deidentifier: Deidentifier, data: bytes, splitter: HeaderSplitter) -> bytes | str:
    """The clean file, or why there is none."""
    try:
        return b"".join(bytes(part) for part in deidentifier.clean(data, splitter).parts)
    except IdentifierLeftError:
        # Of a sound file, too: what damage makes of a name or a day may stand in it.
        return "left"
    except UnreadableError as error:
        return str(error)


def _parsed(clean: bytes) -> bytes:
    """What stands before the pixels, once pydicom has read it to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(io.BytesIO(clean))
        _sequences(ds)
    return clean[: len(clean) - len(ds.get_item("PixelData").value or b"")] if "PixelData" in ds else clean


def _sequences(ds: pydicom.Dataset) -> None:
    for tag in ds.keys():  # noqa: SIM118 - iterating a data set decodes it
        raw = ds.get_item(tag)
        if raw is not None and raw.VR == "SQ":
            for item in ds[tag].value:
                _sequences(item)


def check_selection(data: bytes) -> None:
    """Whether conditions and the size of an image can be told of what the splitter makes of a file."""
    with suppress(UnreadableError):
        encoded = decode(data)
        segments, _ = HeaderSplitter().split(encoded)
        selection.fields(segments, encoded.implicit, selection.keywords([{"field": "ImageType"}]))


def check_inventory(data: bytes) -> None:
    """A damaged file beside a sound one of somebody else, whose session is found as it is without it."""
    assert sessions_of(sound=planted_file("ge", number=1)[0]) <= sessions_of(
        file=data, sound=planted_file("ge", number=1)[0]
    )


def sessions_of(**files: bytes) -> set[SessionId]:
    with folder_of(**files) as folder:
        layout = Layout(folder / "results")
        scan.scan(folder, layout, 0, 1)
        collect([layout.scan("0")], layout, KEY, None, SHIPPED_RULES)
        return set(layout.read_sessions())


# Elements in numbers

ELEMENTS = {
    "private elements": element(0x00291001, b"LO", b"ab", False),
    "private creators": element(0x00290010, b"LO", b"SIEMENS CSA HEADER", False),
    "numbers": element(0x00189087, b"DS", b"1\\ ", False),
    "names": element(0x00401001, b"PN", b"DOE^JANE", False),
    "sequences": element(0x00400275, b"SQ", ITEM + b"\x0a\0\0\0" + element(0x00080100, b"SH", b"ab", False), False),
    "items": ITEM + b"\xff\xff\xff\xff\xfe\xff\x0d\xe0" + bytes(4),
    "overlays": element(0x60000010, b"US", b"\1\0", False),
    "empty values": element(0x00081030, b"LO", b"\\" * 30, False),
}
MANY = 20_000


@st.composite
def long_headers(draw: st.DrawFn) -> bytes:
    """A header of some elements over and over, in a sequence or not."""
    units = draw(st.lists(st.sampled_from(sorted(ELEMENTS)), min_size=1, max_size=3))
    body = b"".join(ELEMENTS[name] for name in units) * (MANY // len(units))
    if "items" in units or draw(st.booleans()):
        if "items" not in units:
            body = ITEM + len(body).to_bytes(4, "little") + body
        body = element(0x00400555, b"SQ", body, False)
    return written(small(Rows=2), ExplicitVRLittleEndian) + body


def check_long_header(data: bytes) -> None:
    check_scan(data)
    with suppress(UnreadableError):
        assert len(cleaned(data)) < 2 * len(data) + 2000


# Makers' protocol blocks and compressed pixels


def _same(text: bytes) -> bytes:
    return text


@functools.cache
def block_samples() -> list[Sample]:
    ds, _ = planted_dataset(0, "siemens")
    ge, _ = planted_dataset(0, "ge")
    image, series = ds[0x0029, 0x1010].value, ds[0x0029, 0x1020].value
    first = series[8:]  # Of the first version, but for its lengths.
    texts = [
        series[series.find(b"### ASCCONV") : series.rfind(b"###") + 3],
        gzip.decompress(ge[0x0025, 0x101B].value[4:]),
    ]
    fields = tuple(range(16, len(series), 84))
    return [Sample(image, fields), Sample(series, fields), Sample(first, fields), *map(Sample, texts)]


BLOCK_WORDS = [
    *(
        b"### ASCCONV BEGIN",
        b"### ASCCONV END ###",
        b"MrPhoenixProtocol\0",
        b" ",
        b"\t",
        b'"',
        b'""',
        b"=",
        b" = ",
        b"#",
        b"\n",
    ),
    *(b"set ", b"TE ", b"9" * 30, b"0x", b"1e", b".", b"[", b"\0", b"M\0\0\0", b"\xcd\0\0\0"),
]


def check_blocks(data: bytes) -> None:
    for clean in (csa.clean_header, csa.clean_protocol, csa.clean_ge_protocol):
        for block in (data, struct.pack("<I", len(data)) + gzip.compress(data, 1, mtime=0)):
            made = clean(block, _same)
            assert made is None or len(made) < 4 * len(data) + 1000


@functools.cache
def stream_samples() -> list[Sample]:
    """Whole files with compressed pixels."""
    app = b"\xff\xe0\0\x10JFIF\0\1\2\0\0\1\0\1\0\0\xff\xfe\0\x06DOE^\xff\xee\0\x0eAdobe1234567"
    scan_ = b"\xff\xda\0\x02da\xff\0ta\xff\xd0\xff\x64"
    inside = b"\xff\x64\0\x08\0\1DOE^\xff\x93data\xff\x64"
    tile = b"\xff\x90\0\x0a\0\0" + (12 + len(inside)).to_bytes(4, "big") + b"\0\1" + inside
    images = {
        JPEGBaseline8Bit: b"\xff\xd8" + app + scan_ + b"\xff\xfe\0\x06DOE^" + scan_ + b"\xff\xd9",
        JPEG2000Lossless: b"\xff\x4f" + tile + tile + b"\xff\xd9",
        RLELossless: struct.pack("<16I", 1, 64, *[0] * 14) + b"\xf9\1\0\2\0",
    }
    samples: list[Sample] = []
    for syntax, stream in images.items():
        image = stream + bytes(len(stream) % 2)
        fragments = b"".join(ITEM + len(one).to_bytes(4, "little") + one for one in (image[:20], image[20:]))
        head = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff" + ITEM + bytes(4)
        header = written(small(Rows=2, Columns=4, BitsAllocated=8, SamplesPerPixel=1), syntax)
        at = len(header)
        marks = (at, at + 8, at + 12, at + 20, at + 28, at + 40, at + 48, at + 56)
        samples.append(Sample(header + head + fragments + LAST_DELIMITER, marks))
    return samples


STREAM_WORDS = [b"\xff\xd8", b"\xff\xfe", b"\xff\x64", b"\xff", b"\0", b"\x80", ITEM, LAST_DELIMITER]


def check_streams(data: bytes) -> None:
    with suppress(UnreadableError):
        assert len(cleaned(data)) < 2 * len(data) + 2000


# Archives


@functools.cache
def archive_samples() -> list[Sample]:
    files = {
        "a/1.dcm": b"one" * 50,
        "": b"none",
        "../2": b"two",
        "/3": b"3" * 3000,
        "in.zip": b"PK",
        "a/": b"",
        "é": b"e",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name or "x"), content, zipfile.ZIP_DEFLATED)
    zipped = buffer.getvalue()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name or "n" * 300)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE):
            entry = tarfile.TarInfo("odd")
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
    plain = buffer.getvalue()
    central = zipped.find(b"PK\1\2")
    blocks = tuple(range(0, len(plain), 512))
    packed_tars = [gzip.compress(plain, mtime=0), bz2.compress(plain), lzma.compress(plain)]
    return [Sample(zipped, (0, 26, central, len(zipped) - 22)), Sample(plain, blocks), *map(Sample, packed_tars)]


ARCHIVE_WORDS = [
    b"PK\1\2",
    b"PK\3\4",
    b"PK\5\6",
    b"PK\6\6",
    b"PK\6\7",
    b"\0",
    b"\xff",
    b"0",
    b"7",
    b" ",
    b"../",
    b"30 mtime=1\n",
]


def check_archive(data: bytes) -> None:
    for ending in ("zip", "tar", "tar.gz"):
        with folder_of(**{f"x__{ending.replace('.', '__')}": data}) as folder:
            path = folder / f"x.{ending}"
            members = unpack(Place(str(path), len(data), 1), folder / "unpacked", floor_bytes=MIB)
            found = [file for file in folder.rglob("*") if file.is_file() and file != path]
            assert {str(file) for file in found} == {m.place.path for m in members if m.place.problem is None}
            assert all(file.parent.parent == folder / "unpacked" and not file.is_symlink() for file in found)
            assert sum(file.stat().st_size for file in found) < max(MIB, 200 * len(data))


# What users write


SUBJECTS = (
    "patient_id\tsubject\tstudy_uid\tsession\tsex\tage\tgroup\tscore\n"
    "ZQPATIENT7\tp01\t\ts1\tF\t34\tc\t1.5\nZQPATIENT8\tp02\t1.2.3\ts2\tmale\t30-35\tp\tn/a\n"
)
RATED = "image\timage_sha256\tmask_sha256\trating\trater\tcomment\n" + (
    f"sub-a/ses-b/anat/sub-a_ses-b_T1w.nii.gz\t{'0' * 64}\t{'f' * 64}\tpass\tme\t\n"
)
DICTIONARY = (
    '{"group": {"Description": "g", "Levels": {"c": "control", "p": "patient"}}, "score": {"Description": "s"}}'
)
DICTIONARY_TABLE = "column\tdescription\tunits\tlevels\ngroup\tg\t\tc=control; p=patient\nscore\ts\tmm\t\n"
RULES = """\
extends: shipped
rules:
  - name: rest
    criteria: {Modality: MR, any: [{ProtocolName: {regex: "rest.*"}}, {EchoTime: {btw: [1, 2]}}], Rows: {gt: 3}}
    priority: 60
    datatype: func
    suffix: bold
    entities: {task: rest, acq: {field: ProtocolName, regex: "acq-(\\\\w+)"}}
    sidecar: {Key: 2020-01-02}
  - {name: b0, criteria: {ImageType: [ORIGINAL, P*]}, exclude: no use, intended_for: [rest]}
scanners:
  - {name: s, when: {Manufacturer: GE}, rules: [{name: rest, criteria: {Modality: MR}, exclude: "no"}]}
"""
DCM2BIDS = json.dumps(
    {
        "extractors": {"ProtocolName": ["task-(?P<task>[a-z]+)"]},
        "descriptions": [
            {"id": "a", "datatype": "anat", "suffix": "T1w", "criteria": {"SeriesDescription": "t1*", "EchoTime": 1.5}},
            {"datatype": "func", "suffix": "bold", "custom_entities": ["task", "acq-x"], "sidecar_changes": {"a": 1},
             "criteria": {"SidecarFilename": "*_rest*_e1*", "ImageType": ["ORIGINAL", "M"]}},
        ],
    }
)  # fmt: skip
SETTINGS = """\
dicom_dir: raw
results_dir: out
select: [{Modality: MR}]
deidentify: {age_band_years: 5, folder_pattern: "(?P<sex>[FM])_(?P<age>[0-9]+)", overrides: {PatientSex: keep}}
deface: {limits: {scale_min: 0.5}}
release: {date: "2020-01-02", authors: [A, B]}
"""
TEXT_WORDS = [
    *(
        b"\t",
        b"\n",
        b"\r",
        b"\0",
        b'"',
        b"'",
        b"\xff",
        b"\xef\xbb\xbf",
        b"n/a",
        b"{",
        b"}",
        b"[",
        b"]",
        b": ",
        b"- ",
        b"# ",
    ),
    *(
        b"&a ",
        b"*a",
        b"!!binary ",
        b"!!python/object:x ",
        b"!!timestamp ",
        b"!!int ",
        b"!!set ",
        b"<<: ",
        b"? ",
        b"|\n",
        b"%",
    ),
    *(
        b"DOE^JANE",
        b"\0\0\x80\x7f",
        b"2001-99-99",
        b"1:60:99",
        b"0x",
        b"0b2",
        b".inf",
        b".nan",
        b"1e999",
        b"9" * 5000,
        b"null",
        b"true",
        b"~",
        b"=",
    ),
    *(
        b"(?P<",
        b"(",
        b"[a-",
        b"*",
        b"+",
        b"\\",
        b"{2,1}",
        b"\xe2\x80\xa8",
        b"\xd9\xa3",
        b"\xc2\xb2",
        b"rules:",
        b"criteria:",
    ),
    *(b"[" * 1200, b"{a: " * 1200, b'{"a":' * 2000, b"x" * 140_000),
]


def _table(
    name: str, read: Callable[[Path], object], errors: type[Exception], text: str, ending: str = "tsv"
) -> Target[bytes]:
    def check(data: bytes) -> None:
        with folder_of(**{f"file__{ending}": data}) as folder:
            assert "ZQPATIENT" not in _said(read, folder / f"file.{ending}", errors)

    marks = tuple(at + 1 for at, sign in enumerate(text) if sign in "\n\t:")
    inputs = damaged([Sample(text.encode(), marks)], TEXT_WORDS)
    return Target(name, inputs if ending == "tsv" else st.one_of(inputs, with_odd_values(text)), check, 60)


ODD: list[object] = [
    None,
    5,
    -1,
    1.5,
    True,
    "x",
    "",
    "5",
    [],
    {},
    [1],
    ["x", None],
    {"a": 1},
    {1: "a"},
    [[]],
    [{}],
    "[",
    10**30,
]


@st.composite
def with_odd_values(draw: st.DrawFn, text: str) -> bytes:
    """A text of YAML in which some values are of another kind than they should be."""
    content = yaml.safe_load(text)
    for _ in range(draw(st.integers(1, 3))):
        inner, key = draw(st.sampled_from(list(_places(content))))
        inner[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    return yaml.safe_dump(content).encode() if not text.startswith("{") else json.dumps(content).encode()


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    for key in content if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _said(read: Callable[[Path], object], path: Path, errors: type[Exception]) -> str:
    try:
        read(path)
    except errors as error:
        return str(error)
    return ""


def _dictionary(path: Path) -> None:
    given = {"p01": {"group": "c", "score": "1.5"}, "p02": {"group": "p", "score": "n/a"}}
    data_dictionary.words(data_dictionary.read(path, given))


def _rules(path: Path) -> None:
    fields = {"Modality": "MR", "ProtocolName": ["rest_acq-a", "b"], "EchoTime": 1.5, "ImageType": ["ORIGINAL", "M"]}
    for rule in read_rules(path)[0]:
        rule.may_match(fields)
        rule.matches(fields)


def _settings(path: Path) -> None:
    settings.check(settings.read_file(path))


def _linked(path: Path) -> None:
    read_withdrawn(path, [("p01", "ZQPATIENT7")])


# What the audit reads, and what dcm2niix writes


@functools.cache
def nifti() -> bytes:
    image = nib.Nifti1Image(np.arange(512, dtype=np.int16).reshape(8, 8, 8), np.eye(4))
    return bytes(image.to_bytes())


SIDECAR = json.dumps(
    {"EchoTime": 0.003, "Manufacturer": "Siemens", "ImageType": ["ORIGINAL", "M"], "SliceTiming": [0, 0.5, 1],
     "RepetitionTime": 2, "ReceiveCoilName": "Head_32", "SoftwareVersions": "syngo MR E11"}
)  # fmt: skip
SCANS = "filename\tacq_time\nanat/sub-abc_ses-s1_T1w.nii.gz\t1850-02-03T10:11:12\n"
NUMBERS_TEXT = "0 1000 2000.5\n-1e-3 0 0\n"
NIFTI_MARKS = (0, 40, 42, 70, 72, 76, 108, 112, 123, 148, 252, 254, 280, 328, 344, 348, 352)
SESSION = "sub-abc/ses-s1"
FILES: dict[str, Callable[[], bytes]] = {
    "anat/sub-abc_ses-s1_T1w.nii.gz": lambda: gzip.compress(nifti(), mtime=0),
    "anat/sub-abc_ses-s1_T1w.json": SIDECAR.encode,
    "sub-abc_ses-s1_scans.tsv": SCANS.encode,
    "dwi/sub-abc_ses-s1_dwi.bval": NUMBERS_TEXT.encode,
}


def audit_samples() -> list[Sample]:
    return [*(Sample(make()) for make in FILES.values()), Sample(nifti(), NIFTI_MARKS)]


def conversion_samples() -> list[Sample]:
    return [Sample(SIDECAR.encode()), Sample(SAID.encode()), Sample(nifti(), NIFTI_MARKS)]


@functools.cache
def _audit() -> FileCheck:
    released = frozenset(f"{SESSION}/{name}" for name in FILES)
    return FileCheck(SESSION, IdentifierSearch.of(IDENTIFIERS, ()), released, ())


def check_audit(data: bytes) -> None:
    with folder_of(file=data, packed=gzip.compress(data, 1, mtime=0)) as folder:
        for name in FILES:
            files = [folder / "file", folder / "packed"] if name.endswith("gz") else [folder / "file"]
            for code, sentence in (found for file in files for found in _audit().content(f"{SESSION}/{name}", file)):
                assert code in REASONS
                assert "MRN-0048213" not in sentence


SAID = (
    "Chris Rorden's dcm2niiX version v1.0.20240202  GCC12.2.0 x86-64 (64-bit Linux)\nFound 3 DICOM file(s)\n"
    "Warning: Interslice distance varies in this volume (incompatible with NIfTI format).\n"
    "Convert 3 DICOM as /tmp/x/image_e2_ph (64x64x3x1)\nWarning: missing images? 'DOE^JANE' \"x\" /a/b\n"
)


def check_conversion(data: bytes) -> None:
    with folder_of(image__nii=nifti(), image__json=data, image_e2__nii=data, image_e2__json=SIDECAR.encode()) as folder:
        with suppress(WithheldError):
            made = dcm2niix._understood(folder, data.decode("utf-8", "replace"))
            for image in made.images:
                json.dumps(sidecars.cleaned(image.sidecar), allow_nan=False)
        for file in (folder / "image_e2.nii", folder / "image.json"):
            with suppress(nifti_headers.NotNiftiError):
                nifti_headers.geometry(file)
            with suppress(nifti_headers.NotNiftiError):
                nifti_headers.write_clean_gz(file, folder / "clean.nii.gz")


# Text: of a header, a label, a table


TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                *"aZé7٣0 .,-_^=/\\'\"#[]{}<>\t\n\0",
                "Doe",
                "JANE",
                "1963",
                "02",
                "Feb",
                "1.2.840.",
                "ß",
                "ﬁ",
                "山",
                "İ",
                "x" * 70,
            ]
        ),
        max_size=40,
    ).map("".join),
)
UNITS = st.lists(
    st.sampled_from([*"aZ70 .-_^=/\\:'\"#[{é\0\x1b\n", "1.", "Jan", "\\ ", "_a-b"]), min_size=1, max_size=3
)
LONG = st.tuples(UNITS, st.sampled_from(["", "x", "\\", "é", " ", '"'])).map(
    lambda made: ("".join(made[0]) * (65_534 // len("".join(made[0])))) + made[1]
)
"""As long as a value of a header can be, of one piece over and over: what takes the square of a length hangs."""


@functools.cache
def _searches() -> tuple[HeaderSearch, LabelSearch, IdentifierSearch]:
    common = vocabulary()
    return HeaderSearch(IDENTIFIERS, common), LabelSearch(IDENTIFIERS, common), IdentifierSearch.of(IDENTIFIERS, ())


def readers_of_text() -> dict[str, Callable[[str], object]]:
    """Everything that reads text of a header, by name."""
    header, label, audit = _searches()
    values = ValueRewriter(KEY, 5, profile(), header)

    def of_bytes(read: Callable[[bytes], object]) -> Callable[[str], object]:
        return lambda text: read(text.encode("utf-8", "replace"))

    actions: dict[str, Callable[[str], object]] = {
        f"{action} {vr}": functools.partial(lambda a, v, text: values.apply(a, v, text.encode()[:65_534]), action, vr)
        for action in values._actions
        for vr in ("LO", "DS", "IS", "UI", "DA", "CS")
        if vr == "LO" or action == "check"
    }
    return actions | {
        "header": of_bytes(lambda data: header.found_in_header(data.lower())),
        "value": of_bytes(lambda data: header.found_in_text(data.lower())),
        "number": of_bytes(header.found_in_number),
        "dates": of_bytes(header.without_dates_and_ids),
        "words": of_bytes(lambda data: keep_words(data, header.found_in_text)),
        "codes": of_bytes(lambda data: keep_codes(data, header.found_in_text)),
        "DS": of_bytes(NUMBERS["DS"][1].fullmatch),
        "label": label.found_in,
        "audit strings": lambda text: audit.in_strings([text]),
        "audit text": audit.in_text,
        "audit bytes": of_bytes(audit.in_binary),
        "identifier-like": lambda text: list(kinds(text, ())),
        "age": ages.in_years,
        "days": spellings.days,
        "nobody": lambda text: (names_nobody(text), normalised(text)),
        "demographics": lambda text: list(demographics.problems({"sex": text, "age": text})),
        "ReproIn": lambda text: reproin.parse({"ProtocolName": text[:256]}),
        "dcm2niix": lambda text: dcm2niix._plain(f"Warning: {text}"),
        "sidecar": lambda text: sidecars.cleaned({"ReceiveCoilName": text, "BodyPart": text, "EchoTime": text}),
    }


def readers_of_identifiers() -> dict[str, Callable[[str], object]]:
    """Everything that makes forms of a person's identifiers, by name."""

    def of(text: str, *kinds_: str) -> dict[str, set[str]]:
        return {"name": set(), "id": set(), "date": set(), "uid": set(), "other": set()} | {k: {text} for k in kinds_}

    every = ("name", "id", "uid", "other")
    return {
        "header search": lambda text: HeaderSearch(searchable(of(text, *every)), vocabulary()).found_in_header(b"doe"),
        "label search": lambda text: LabelSearch(searchable(of(text, *every)), vocabulary()).found_in("doe"),
        "audit search": lambda text: IdentifierSearch.of(searchable(of(text, *every)), ()).in_text("doe jane"),
        "names of paths": lambda text: add_names_of_paths(of(text, "name", "id"), ["a/b/DOE_JANE.dcm"]),
    }


def check_text(text: str) -> None:
    for read in (*readers_of_text().values(), *readers_of_identifiers().values()):
        read(text)


def check_long_text(text: str) -> None:
    for read in readers_of_text().values():
        read(text)


def check_long_identifiers(text: str) -> None:
    for read in readers_of_identifiers().values():
        read(text)


def _of_bytes(
    name: str, samples: Callable[[], list[Sample]], words: list[bytes], check: Callable[[bytes], None], examples: int
) -> Target[bytes]:
    # Samples take time to make: not when pytest looks for tests.
    return Target(name, st.deferred(lambda: damaged(samples(), words)), check, examples)


def targets() -> list[Target[bytes] | Target[str]]:
    """Everything that is fuzzed."""
    return [
        _of_bytes("scan", dicom_samples, DICOM_WORDS, check_scan, 200),
        _of_bytes("clean", dicom_samples, DICOM_WORDS, check_clean, 50),
        _of_bytes("selection", dicom_samples, DICOM_WORDS, check_selection, 100),
        _of_bytes("inventory", dicom_samples, DICOM_WORDS, check_inventory, 8),
        Target("long headers", long_headers(), check_long_header, 8),
        _of_bytes("blocks", block_samples, BLOCK_WORDS, check_blocks, 100),
        _of_bytes("codestreams", stream_samples, STREAM_WORDS, check_streams, 150),
        _of_bytes("archives", archive_samples, ARCHIVE_WORDS, check_archive, 40),
        _table("subjects", read_subjects, TableError, SUBJECTS),
        _table("withdrawn", _linked, TableError, SUBJECTS),
        _table("columns", lambda path: given_columns.read(path, ()), TableError, SUBJECTS),
        _table("ratings", ratings.read, TableError, RATED),
        _table("dictionary", _dictionary, TableError, DICTIONARY, "json"),
        _table("dictionary as a table", _dictionary, TableError, DICTIONARY_TABLE),
        _table("rules", _rules, RulesError, RULES, "yaml"),
        _table("dcm2bids", _rules, RulesError, DCM2BIDS, "json"),
        _table("settings", _settings, SettingsError, SETTINGS, "yaml"),
        _of_bytes("audit", audit_samples, TEXT_WORDS, check_audit, 40),
        _of_bytes("conversion", conversion_samples, TEXT_WORDS, check_conversion, 60),
        Target("text", TEXTS, check_text, 60),
        Target("long text", LONG, check_long_text, 4),
        Target("long identifiers", LONG, check_long_identifiers, 2),
    ]
