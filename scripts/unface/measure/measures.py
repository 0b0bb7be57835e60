"""What a measuring engine gives."""

from dataclasses import dataclass


class NotMeasurableError(ValueError):
    """The image cannot be measured; the message says why, without naming it."""


@dataclass(frozen=True)
class Measure:
    """One value of one image; `region` is empty for the whole brain."""

    measure: str
    region: str
    value: float
    unit: str
