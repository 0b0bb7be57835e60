"""Ages: as DICOM writes them, in years, and in bands that hide the exact age."""

import re

OLDEST_YEARS = 89
"""Ages above this are rare enough to identify someone (HIPAA, 45 CFR 164.514), and BIDS caps ages here."""
_DAYS_A_YEAR = 365.25
_PER_YEAR = {"d": _DAYS_A_YEAR, "w": _DAYS_A_YEAR / 7, "m": 12.0, "y": 1.0, "": 1.0}
_AGE = re.compile(r"0*(\d{1,3}(?:\.\d+)?)\s*(?:(d|w|m|y)|(y)(?:ea)?rs?\.?|)", re.I | re.A)
OLDEST_EVER_YEARS = 130
"""Nobody is older than this: `999` stands for an age that nobody knew."""


def in_years(text: str) -> float | None:
    """An age string in years.

    Parameters
    ----------
    text
        A value of VR AS (PS3.5 6.2): `030Y`, `018M`, `104W`, `700D`. It may have fewer or more digits, decimals, small
        letters, spaces and years as a word; without a unit it tells years.

    Returns
    -------
    float or None
        Years; None for any other text, and for more years than anyone lives.
    """
    match = _AGE.fullmatch(text.strip("\0 \t\r\n"))
    if match is None:
        return None
    years = float(match[1]) / _PER_YEAR[next(filter(None, match.groups()[1:]), "").lower()]
    return years if years <= OLDEST_EVER_YEARS else None


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
