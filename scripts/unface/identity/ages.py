"""Ages: as DICOM writes them, in years, and in bands that hide the exact age."""

import re

OLDEST_YEARS = 89
"""Ages above this are rare enough to identify someone (HIPAA, 45 CFR 164.514), and BIDS caps ages here."""
_DAYS_A_YEAR = 365.25
_PER_YEAR = {"D": _DAYS_A_YEAR, "W": _DAYS_A_YEAR / 7, "M": 12.0, "Y": 1.0}


def in_years(text: str) -> float | None:
    """An age string in years.

    Parameters
    ----------
    text
        A value of VR AS (PS3.5 6.2): `030Y`, `018M`, `104W`, `700D`.

    Returns
    -------
    float or None
        Years; None for any other text.
    """
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text.strip("\0 "))
    return int(match[1]) / _PER_YEAR[match[2]] if match else None


def age_band(years: float, width: int) -> int:
    """The band of ages that an age is in.

    Parameters
    ----------
    years
        The age.
    width
        Of a band, in years; an age on a bound is in the band above.

    Returns
    -------
    int
        The band's upper bound, in years: the last band ends at 89, and all ages above are 90.
    """
    if int(years) > OLDEST_YEARS:
        return OLDEST_YEARS + 1
    return min((int(years) // width + 1) * width, OLDEST_YEARS)
