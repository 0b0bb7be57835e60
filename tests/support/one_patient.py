"""A small MR header with one patient's identifiers in many places, and the stage deidentify run on it."""

from pathlib import Path
from typing import Any

import pydicom
import yaml
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from unface.deidentify.deidentify import deidentify_session
from unface.identity.pseudonyms import Key
from unface.inventory.records import RawFile, Series, SessionRecord
from unface.run import outcome
from unface.run.layout import Layout
from unface.run.sessions import SessionId
from unface.run.settings import PROJECT, Deidentify

KEY = Key(b"k" * 32)
SESSION = SessionId("asub", "ses1")
NO_DATES = ["retain_patient_characteristics", "retain_safe_private", "clean_descriptors"]
"""Options under which dates go."""


def header() -> Dataset:
    """A small MR header with one patient's identifiers in many places."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.file_meta.SourceApplicationEntityTitle = "DOE"
    ds.preamble = b"JANE DOE".ljust(128)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.9.1.1"
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.9.1", "1.2.826.0.1.3680043.9.2"
    ds.Modality, ds.Manufacturer = "MR", "SIEMENS"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "DOE^JANE", "MRN-77123", "19850317"
    ds.PatientAge, ds.PatientSex = "036Y", "F"
    ds.AccessionNumber, ds.InstitutionName = "ACC99812", "ST. ELSEWHERE"
    ds.StudyDate = ds.AcquisitionDate = "20211105"
    ds.AcquisitionDateTime = "20211105101500.25+0100"
    ds.SeriesDescription = "t1_mprage JANE 1mm"
    ds.SequenceName = "*tfl3d MRN-77123"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "T-A0100", "SRT", "Brain of JANE"
    item = Dataset()
    item.PatientName = "DOE^JANE"
    item.AnatomicRegionSequence = Sequence([code])
    ds.RequestAttributesSequence = Sequence([item])
    ds.AnatomicRegionSequence = Sequence([code])
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    block = ds.private_block(0x0077, "SOMEONE", create=True)
    block.add_new(0x01, "LO", "20211105")
    ds.add_new(0x60001500, "LO", "DOE")
    ds.add_new(0x60000010, "US", 2)
    ds.add_new(0x60003000, "OW", bytes(2))
    ds.add_new(0x50003000, "OW", bytes(2))
    ds.Rows = ds.Columns = 2
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation, ds.SamplesPerPixel = 15, 0, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.PixelData = bytes(range(8))
    ds.add_new(0xFFFCFFFC, "OB", b"DOE^JANE")
    return ds


def record_of(*paths: Path, **fields: str) -> SessionRecord:
    """The record of a session of one series."""
    files = tuple(RawFile(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
    return SessionRecord(*SESSION, "MRN-77123", (Series("s001", "g001", fields, files),))


def run(tmp_path: Path, record: SessionRecord, **changes: Any) -> tuple[outcome.Outcome, Path]:
    """Run the stage; returns its outcome and its folder."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "record.json"
    tmp_path.mkdir(exist_ok=True)
    record.write(path)
    layout = Layout(tmp_path / "results")
    done = outcome.run_stage(
        "deidentify",
        SESSION,
        lambda work: deidentify_session(
            work,
            record=path,
            identifiers=layout.identifiers(SESSION),
            key=KEY,
            select=changes.pop("select", []),
            settings=Deidentify.of({**config["deidentify"], **changes}),
        ),
        layout=layout,
        fingerprint={},
    )
    return done, layout.stage("deidentify", SESSION)
