"""Sex and age from `subjects.tsv` or from a folder's name, for the clean header."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SEX, AGE = 0x00100040, 0x00101010
OLDEST_YEARS = 89
"""Ages above this are rare enough to identify someone (HIPAA, 45 CFR 164.514): they become 90."""
SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M", "o": "O", "other": "O"}


@dataclass(frozen=True)
class Demographics:
    """What is written into every clean header of a session; nothing for what is not known."""

    sex: str = ""
    age: str = ""
    """As DICOM writes it: `030Y`."""

    @property
    def elements(self) -> list[tuple[int, bytes, bytes]]:
        """Tag, VR and value of each attribute that is known, in order of tags."""
        both = (SEX, b"CS", self.sex), (AGE, b"AS", self.age)
        return [(tag, vr, value.encode()) for tag, vr, value in both if value]

    @classmethod
    def of(cls, values: Mapping[str, str | None], band_years: int) -> "Demographics":
        """From texts named `sex` and `age`; what cannot be read is left out.

        Parameters
        ----------
        band_years
            Width of an age's band. A band such as `25_30` is taken as it is, by its upper bound; an age by the upper
            bound of its band; above 89 either is 90.
        """
        sex = SEXES.get((values.get("sex") or "").strip().casefold(), "")
        match = re.fullmatch(r"(\d{1,3})(?:\s*(?:_|-|–|to)\s*(\d{1,3}))?\s*[yY]?", (values.get("age") or "").strip())
        if match is None:
            return cls(sex)
        years = int(match[2]) if match[2] else int(match[1])
        if not match[2] and years <= OLDEST_YEARS:
            years = (years // band_years + 1) * band_years
        return cls(sex, f"{min(years, OLDEST_YEARS + 1):03d}Y")

    def or_else(self, other: "Demographics") -> "Demographics":
        """These, and the other's where these say nothing."""
        return Demographics(self.sex or other.sex, self.age or other.age)


def from_folders(pattern: str | None, path: Path, band_years: int) -> Demographics:
    """What the nearest folder says whose name holds the pattern, by the pattern's groups `sex` and `age`."""
    if pattern:
        for folder in path.parents:
            match = re.search(pattern, folder.name)
            if match:
                return Demographics.of(match.groupdict(), band_years)
    return Demographics()
