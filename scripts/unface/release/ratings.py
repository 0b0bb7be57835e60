"""`ratings.tsv`: what a person said of defaced images that the checks left undecided.

A rating holds for the very bytes that were looked at: it names the sha256 of the image and of its mask, and a result
that changed asks anew.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unface.layout import RATING_COLUMNS, mask_names
from unface.outcome import Outcome, Reason

NEEDED = RATING_COLUMNS[:4]
RATINGS = ("pass", "fail")
OWN_CODES = ("defaced_before", "sides_unsure")
"""What a person is asked in place of whether the face is gone; everything else is `needs_review`."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_IMAGE = re.compile(r"sub-[A-Za-z0-9]+/ses-[A-Za-z0-9]+/[a-z]+/\S+\.nii\.gz")


class RatingsError(ValueError):
    """The table of ratings is wrong; the message names its lines and what would be right."""


@dataclass(frozen=True)
class Shown:
    """A defaced image as a person is shown it: its path in BIDS, and the digests of it and of its mask."""

    image: str
    image_sha256: str
    mask_sha256: str


@dataclass(frozen=True)
class Ratings:
    """Each rating by what was shown."""

    by_shown: Mapping[Shown, str]

    def outdated(self, shown: Shown) -> set[str]:
        """How the image was rated when it had other bytes; nothing once it is rated as it is."""
        if shown in self.by_shown:
            return set()
        return {rating for rated, rating in self.by_shown.items() if rated.image == shown.image}


def read(path: Path | None) -> Ratings:
    """Read and check the table; no ratings where there is none. A row without a rating is one still to be made.

    Raises
    ------
    RatingsError
        Names every line that is wrong.
    """
    if path is None:
        return Ratings({})
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise RatingsError("ratings: the file is not UTF-8 text") from None
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE, restval="")
    missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
    if missing:
        raise RatingsError(
            f"ratings: the column {' and '.join(missing)} is missing; the file is tab-separated and begins with the "
            f"line {' '.join(RATING_COLUMNS)}"
        )
    found: dict[Shown, str] = {}
    errors = []
    for row in reader:
        shown = Shown(*(str(row[column]).strip() for column in NEEDED[:3]))
        rating = str(row["rating"]).strip().casefold()
        problems = list(_problems(shown, rating))
        if not problems and rating and found.setdefault(shown, rating) != rating:
            problems = ["the same result has another rating in a line above: keep one of them"]
        errors += [f"line {reader.line_num}: {problem}" for problem in problems]
    if errors:
        raise RatingsError("ratings: " + "; ".join(errors))
    return Ratings(found)


def _problems(shown: Shown, rating: str) -> Iterable[str]:
    if not _IMAGE.fullmatch(shown.image):
        yield "image has to be the path of a NIfTI file in the dataset, such as sub-X/ses-Y/anat/sub-X_ses-Y_T1w.nii.gz"
    if not (_SHA256.fullmatch(shown.image_sha256) and _SHA256.fullmatch(shown.mask_sha256)):
        yield "image_sha256 and mask_sha256 are 64 hexadecimal digits each; copy the line from the review page"
    if rating not in ("", *RATINGS):
        yield f"rating has to be pass or fail, and is {rating!r}"


def shown(defaced: Outcome) -> dict[str, Shown]:
    """Each defaced image of a session with its digests, by path; without those that were not written."""
    found = {}
    for image in defaced.measurements.get("images", {}):
        mask = next((name for name in mask_names(image) if name in defaced.outputs), None)
        if mask and f"bids/{image}" in defaced.outputs:
            found[image] = Shown(image, defaced.outputs[f"bids/{image}"], defaced.outputs[mask])
    return found


def judge(defaced: Outcome, ratings: Ratings) -> tuple[list[Reason], list[Shown]]:
    """What persons' ratings mean for a session.

    Returns
    -------
    reasons, wanted
        Why the session is withheld, and the images that wait for a rating.
    """
    reasons, wanted = [], []
    images: Mapping[str, Any] = defaced.measurements.get("images", {})
    for image, what in shown(defaced).items():
        stem, rating = Path(image).name.removesuffix(".nii.gz"), ratings.by_shown.get(what)
        if rating == "fail":
            reasons.append(Reason("rated_fail", f"{stem} was looked at and rated as failed", "release"))
        elif rating != "pass" and (images[image].get("state") == "review" or "fail" in ratings.outdated(what)):
            own = [code for code in images[image].get("review", ()) if code in OWN_CODES]
            ask = (
                "was rated when it was another result: rate it anew" if ratings.outdated(what) else "waits for a rating"
            )
            reasons.append(Reason(own[0] if own else "needs_review", f"{stem} {ask}; see the review page", "release"))
            wanted.append(what)
    return reasons, wanted


def write_wanted(path: Path, wanted: Iterable[Shown]) -> None:
    """The images that wait for a rating as a table to be filled in: a column `rating` of pass or fail."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(RATING_COLUMNS)
        for what in sorted(wanted, key=lambda one: one.image):
            writer.writerow([what.image, what.image_sha256, what.mask_sha256, "", "", ""])
    part.chmod(0o600)
    part.replace(path)
