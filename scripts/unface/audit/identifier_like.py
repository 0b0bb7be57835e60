"""Text of the form of an identifier, be it whose it may: a date, a DICOM UID, a DICOM person name."""

import re
from collections.abc import Collection, Iterator

LATEST_YEAR = 1925
"""BIDS: dates that were shifted lie in 1925 or before, so that nobody takes them for real ones."""

_UID = re.compile(r"(?<![\d.])(?!1\.2\.840\.10008\.)[012]\.\d+(?:\.\d+){4,}(?![\d.])")
_CARETS = re.compile(r"[^\W\d_]\^[^\W\d_]")
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_MONTH = r"(?:jan|feb|fév|fev|mar|mär|apr|avr|may|mai|jun|jui|jul|aug|aoû|aou|sep|oct|okt|nov|dec|dez|déc)[^\W\d_]*"
_MONTH_NAME = (
    r"(?:january?|januar|janvier|jan|february?|februar|feb|f[ée]vrier|f[ée]v|march|märz|mars|mar|mrz|april|apr|avril|avr|may|mai"
    r"|june?|juni|juin|jun|july?|juli|juillet|jul|august|aug|ao[ûu]t|september|septembre|sept?|o[ck]tober|octobre|o[ck]t"
    r"|november|novembre|nov|de[cz]ember|d[ée]cembre|de[cz]|déc)"
)
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}([-./]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(rf"(?<![\d.]){_YEAR}([-./])(?:0?[1-9]|1[0-2])\2{_DAY}(?![\d.]*\d)"),
    re.compile(rf"{_YEAR}(?:年|년) ?\d{{1,2}}(?:月|월) ?\d{{1,2}}(?:日|일)"),
    re.compile(rf"(?<![^\W\d_]){_MONTH_NAME}[ .-]{{0,2}}{_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"(?<![\d.]){_DAY}([-./]){_DAY}\1{_YEAR}(?![\d.]*\d)"),
    re.compile(rf"(?<!\d){_DAY}(?:st|nd|rd|th)?[ .-]{{1,2}}{_MONTH}[ .,-]{{1,2}}{_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"(?<![^\W\d_]){_MONTH}[ .]{{1,2}}{_DAY}(?:st|nd|rd|th)?[ ,]{{1,2}}{_YEAR}(?!\d)", re.IGNORECASE),
)
"""Year, month, day; the same in Asia; day and month in either order before the year; months by their names, English,
German and French, with a day or without."""


def keeps_dates(options: Collection[str]) -> bool:
    """Whether the dates of the scans may stand.

    Parameters
    ----------
    options
        Options of DICOM PS3.15 Table E.1-1.

    Returns
    -------
    bool
        True if one of them retains full dates.
    """
    return "retain_longitudinal_full_dates" in options


def kinds(text: str, options: Collection[str], latest_year: int = LATEST_YEAR) -> Iterator[str]:
    """Find what in a text has the form of an identifier.

    Parameters
    ----------
    text
        A value, or many of them, a line each.
    options
        Options of DICOM PS3.15 Table E.1-1: dates and UIDs that one of them retains are none.
    latest_year
        Dates of this year and before are none.

    Yields
    ------
    str
        Each kind that occurs, in words: `a DICOM UID`.
    """
    if "retain_uids" not in options and _UID.search(text):
        yield "a DICOM UID"
    if _CARETS.search(text):
        yield "a DICOM person name"
    years = (int(match["year"]) for date in _DATES for match in date.finditer(text))
    if not keeps_dates(options) and any(year > latest_year for year in years):
        yield f"a date after {latest_year}"
