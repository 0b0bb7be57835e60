"""`ratings.tsv`: what a person said of defaced images that the checks left undecided.

A rating holds for the very bytes that were looked at: it names the sha256 of the image and of its mask, and a result
that changed asks anew.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from unface.run.files import TableError, read_users_table, table_text, write_whole
from unface.run.image_names import mask_names, stem
from unface.run.outcome import Outcome, Reason

RATING_COLUMNS = ("image", "image_sha256", "mask_sha256", "rating", "rater", "comment")
"""Of the table in which persons rate defaced images; the last two are free and may be left out."""
NEEDED = RATING_COLUMNS[:4]
RATINGS = ("pass", "fail")
OWN_CODES = ("defaced_before", "sides_unsure")
"""What a person is asked in place of whether the face is gone; everything else is `needs_review`."""
ASKING = ("needs_review", *OWN_CODES)
"""The codes of a session that lacks nothing but a rating."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_IMAGE = re.compile(r"sub-[A-Za-z0-9]+/ses-[A-Za-z0-9]+/[a-z]+/\S+\.nii\.gz")


@dataclass(frozen=True)
class ShownImage:
    """A defaced image as a person is shown it.

    Attributes
    ----------
    image : str
        Its path in BIDS.
    image_sha256, mask_sha256 : str
        Digests of the image and of its face mask.
    """

    image: str
    image_sha256: str
    mask_sha256: str

    def row(self, rating: str = "") -> tuple[str, ...]:
        """Its row in the table of ratings, without rater and comment.

        Parameters
        ----------
        rating
            `pass` or `fail`; empty for one that is still to be made.

        Returns
        -------
        tuple of str
            By `RATING_COLUMNS`.
        """
        return (self.image, self.image_sha256, self.mask_sha256, rating, "", "")


@dataclass(frozen=True)
class Ratings:
    """What persons said.

    Attributes
    ----------
    by_shown : mapping
        `pass` or `fail` by the image that they were shown.
    table : Path or None
        Where they said it (the setting `ratings`).
    """

    by_shown: Mapping[ShownImage, str]
    table: Path | None = None

    def outdated(self, shown: ShownImage) -> set[str]:
        """How the image was rated when it had other bytes.

        Parameters
        ----------
        shown
            As it is today.

        Returns
        -------
        set of str
            Of `RATINGS`; none once it is rated as it is.
        """
        if shown in self.by_shown:
            return set()
        return {rating for rated, rating in self.by_shown.items() if rated.image == shown.image}


def read(path: Path | None) -> Ratings:
    """Read and check the table. A row without a rating is one still to be made.

    Parameters
    ----------
    path
        The user's table; None if there is none.

    Returns
    -------
    Ratings
        None where there is no table.

    Raises
    ------
    TableError
        Names every line that is wrong.
    """
    if path is None:
        return Ratings({})
    by_shown: dict[ShownImage, str] = {}
    errors = []
    for number, row in read_users_table(path, "ratings", NEEDED, RATING_COLUMNS[4:]):
        shown = _shown(row)
        rating = row["rating"].casefold()
        problems = list(_problems(shown, rating))
        if not problems and rating and by_shown.setdefault(shown, rating) != rating:
            problems = ["the same result has another rating in a line above: keep one of them"]
        errors += [f"line {number}: {problem}" for problem in problems]
    if errors:
        raise TableError("ratings: " + "; ".join(errors))
    return Ratings(by_shown, path)


def _problems(shown: ShownImage, rating: str) -> Iterable[str]:
    if not _IMAGE.fullmatch(shown.image):
        yield "image has to be the path of a NIfTI file in the dataset, such as sub-X/ses-Y/anat/sub-X_ses-Y_T1w.nii.gz"
    if not (_SHA256.fullmatch(shown.image_sha256) and _SHA256.fullmatch(shown.mask_sha256)):
        yield "image_sha256 and mask_sha256 are 64 hexadecimal digits each; copy the line from the review page"
    if rating not in ("", *RATINGS):
        yield f"rating has to be pass or fail, and is {rating!r}"


def shown_images(defaced: Outcome) -> dict[str, ShownImage]:
    """The defaced images of a session, without those that were not written.

    Parameters
    ----------
    defaced
        The outcome of the defacing.

    Returns
    -------
    dict
        By path in BIDS.
    """
    images = {}
    for path in defaced.measurements.get("images", {}):
        mask = next((name for name in mask_names(path) if name in defaced.outputs), None)
        if mask and f"bids/{path}" in defaced.outputs:
            images[path] = ShownImage(path, defaced.outputs[f"bids/{path}"], defaced.outputs[mask])
    return images


