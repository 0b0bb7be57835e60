"""Header de-identification beside its peers: CPU time, identifiers left, conformance, conversion.

    python benchmarks/headers.py [--files 800] [--peers VENV] [--work FOLDER]

Makes a cohort of its own (one series of MR images of 210 kB, over 200 elements each), runs each method that is
installed in a process of its own, and writes the section "Headers" of benchmarks/RESULTS.md. CPU time is that of the
whole process and its children, less that of the same program on eight files: start-up does not count.

Peers: gdcmanon (Debian libgdcm-tools), dcmodify (dcmtk), dciodvfy (dicom3tools); dicom-anonymizer, dicognito and deid
from PyPI in the virtual environment that --peers names. cp, a plain Python read and write, and pydicom need nothing.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
from bench import ROOT, files_of
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from sections import write_section

SIZE = 320
OVERLAY_SIZE = 8
FEW = 8
TIMES_MORE = 4
"""How many times the files: for two processes, whose starts would swamp a few, and for memory."""
ATTEMPTS, SLOW_S = 7, 8

PLANTED_IN = """
AccessionNumber StudyID InstitutionName InstitutionAddress InstitutionalDepartmentName StationName
DeviceSerialNumber StudyDescription PatientAddress OtherPatientNames ReferringPhysicianName
PerformingPhysicianName OperatorsName PhysiciansOfRecord NameOfPhysiciansReadingStudy PatientComments
ImageComments StudyComments AdditionalPatientHistory Occupation EthnicGroup MedicalRecordLocator
PatientTelephoneNumbers CountryOfResidence RequestingPhysician RequestedProcedureDescription
PerformedProcedureStepDescription PerformedProcedureStepID ProtocolName DerivationDescription AdmissionID
CurrentPatientLocation InterpretationText FrameComments ContrastBolusAgent DetectorID
ScheduledProcedureStepDescription ReasonForTheRequestedProcedure MilitaryRank BranchOfService
PatientMotherBirthName PatientBirthName ResponsiblePerson ResponsibleOrganization VisitComments
IssuerOfPatientID PatientInstitutionResidence PatientReligiousPreference MedicalAlerts
"""

PLAIN = """
import os, sys
source, target = sys.argv[1:]
os.makedirs(target)
for name in sorted(os.listdir(source)):
    with open(os.path.join(source, name), "rb") as file:
        data = file.read()
    with open(os.path.join(target, name), "wb") as file:
        file.write(data)
"""
PYDICOM = """
import os, sys, pydicom
source, target = sys.argv[1:]
os.makedirs(target)
for name in sorted(os.listdir(source)):
    pydicom.dcmread(os.path.join(source, name)).save_as(os.path.join(target, name))
