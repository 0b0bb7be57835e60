"""What the list of review pages says of a session: the check that is nearest to its limit, and a head in small."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from unface.report.wording import in_order
from unface.run.files import write_whole

BY_CONCERN = ("review", "fail", "pass")
"""The states of a check: what a person can decide stands first."""
YES_OR_NO = ("not_mirrored", "untouched")
"""Checks without a distance to their limit."""


@dataclass(frozen=True)
class Card:
    """One session in the list.

    Attributes
    ----------
    standing : str
        How far its stages have come (`report.results.Standing`).
    codes : tuple of str
        Of the reasons for which they withhold it.
    nearest : mapping
        Its check that is nearest to a limit (`nearest`); empty where none was measured.
    pictures : tuple of str
        A head before and after, as addresses (`data:`).
    """

    standing: str
    codes: tuple[str, ...] = ()
    nearest: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write it for its owner alone: it shows a face.

        Parameters
        ----------
        path
            The file (`layout.review_card`).
        """
        write_whole(path, json.dumps(asdict(self), indent=1, sort_keys=True) + "\n", mode=0o600)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Card
            The same.
        """
        known = json.loads(path.read_text(encoding="utf-8"))
        return cls(known["standing"], tuple(known["codes"]), known["nearest"], tuple(known["pictures"]))


def nearest(images: Mapping[str, Any]) -> dict[str, Any]:
    """Find the check that is nearest to its limit: among the undecided if there are any, else among those that failed.

    Parameters
    ----------
    images
        What the defacing measured of each head image, by path in BIDS.

    Returns
    -------
    dict
        The check's record, with `image`, `check` (its name) and `distance` (of its value from the limit, as a share of
        the limit, or of what is left from there to 100 %); empty where nothing was measured.
    """
    found = [
        {**check, "image": image, "check": name, "distance": distance}
        for image, measured in sorted(images.items())
        for name, check in measured.get("checks", {}).items()
        if name not in YES_OR_NO and (distance := _distance(check)) is not None
    ]
    places = {name: place for place, name in enumerate(in_order({check["check"] for check in found}))}
    return min(
        found,
        key=lambda check: (BY_CONCERN.index(check["state"]), check["distance"], places[check["check"]]),
        default={},
    )


def _distance(check: Mapping[str, Any]) -> float | None:
    """None for what tells nothing: passed for want of a figure, as outside the field of view, or of a yardstick."""
    value, limits = check["value"], check["limits"]
    if check["state"] == "pass" and (value is None or 0 in limits):
        return None
    if value is None:
        return 0.0
    # Of a share there can be no more than all.
    whole = 100 if check["unit"] == "%" and check["relation"] == "at least" else 0
    return float(min(abs(value - limit) / (abs(limit - whole) or 1) for limit in limits))