def judge(defaced: Outcome, ratings: Ratings) -> tuple[list[Reason], list[ShownImage]]:
    """What persons' ratings mean for a session.

    Parameters
    ----------
    defaced
        The outcome of the session's defacing.
    ratings
        Of the whole cohort.

    Returns
    -------
    reasons, unrated
        Why the session is withheld, and the images that wait for a rating.
    """
    reasons, unrated = [], []
    measured: Mapping[str, Any] = defaced.measurements.get("images", {})
    for path, shown in shown_images(defaced).items():
        name, rating, outdated = stem(path), ratings.by_shown.get(shown), ratings.outdated(shown)
        if rating == "fail":
            reasons.append(Reason("rated_fail", f"{name} was looked at and rated as failed", "release"))
        elif rating != "pass" and (measured[path].get("state") == "review" or "fail" in outdated):
            own = [code for code in measured[path].get("review", ()) if code in OWN_CODES]
            ask = "was rated when it was another result: rate it anew" if outdated else "waits for a rating"
            reasons.append(Reason(own[0] if own else "needs_review", f"{name} {ask}; see the review page", "release"))
            unrated.append(shown)
    return reasons, unrated


@dataclass(frozen=True)
class Wanted:
    """The table of what waits for a rating, as it lies there now.

    Attributes
    ----------
    table : Path
        Where it lies.
    waiting : int
        How many images wait.
    filled : int
        How many of these have a rating in it, which does not count as long as the setting `ratings` does not name it.
    """

    table: Path
    waiting: int
    filled: int

    def note(self, rated: Ratings) -> str:
        """What the run says of it at its end; empty where no image waits.

        Parameters
        ----------
        rated
            What the run was given.

        Returns
        -------
        str
            A sentence for readers.
        """
        if not self.waiting:
            return ""
        name = f"restricted/{self.table.name}"
        if rated.table is None:
            then = f"fill in {name}, and name it as the setting `ratings`"
        elif rated.table.resolve() == self.table.resolve():
            then = f"fill in {name}, where the ratings so far stay as they are"
        else:
            then = f"fill in {name}, and copy its lines into the table that the setting `ratings` names"
        idle = f". {self.filled} of them have a rating there, which does not count until then" if self.filled else ""
        images = "1 image waits" if self.waiting == 1 else f"{self.waiting} images wait"
        return f"{images} for a person's rating: open restricted/review/index.html, {then}{idle}"


def write_wanted(path: Path, unrated: Iterable[ShownImage]) -> Wanted:
    """Write the images that wait for a rating as a table to be filled in: a column `rating` of pass or fail.

    The table may be filled in where it lies: a line in which somebody wrote anything stays for good. A table that
    cannot be read is left as it is, and the next one gets a number.

    Parameters
    ----------
    path
        The table (`layout.ratings_wanted`).
    unrated
        In any order.

    Returns
    -------
    Wanted
        Where it lies, and what waits.
    """
    waiting = set(unrated)
    for number in count(2):
        try:
            rows = [row for _, row in read_users_table(path, "ratings", NEEDED)] if path.exists() else None
            break
        except (TableError, OSError):
            path = path.with_name(f"{path.stem.split('-')[0]}-{number}{path.suffix}")
    before = rows or []
    kept = [row for row in before if _shown(row) in waiting or any(_written(row))]
    new = sorted(waiting.difference(map(_shown, kept)), key=ShownImage.row)
    if rows is None or new or len(kept) < len(before):
        columns = list(dict.fromkeys((*RATING_COLUMNS, *(name for row in kept for name in row))))
        lines = [[row.get(column, "") for column in columns] for row in kept]
        lines += [[*image.row(), *[""] * (len(columns) - len(RATING_COLUMNS))] for image in new]
        write_whole(path, table_text(columns, lines), mode=0o600)
    filled = {_shown(row) for row in kept if row["rating"].casefold() in RATINGS}
    return Wanted(path, len(waiting), len(waiting & filled))


def _shown(row: Mapping[str, str]) -> ShownImage:
    return ShownImage(*(row[column] for column in NEEDED[:3]))


def _written(row: Mapping[str, str]) -> list[str]:
    """What a person wrote into a row."""
    return [cell for column, cell in row.items() if column not in NEEDED[:3] and cell]