"""
DEID = """
import os, sys
from deid.dicom import get_files, replace_identifiers
source, target = sys.argv[1:]
os.makedirs(target)
replace_identifiers(dicom_files=sorted(get_files(source)), save=True, output_folder=target, overwrite=True)
"""


@dataclass
class Measured:
    """One method: seconds of CPU and of the clock per file, what was left, what broke."""

    cpu_s: float
    wall_s: float
    left: list[str]
    errors: int
    equal: bool


def text_of(place: str, number: int) -> str:
    """A planted identifier: it names the place that it was planted in."""
    return f"ZQ{number:02d}{place.upper()[:8]}"


def make(folder: Path, files: int) -> dict[str, str]:
    """Write the cohort; returns what was planted, by place."""
    planted: dict[str, str] = {}

    def plant(place: str) -> str:
        planted[place] = text_of(place, len(planted))
        return planted[place]

    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.file_meta.SourceApplicationEntityTitle = plant("aetitle")
    ds.preamble = plant("preamble").encode().ljust(128)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = pydicom.uid.MRImageStorage
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.10.77.1", "1.2.826.0.1.3680043.10.77.2"
    ds.FrameOfReferenceUID = "1.2.826.0.1.3680043.10.77.3"
    planted["uid root"] = "1.2.826.0.1.3680043.10.77"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "MR", "SIEMENS", "Prisma"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M", "ND"]
    surname, given = plant("surname"), plant("given")
    ds.PatientName, ds.PatientID = f"{surname}^{given}", plant("patientid")
    ds.PatientSex, ds.PatientAge, ds.PatientBirthDate = "F", "036Y", "19850317"
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20211105"
    planted["birth date"], planted["study date"] = "19850317", "20211105"
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "101500"
    for keyword in PLANTED_IN.split():
        setattr(ds, keyword, plant(keyword))
    ds.SeriesDescription = f"t1_mprage {plant('seriesdescr')}"
    ds.SequenceName = f"*tfl3d1 {planted['patientid']}"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "T-A0100", "SRT", f"Brain {plant('codemean')}"
    item = Dataset()
    item.PatientName, item.RequestedProcedureID = f"{surname}^{given}", plant("requestid")
    item.RequestedProcedureCodeSequence = [code]
    ds.RequestAttributesSequence, ds.AnatomicRegionSequence = [item], [code]
    other = Dataset()
    other.PatientID = plant("otherid")
    ds.OtherPatientIDsSequence = [other]
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    for number, value in ((0x0B, "5000"), (0x0C, "0"), (0x12, None)):
        if value is not None:
            block.add_new(number, "IS", value)
    block = ds.private_block(0x0051, "SIEMENS MR HEADER", create=True)
    block.add_new(0x19, "LO", f"A1 {plant('private')}")
    block = ds.private_block(0x0077, "SOMEBODY", create=True)
    for number in range(70):
        block.add_new(number, "LO", plant("unknownp") if number == 3 else f"value {number}")
    fill(ds)
    # With data of its own: one in the bits of the pixels is refused.
    ds.add_new(0x60000010, "US", OVERLAY_SIZE)
    ds.add_new(0x60000011, "US", OVERLAY_SIZE)
    ds.add_new(0x60001500, "LO", plant("overlay"))
    ds.add_new(0x60003000, "OW", bytes(OVERLAY_SIZE**2 // 8))
    ds.add_new(0xFFFCFFFC, "OB", plant("padding").encode())
    write_files(ds, folder, files)
    return planted


def write_files(ds: Dataset, folder: Path, files: int) -> None:
    """Write the series: what a scanner changes from image to image is changed."""
    folder.mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 4096, (SIZE, SIZE), dtype=np.uint16)
    for number in range(files):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.77.4.{number}"
        ds.InstanceNumber, ds.SliceLocation = number + 1, float(number)
        ds.ImagePositionPatient = [-160.0, -160.0, float(number)]
        ds.SmallestImagePixelValue, ds.LargestImagePixelValue = 0, 4000 + number % 90
        ds.WindowCenter, ds.WindowWidth = 500 + number % 50, 1000 + number % 70
        ds.AcquisitionTime = f"10{number // 60 % 60:02d}{number % 60:02d}.25"
        ds.PixelData = np.roll(pixels, number, axis=0).tobytes()
        ds.save_as(folder / f"{number:05d}.dcm")


def fill(ds: Dataset) -> None:
    """The technical attributes of an MR image, so that a header has the usual length."""
    ds.Rows = ds.Columns = SIZE
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.PixelSpacing, ds.SliceThickness, ds.SpacingBetweenSlices = [1.0, 1.0], 1.0, 1.0
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.RepetitionTime, ds.EchoTime, ds.InversionTime, ds.FlipAngle = 2300.0, 2.98, 900.0, 9.0
    ds.MagneticFieldStrength, ds.ImagingFrequency, ds.EchoTrainLength, ds.NumberOfAverages = 3.0, 123.2, 1, 1.0
    ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = ["GR", "IR"], ["SP", "MP"], "IR"
    ds.MRAcquisitionType, ds.PixelBandwidth, ds.PercentSampling, ds.PercentPhaseFieldOfView = "3D", 240, 100, 100
    ds.AcquisitionMatrix, ds.InPlanePhaseEncodingDirection, ds.PatientPosition = [0, 320, 320, 0], "ROW", "HFS"
    ds.SAR, ds.BodyPartExamined, ds.SeriesNumber, ds.AcquisitionNumber = 0.1, "BRAIN", 2, 1
    ds.SoftwareVersions, ds.TransmitCoilName, ds.ImagedNucleus = "syngo MR E11", "Body", "1H"
    for number in range(60):
        ds.add_new(0x00209200 + number, "DS" if number % 2 else "CS", "1.5" if number % 2 else "NONE")


def run(arguments: list[str], cwd: Path | None = None) -> tuple[float, float]:
    """Run a program; returns seconds of CPU (children included) and of the clock."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(arguments, check=True, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - start


