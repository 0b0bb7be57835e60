import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import data_store
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from tests.support.dicom_bytes import cleaned, hostile, small, written
from unface.deidentify.splitter import HeaderSplitter
from unface.dicom.encoding import UnreadableError

PYDICOM_FILES = sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm"))
SMALL_BYTES = 200_000
MORE_FILES = sorted(
    path for path in (Path(data_store.__file__).parent / "data").glob("*.dcm") if path.stat().st_size < SMALL_BYTES
)
"""Those of pydicom-data; the large ones differ from them in their pixels alone."""


def content(data: bytes) -> dict[str, object]:
    """Everything of a file by path, in one form for every encoding."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(_flat(pydicom.dcmread(io.BytesIO(data)), ""))


def _flat(ds: Dataset, path: str) -> list[tuple[str, object]]:
    values: list[tuple[str, object]] = []
    for element in ds:
        here = f"{path}/{element.tag}"
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                values += _flat(item, f"{here}[{number}]")
        else:
            values.append((here, str(element.value)))
    return values


SHARED_SETS = ["ct_philips_burned_in_screens", "siemens_multiecho", "ge_siemens_epi", "fieldmaps_ge_siemens_philips"]
LARGE_BYTES = 5_000_000
REFUSED = {
    *("MR_truncated.dcm", "rtplan_truncated.dcm", "emri_small_jpeg_2k_lossless_too_short.dcm"),  # cut short
    *("UN_sequence.dcm", "empty_charset_LEI.dcm", "nested_priv_SQ.dcm", "no_meta_group_length.dcm", "priv_SQ.dcm"),
    "meta_missing_tsyntax.dcm",  # no transfer syntax; those above have no SOP class or instance
    "GDCMJ2K_TextGBR.dcm",  # a codestream of no known kind
    "SC_rgb_jpeg.dcm",  # a VR that DICOM does not know
}
"""Files of pydicom's that are damaged on purpose, in ways that withhold them."""


@pytest.mark.parametrize("path", [*PYDICOM_FILES, *MORE_FILES], ids=lambda path: path.name)
def test_pydicom_s_own_files_come_out_the_same_by_both_ways(path: Path) -> None:
    ended = both_ways(path.read_bytes())
    if ended == "unwritable":
        pytest.skip("pydicom cannot write this file again")
    assert ended == ("refused" if path.name in REFUSED else "same")


@pytest.mark.parametrize("name", SHARED_SETS)
def test_files_of_real_scanners_come_out_the_same_by_both_ways(name: str, shared_data: Callable[[str], Path]) -> None:
    folders: dict[Path, Path] = {}
    for path in sorted(shared_data(name).rglob("*")):
        # A Philips scanner's directory of its files is no image, and refused.
        if path.is_file() and path.name != "DIRFILE" and path.stat().st_size < LARGE_BYTES:
            folders.setdefault(path.parent, path)
    assert {both_ways(path.read_bytes()) for path in folders.values()} == {"same"}


def both_ways(raw: bytes) -> Literal["same", "refused", "unwritable"]:
    """Hold the way of bytes against that through pydicom, which cannot write each file again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ds = pydicom.dcmread(io.BytesIO(raw))
            # Every value is decoded once, so that pydicom and not the raw bytes decides what is written.
            ds.walk(lambda _, element: None)
            other = io.BytesIO()
            pydicom.dcmwrite(other, ds)
        except Exception:
            return "unwritable"
        try:
            direct = cleaned(raw)
        except UnreadableError:
            return "refused"
    assert content(direct) == content(cleaned(other.getvalue()))
    return "same"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_every_encoding_gives_the_same_clean_data_set(syntax: str) -> None:
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "T-A0100", "Brain"
    ds = small(Modality="MR", PatientAge="034Y", AcquisitionDate="20200102", AnatomicRegionSequence=[inner], Rows=7)
    expected = content(cleaned(written(ds, ExplicitVRLittleEndian)))
    assert content(cleaned(written(ds, syntax))) == expected


def test_a_file_without_preamble_and_meta_is_read_too() -> None:
    ds = small(Modality="MR")
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=True, little_endian=True)
    assert pydicom.dcmread(io.BytesIO(cleaned(buffer.getvalue()))).Modality == "MR"


def test_a_template_from_other_files_changes_nothing() -> None:
    splitter = HeaderSplitter()
    for number in (1, 2, 3, 9, 4):
        ds = small(InstanceNumber=number, SeriesDescription="t1", ImageComments="mean" * (number % 2))
        if number == 9:
            ds.private_block(0x19, "SOMEONE", create=True).add_new(0x0C, "IS", "7")
        else:
            ds.private_block(0x19, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", "7")
        raw = written(ds, ExplicitVRLittleEndian)
        assert cleaned(raw, splitter) == cleaned(raw)


@pytest.mark.parametrize("name", hostile())
def test_hostile_input_is_refused(name: str) -> None:
    with pytest.raises(UnreadableError):
        cleaned(hostile()[name])


VALUES: dict[str, st.SearchStrategy[object]] = {
    "PatientComments": st.text("abc XYZ19", max_size=20),
    "EchoTime": st.floats(0, 99).map(lambda number: f"{number:.4f}"),
    "Rows": st.integers(0, 65535),
    "StudyDate": st.dates().map(lambda day: f"{day:%Y}".zfill(4) + f"{day:%m%d}"),
    "FrameOfReferenceUID": st.integers(0, 10**12).map(lambda number: f"1.2.3.{number}"),
    "ImageType": st.lists(st.sampled_from(["ORIGINAL", "DERIVED", "M"]), min_size=2, max_size=3),
}


@st.composite
def data_sets(draw: Callable[..., object], depth: int = 3) -> Dataset:
    """Random data sets with sequences in sequences."""
    ds = Dataset()
    for keyword in draw(st.sets(st.sampled_from(sorted(VALUES)))):  # type: ignore[attr-defined]
        setattr(ds, keyword, draw(VALUES[keyword]))
    if depth and draw(st.booleans()):
        for keyword in ("RequestAttributesSequence", "AnatomicRegionSequence"):
            setattr(ds, keyword, draw(st.lists(data_sets(depth - 1), max_size=2)))
    return ds


@settings(max_examples=60, deadline=None)
@given(data_sets(), st.booleans())
def test_random_nested_data_sets_come_out_the_same_in_every_encoding(ds: Dataset, undefined: bool) -> None:
    base = small()
    ds.file_meta = base.file_meta
    ds.SOPClassUID, ds.SOPInstanceUID = base.SOPClassUID, base.SOPInstanceUID
    if undefined:
        for element in ds:
            if element.VR == "SQ":
                element.is_undefined_length = True
    explicit = content(cleaned(written(ds, ExplicitVRLittleEndian)))
    assert content(cleaned(written(ds, ImplicitVRLittleEndian))) == explicit
    assert content(cleaned(written(ds, ExplicitVRBigEndian))) == explicit
