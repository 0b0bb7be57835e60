"""What is left in a rewritten header is looked for in values, and named by its attribute."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.support.dicom_bytes import profile, small, written
from unface.deidentify.clean_files import Deidentifier, IdentifierLeftError
from unface.deidentify.splitter import HeaderSplitter
from unface.identity.pseudonyms import Key

SYNTAXES = ExplicitVRLittleEndian, ImplicitVRLittleEndian


def clean(ds: Dataset, identifiers: dict[str, set[str]], syntax: str = ExplicitVRLittleEndian) -> Dataset:
    deidentifier = Deidentifier(profile(), Key(b"k" * 32), "someone", "asub", identifiers)
    parts = deidentifier.clean(written(ds, syntax), HeaderSplitter()).parts
    return pydicom.dcmread(io.BytesIO(b"".join(bytes(part) for part in parts)))


@pytest.mark.parametrize(("name", "length"), [("LOH^WEI LING", 72), ("LOR^MAI", 82), ("LOT^MAI", 84)])
def test_vr_and_length_are_no_name(name: str, length: int) -> None:
    versions = ("5.7.1.1\\" * length)[: length - 1] + "1"
    ds = small(PatientName=name, SoftwareVersions=versions.split("\\"))
    assert f"{name[:3]}\0".encode() in written(ds, ExplicitVRLittleEndian)
    assert "\\".join(clean(ds, {"name": {name}}).SoftwareVersions) == versions


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_numbers_that_spell_a_short_name_are_none(syntax: str) -> None:
    ds = small(DiffusionBValue=1000.0, AcquisitionMatrix=[0x6D69, 0x6B20, 0x0020, 0x6D69])
    ds.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2A, "OB", b"\0kim\0\1\2loh\3\0" * 4)
    assert clean(ds, {"name": {"KIM^LOH"}}, syntax).DiffusionBValue == 1000.0


def test_own_words_of_unface_are_no_identifier() -> None:
    identifiers = {"name": {"UNFACE^DICOM", "TABLE^CLEAN", "OPTION^BASIC"}, "other": {"E.1-1"}}
    assert clean(small(Modality="MR"), identifiers).DeidentificationMethod.startswith("unface ")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_maker_s_name_in_a_creator_is_no_identifier(syntax: str) -> None:
    ds = small(Modality="MR")
    ds.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", 48)
    assert clean(ds, {"name": {"SIEMENS^HEADER"}}, syntax)[0x0019100A].value == 48


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_the_refusal_names_the_element_and_what_removes_it_and_not_its_value(syntax: str) -> None:
    ds = small(Modality="MR")
    ds.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2A, "OB", "seen by Šafařík".encode())
    with pytest.raises(IdentifierLeftError, match="0043,GEMS_PARM_01,2a: remove") as refusal:
        clean(ds, {"name": {"ŠAFAŘÍK^JANE"}}, syntax)
    assert "afa" not in str(refusal.value).lower()


@pytest.mark.parametrize("charset", ["shift_jis", "euc_jp", "utf-8"])
def test_a_name_in_another_script_is_found_among_bytes(charset: str) -> None:
    ds = small(Modality="MR")
    value = b"\0\1" + "能見表".encode(charset)
    ds.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x2A, "OB", value + b"\0" * (len(value) % 2))
    with pytest.raises(IdentifierLeftError):
        clean(ds, {"name": {"能見^表"}})