def methods(work: Path, peers: Path | None) -> dict[str, Callable[[Path, Path], tuple[float, float]]]:
    """What can be run here: a name, and a function of source and target folder that gives its seconds."""
    python = sys.executable
    script = str(ROOT / "scripts" / "deidentify_dicom.py")
    key = str(work / "key")

    def unface(processes: int) -> Callable[[Path, Path], tuple[float, float]]:
        arguments = [python, script, "--key", key, "--processes", str(processes)]
        return lambda source, target: run([*arguments, str(source), str(target)])

    runnable: dict[str, Callable[[Path, Path], tuple[float, float]]] = {
        "cp -r": lambda source, target: run(["cp", "-r", str(source), str(target)]),
        "plain Python read and write": lambda source, target: run([python, "-c", PLAIN, str(source), str(target)]),
        "unface": unface(1),
        "unface, 2 processes": unface(2),
        "pydicom read and write": lambda source, target: run([python, "-c", PYDICOM, str(source), str(target)]),
    }
    if shutil.which("gdcmanon") and shutil.which("openssl"):
        certificate = work / "certificate.pem"
        request = f"req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {work / 'rsa.pem'} -out {certificate}"
        subprocess.run(["openssl", *request.split()], check=True, capture_output=True)
        runnable["gdcmanon -e"] = lambda source, target: run(
            ["gdcmanon", "-c", str(certificate), "-e", "-r", str(source), str(target)]
        )
    if shutil.which("dcmodify"):
        runnable["dcmodify, erase by table"] = dcmodify
    for name in ("dicom-anonymizer", "dicognito"):
        if peers and (peers / "bin" / name).exists():
            runnable[name] = peer(peers, name)
    if peers and list(peers.glob("lib/*/site-packages/deid")):
        runnable["deid"] = lambda source, target: run(
            [str(peers / "bin" / "python"), "-c", DEID, str(source), str(target)]
        )
    return runnable


def peer(peers: Path, name: str) -> Callable[[Path, Path], tuple[float, float]]:
    """A peer with a command of its own; dicom-anonymizer wants its target to exist, dicognito to be named -o."""

    def method(source: Path, target: Path) -> tuple[float, float]:
        target.mkdir()
        if name == "dicognito":
            code = "import sys; from dicognito.__main__ import main; main(sys.argv[1:])"
            return run([str(peers / "bin" / "python"), "-c", code, str(source), "-o", str(target)])
        return run([str(peers / "bin" / name), str(source), str(target)])

    return method


def dcmodify(source: Path, target: Path) -> tuple[float, float]:
    """dcmodify works in place: on a copy, whose cost is left out."""
    shutil.copytree(source, target)
    lines = (ROOT / "resources" / "confidentiality_profile.tsv").read_text(encoding="utf-8").splitlines()
    tags = [line.split("\t")[0] for line in lines if line[:4] in ("0008", "0010", "0032", "0040") and "\tX\t" in line]
    erase = [part for tag in tags[:54] for part in ("-ea", f"({tag[:4]},{tag[4:8]})")]
    return run(["dcmodify", "-nb", "-imt", *erase, *map(str, sorted(target.iterdir()))])


def left_in(folder: Path, planted: dict[str, str]) -> list[str]:
    """The places whose identifier still stands in some output."""
    left = set()
    for path in files_of(folder)[:20]:
        data = path.read_bytes()
        left |= {place for place, value in planted.items() if value.encode() in data}
    return sorted(left)


def errors_of(folder: Path) -> int:
    """dciodvfy's errors in the first output; -1 where it is not installed."""
    if not shutil.which("dciodvfy"):
        return -1
    done = subprocess.run(["dciodvfy", "-new", str(files_of(folder)[0])], capture_output=True, text=True, check=False)
    return sum(line.startswith("Error") for line in (done.stdout + done.stderr).splitlines())


def voxels(folder: Path, work: Path) -> list[np.ndarray]:
    """What dcm2niix makes of a folder."""
    target = Path(tempfile.mkdtemp(dir=work))
    program = Path(sys.executable).parent / "dcm2niix"
    subprocess.run(
        [str(program), "-z", "n", "-f", "x%s", "-o", str(target), str(folder)], capture_output=True, check=False
    )
    images = [nib.load(path) for path in sorted(target.glob("*.nii"))]
    return [np.asanyarray(image.dataobj) for image in images]  # type: ignore[attr-defined]


