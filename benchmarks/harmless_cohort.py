"""Raw DICOM of people as they are: frequent surnames, usual given names, protocols, scanners, folders and numbers."""

import random
from collections.abc import Iterator
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.hostile_cohort import Visit, runs, save
from benchmarks.hostile_people import Victim

GIVEN = {
    "China": "Wei Fang Na Min Jing Li Qiang Lei Jun Yang Yong Yan Jie Tao Ming Chao Xiuying Ping Gang Guiying Xin Bo",
    "Korea": "Minjun Seo-yeon Ji Hoon Jihye Min Ho Soo Jin Hyun Woo Eun Young Sang Se Hoon Dong Joon Ji Min Yuna In Ho",
    "Vietnam": "Anh Hoa Minh Linh Thi Van Duc Huong Lan Hai Nam Thanh Tuan Hung Mai Phuong Quan Trang Son Long",
    "Spain": "Antonio María Manuel Carmen José Ana David Laura Daniel Isabel Marta Pablo Rocío Lucía Sol Mar Iker Paz",
    "Germany": "Anna Ben Emma Paul Mia Leon Hannah Lukas Sofia Jonas Jürgen Renate Uwe Ute Max Kai Jan Tim Ina Mark",
    "United States": "James Mary John Linda Robert Grace Michael Susan David April Max Joy Art Mark Hope Faith Echo",
}
PROTOCOLS = (
    ("ep2d_bold_rest", "ep2d_bold_rest"),
    ("ep2d_bold_task", "ep2d_bold_task"),
    ("func-bold_task-rest_acq-mb4", "func-bold_task-rest_acq-mb4"),
    ("func-bold_task-nback", "func-bold_task-nback"),
    ("BOLD resting state eyes open", "BOLD resting state eyes open"),
    ("fMRI_faces", "fMRI_faces"),
    ("rfMRI_REST1_AP", "rfMRI_REST1_AP"),
    ("tfMRI_MOTOR_LR", "tfMRI_MOTOR_LR"),
    ("cmrr_mbep2d_bold_2mm_rest", "cmrr_mbep2d_bold_2mm_rest"),
    ("ep2d_bold_moco_p2_restingstate", "ep2d_bold_restingstate"),
    ("fMRI_task_language", "fMRI_task_language"),
    ("WIP rest fMRI SENSE", "WIP rest fMRI SENSE"),
    ("bold_task-gonogo_run1", "bold_task-gonogo_run1"),
    ("EPI resting 3mm", "EPI resting 3mm"),
)
MODELS = {
    "siemens": (("Prisma_fit", "syngo MR E11"), ("Skyra", "syngo MR D13D"), ("MAGNETOM Vida", "syngo MR XA30"),
                ("TrioTim", "syngo MR B17"), ("MAGNETOM Terra.X", "syngo MR XA60"), ("Verio", "syngo MR B19")),
    "ge": (("DISCOVERY MR750", "27\\LX\\MR Software release:DV26.0_R01_1725.a"), ("SIGNA Premier", "29\\LX\\MR29.1")),
    "philips": (("Ingenia", "5.3.1\\5.3.1.3"), ("Achieva", "3.2.2\\3.2.2.0"), ("Ingenia Elition X", "5.6.1\\5.6.1.1")),
}  # fmt: skip
HOSPITALS = (
    *(
        "Universitätsklinikum Freiburg",
        "Massachusetts General Hospital",
        "Hospital Clínic de Barcelona",
        "Charité Berlin",
    ),
    *(
        "Seoul National University Hospital",
        "Peking Union Medical College Hospital",
        "Bach Mai Hospital",
        "Imaging Center",
    ),
    *("Brain Research Imaging Centre", "Radiology", "MRT 3T", "MR Center"),
)
FOLDERS = ("{id}", "{surname}_{given}", "{surname}_{given}_{id}", "sub{number:03d}", "S{number:03d}/{date}", "{id}/MR")
FILES = ("IM{index:04d}", "1-{index:03d}.dcm", "MR.{uid}", "{index:05d}.dcm", "{id}.MR.{index:04d}.IMA")


def surnames() -> Iterator[tuple[str, str]]:
    """Country and surname, by turns."""
    lines = Path(__file__).with_name("surnames.txt").read_text(encoding="utf-8").splitlines()
    lists = [line.split(": ") for line in lines if not line.startswith("#")]
    countries = {country: names.split() for country, names in lists}
    for rank in range(max(map(len, countries.values()))):
        yield from ((country, names[rank]) for country, names in countries.items() if rank < len(names))


class Harmless(Victim):
    """A patient with a frequent surname."""

    def __init__(self, number: int, seed: str, vendor: str, country: str, surname: str) -> None:
        super().__init__(number, seed, vendor)
        self.script = "plain"
        dice = self.dice
        given = dice.choice(GIVEN[country].split())
        if country in ("China", "Korea") and dice.random() < 0.5:
            given = f"{given} {dice.choice(GIVEN[country].split())}"
        spelled = dice.choice((str, str.upper))
        self._name = (surname, given, spelled(surname), spelled(given))
        self._with_latin = False
        self.charset, self._encoding = "ISO_IR 192", "utf-8"
        self._id = dice.choice(
            [
                *(f"{dice.randrange(10**6, 10**8)}", f"{number % 1000:03d}", f"SUB{number % 1000:03d}"),
                *(f"P{number % 97:02d}", f"{surname[:2]}{given[:2]}{number % 1000:03d}".upper()),
                f"VS-SEG-{number % 1000:03d}",
            ]
        )
        self.hospital = dice.choice(HOSPITALS)
        self.doctor = dice.choice(list(surnames()))[1]

    def secret(self, place: str) -> str:
        """What a hospital writes there, not a word that is nobody's."""
        usual = {
            "station": f"MRC{40000 + self.number % 50}", "station ae title": f"MRC{40000 + self.number % 50}",
            "institution": self.hospital, "study description": "Neuro", "department": "Radiology",
            "referring physician": self.doctor, "study id": str(self.number % 40 + 1),
        }  # fmt: skip
        return usual.get(place, "")


def write_visit(root: Path, number: int, person: Harmless, dice: random.Random) -> Visit:
    """Write one harmless session below `root`."""
    told = {"id": person.patient_id, "surname": person.surname, "given": person.given_name, "number": number,
            "date": person.date}  # fmt: skip
    folder = root / f"{dice.choice(FOLDERS).format(**told)}_{number}".replace(" ", "_")
    visit = Visit(person, folder)
    model, software = dice.choice(MODELS[person.vendor])
    names, pattern = dice.choice(PROTOCOLS), dice.choice(FILES)

    def usual(ds: Dataset, _index: int) -> None:
        ds.ManufacturerModelName, ds.SoftwareVersions = model, software.split("\\")

    for index, ds in enumerate(runs(visit, 2, names, dice, usual, rare=False), start=1):
        name = pattern.format(index=index, uid=ds.SOPInstanceUID, id=person.patient_id)
        save(ds, folder / "2" / name, person, str(ExplicitVRLittleEndian))
        visit.files.append(folder / "2" / name)
    return visit
