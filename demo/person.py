"""Invented patients: identifiers that differ from one to the next, and a list of all that were handed out."""

import hashlib
from dataclasses import dataclass, field

from pydicom.uid import UID

ROOTS = {
    "siemens": "1.3.12.2.1107.5.2.43",
    "ge": "1.2.840.113619.2.408",
    "philips": "1.3.46.670589.11.42",
}
"""The makers' own UID roots."""

SURNAMES = (
    "Quillfeather", "Vanterpoole", "Zwartendyk", "Oglethwaite", "Brackenbury", "Ysterhuys", "Thistlemoor",
    "Wexcombe", "Juxtaposky", "Fennimarsh",
)  # fmt: skip
GIVEN = (
    "Odalyss", "Perpetuana", "Ignatzio", "Thelonius", "Wilhelmiena", "Casimirus", "Rosamundia",
    "Bartholmew", "Euphemiah", "Leopoldine",
)  # fmt: skip


@dataclass
class Person:
    """An invented patient: identifiers that differ from every other's, and a list of all that were handed out.

    Attributes
    ----------
    number : int
        Sets the person: the same number gives the same identifiers.
    secrets : dict
        Place to planted string; every value has to be found nowhere in a release.
    """

    number: int
    vendor: str = "siemens"
    study_date: str = "20190314"
    secrets: dict[str, str] = field(default_factory=dict)

    def secret(self, place: str) -> str:
        """Twelve capital letters and digits for one place; fit for every VR of text."""
        digest = hashlib.sha256(f"{self.number} {place}".encode()).digest()
        alphabet = "BCDFGHJKLMNPQRSTVWXZ23456789"
        word = "ZQ" + "".join(alphabet[byte % len(alphabet)] for byte in digest[:10])
        return self.planted(place, word)

    def planted(self, place: str, value: str) -> str:
        """Note a string as planted."""
        self.secrets[place] = value
        return value

    @property
    def surname(self) -> str:
        names = SURNAMES[self.number % len(SURNAMES)]
        rank = self.number // len(SURNAMES)
        return self.planted("surname", names + "abcdefghijklmnopqrstuvwxyz"[rank % 26] * bool(rank))

    @property
    def given_name(self) -> str:
        return self.planted("given name", GIVEN[(self.number * 3 + 1) % len(GIVEN)])

    @property
    def name(self) -> str:
        return f"{self.surname}^{self.given_name}"

    @property
    def patient_id(self) -> str:
        return self.secret("patient id")

    @property
    def birth_date(self) -> str:
        """Born in 1921 to 1981: some are older than 89 at the scan."""
        year = 1981 - 6 * ((self.number * 3) % 11)
        date = f"{year}{1 + self.number % 12:02d}{11 + self.number % 17:02d}"
        self.planted("birth date with dashes", f"{date[:4]}-{date[4:6]}-{date[6:]}")
        return self.planted("birth date", date)

    @property
    def age(self) -> int:
        return int(self.study_date[:4]) - int(self.birth_date[:4])

    @property
    def sex(self) -> str:
        return "FM"[self.number % 2]

    @property
    def date(self) -> str:
        """The day of the study."""
        day = self.study_date
        self.planted(f"study date {day} with dashes", f"{day[:4]}-{day[4:6]}-{day[6:]}")
        return self.planted(f"study date {day}", day)

    @property
    def serial(self) -> str:
        """The scanner's serial number, twelve digits."""
        return self.planted("serial number", str(481_670_000_000 + 7_919_311 * (self.number + 1)))

    def uid(self, *numbers: int) -> UID:
        """A UID as this maker's scanners write it, with serial number, date and time inside."""
        tail = "".join(f"{number:05d}" for number in numbers)
        uid = UID(f"{ROOTS[self.vendor]}.{self.serial}.{self.date}0934{tail}")
        assert uid.is_valid, uid
        return uid