def scaling(work: Path) -> tuple[float, float, float]:
    """How much faster two processes are than one, and peak memory in MB with the files of `many` and with more."""
    many, target = work / "more", work / "out"
    shutil.copytree(work / "many", many / "0")
    for copy in range(1, TIMES_MORE):
        shutil.copytree(work / "many", many / str(copy))
    script = [sys.executable, str(ROOT / "scripts" / "deidentify_dicom.py"), "--key", str(work / "key")]
    wall_s: dict[int, float] = {}
    for processes in (1, 2) * ATTEMPTS:
        _, seconds = run([*script, "--processes", str(processes), str(many), str(target)])
        wall_s[processes] = min(seconds, wall_s.get(processes, seconds))
        shutil.rmtree(target)
    peaks = []
    for source in (work / "many", many):
        process = subprocess.Popen([*script, str(source), str(target)], stderr=subprocess.DEVNULL)
        peaks.append(os.wait4(process.pid, 0)[2].ru_maxrss / 1024)
        shutil.rmtree(target)
    shutil.rmtree(many)
    return wall_s[1] / wall_s[2], peaks[0], peaks[1]


def measure(work: Path, count: int, peers: Path | None) -> tuple[dict[str, Measured], int, int]:
    """Run every method; returns its measures, how many identifiers were planted, and the input's dciodvfy errors."""
    many, few = work / "many", work / "few"
    planted = make(many, count)
    few.mkdir()
    for path in files_of(many)[:FEW]:
        shutil.copy(path, few)
    reference = voxels(few, work)
    measured: dict[str, Measured] = {}
    for name, method in methods(work, peers).items():
        starts, wholes = [], []
        target, big = work / f"few {name}", work / f"many {name}"
        for _ in range(ATTEMPTS):
            shutil.rmtree(target, ignore_errors=True)
            starts.append(method(few, target))
            wholes.append(method(many, big))
            shutil.rmtree(big)
            if wholes[-1][1] > SLOW_S:
                break
        cpu_s = (min(cpu for cpu, _ in wholes) - min(cpu for cpu, _ in starts)) / (count - FEW)
        wall_s = (min(wall for _, wall in wholes) - min(wall for _, wall in starts)) / (count - FEW)
        made = voxels(target, work)
        equal = len(made) == len(reference) and all(map(np.array_equal, made, reference))
        measured[name] = Measured(cpu_s, wall_s, left_in(target, planted), errors_of(target), equal)
        print(f"{name}: {measured[name].cpu_s * 1e6:.0f} us a file", flush=True)
    return measured, len(planted), errors_of(few)


def table(  # noqa: PLR0917 - what was measured
    measured: dict[str, Measured], planted: int, errors: int, count: int, size: int, scaled: tuple[float, float, float]
) -> str:
    """The section of RESULTS.md."""
    copy, plain = measured["cp -r"].cpu_s, measured["plain Python read and write"].cpu_s
    lines = [
        f"`python benchmarks/headers.py --files {count} --peers VENV`: {count} MR images of {size // 1000} kB, "
        f"{planted} identifiers planted; CPU time without start-up, best of {ATTEMPTS}. "
        f"The input has {errors} dciodvfy errors.",
        "",
        "| method | files a CPU second | x cp | x plain Python | identifiers left | dciodvfy errors | dcm2niix equal |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in measured.items():
        lines.append(
            f"| {name} | {1 / row.cpu_s:,.0f} | {row.cpu_s / copy:.1f} | {row.cpu_s / plain:.2f} | {len(row.left)}"
            f" | {row.errors} | {'yes' if row.equal else 'no'} |"
        )
    ours = measured["unface"]
    lines += ["", f"Left by unface: {', '.join(ours.left) or 'none'}."]
    faster, memory, memory_more = scaled
    lines.append(
        f"Over {TIMES_MORE * count} files, starts included: with 2 processes {faster:.2f} times the files per second "
        f"of 1. Peak memory {memory:.0f} MB with {count} files, {memory_more:.0f} MB with {TIMES_MORE * count}."
    )
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=800)
    parser.add_argument("--peers", type=Path, help="virtual environment with dicom-anonymizer, dicognito and deid")
    parser.add_argument("--work", type=Path, help="folder for temporary files, best in memory (/dev/shm)")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=options.work))
    os.environ["MKL_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    try:
        measured, planted, errors = measure(work, options.files, options.peers)
        size = files_of(work / "few")[0].stat().st_size
        scaled = scaling(work)
    finally:
        shutil.rmtree(work)
    write_section(
        "Headers: de-identification (benchmarks/headers.py)",
        table(measured, planted, errors, options.files, size, scaled),
    )


if __name__ == "__main__":
    main()
