"""Sex and age from `subjects.tsv` or from a folder's name, for the clean header."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from unface.identity.ages import OLDEST_YEARS, age_band, in_years
from unface.run.files import NOT_AVAILABLE

SEX, AGE = 0x00100040, 0x00101010
SEXES = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M", "o": "O", "other": "O"}


@dataclass(frozen=True)
class Demographics:
    """Sex and age as they are written into every clean header of a session; empty if unknown."""

    sex: str = ""
    """`F`, `M` or `O`: (0010,0040) Patient's Sex."""
    age: str = ""
    """As DICOM writes it, `030Y`: (0010,1010) Patient's Age."""

    @property
    def elements(self) -> list[tuple[int, bytes, bytes]]:
        """Tag, VR and value of each attribute that is known, in order of tags."""
        attributes = (SEX, b"CS", self.sex), (AGE, b"AS", self.age)
        return [(tag, vr, value.encode()) for tag, vr, value in attributes if value]

    @classmethod
    def of(cls, values: Mapping[str, str | None], band_years: int) -> "Demographics":
        """Read sex and age from texts; what cannot be read is left out.

        Parameters
        ----------
        values
            Texts named `sex` and `age`, both optional.
        band_years
            Width of an age's band. An age becomes its band (`age_band`). A band such as `25_30` is taken as it is, by
            its upper bound: at most 89, but 90 where it begins above that.

        Returns
        -------
        Demographics
            What could be read.
        """
        sex = SEXES.get((values.get("sex") or "").strip().casefold(), "")
        years = _band(values.get("age") or "", band_years)
        return cls(sex, "" if years is None else f"{years:03d}Y")

    def or_else(self, other: "Demographics") -> "Demographics":
        """Fill in what is unknown.

        Parameters
        ----------
        other
            Where it is taken from.

        Returns
        -------
        Demographics
            These, and the other's where these say nothing.
        """
        return Demographics(self.sex or other.sex, self.age or other.age)


def problems(values: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with sex and age in a row of a table.

    Parameters
    ----------
    values
        Texts named `sex` and `age`, both optional; empty ones and `n/a` say that it is unknown.

    Yields
    ------
    str
        A sentence for each; it holds no value of the table.
    """
    sex, age = (text if text != NOT_AVAILABLE else "" for text in (values.get("sex", ""), values.get("age", "")))
    if sex and sex.casefold() not in SEXES:
        yield f"sex must be F, M, O or a word for one of them ({', '.join(SEXES)})"
    if age and _band(age, 1) is None:
        yield "age must be years (34 or 23.5), a band (30-35), or as DICOM writes it (018M)"


_BAND = re.compile(r"(\d{1,3})\s*(?:_|-|–|to)\s*(\d{1,3})\s*[yY]?")


def _band(text: str, width: int) -> int | None:
    """The upper bound in years of the band that an age is in, or of a band of ages; None for what is neither."""
    text = text.strip()
    if band := _BAND.fullmatch(text):
        low, high = int(band[1]), int(band[2])
        return OLDEST_YEARS + 1 if low > OLDEST_YEARS else min(high, OLDEST_YEARS)
    years = in_years(text)
    return None if years is None else age_band(years, width)


def from_folders(pattern: str | None, path: Path, band_years: int) -> Demographics:
    """Read sex and age from the name of a folder.

    Parameters
    ----------
    pattern
        Regular expression with groups `sex` and `age`; None: nothing is read.
    path
        Of a file; of the folders around it the nearest whose name holds the pattern counts.
    band_years
        Width of an age's band, as `Demographics.of` takes it.

    Returns
    -------
    Demographics
        What could be read.
    """
    if pattern:
        for folder in path.parents:
            match = re.search(pattern, folder.name)
            if match:
                return Demographics.of(match.groupdict(), band_years)
    return Demographics()
