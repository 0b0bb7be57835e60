"""How well the rows of participants.tsv hide one subject among others."""

from collections.abc import Sequence

import pandas as pd

from unface.release.dataset import Person

QUASI_IDENTIFIERS = ("sex", "age")
"""What an acquaintance knows of a subject."""

ENOUGH = 5
"""Groups of this size are what data protection offices commonly ask for."""


def smallest_group(rows: Sequence[Person]) -> tuple[int, int]:
    """Size of the smallest group of subjects with the same sex and age, and the number of subjects in small groups.

    The first is the k of k-anonymity (Sweeney 2002): higher is better. Small are groups of fewer than `ENOUGH`.

    Parameters
    ----------
    rows
        Of participants.tsv, one for each subject.

    Returns
    -------
    k, few
        Number of subjects.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not rows:
        raise ValueError("k-anonymity of no subjects")
    table = pd.DataFrame([row.values for row in rows])
    sizes = table.groupby(list(QUASI_IDENTIFIERS)).size()
    return int(sizes.min()), int(sizes[sizes < ENOUGH].sum())


def note(rows: Sequence[Person]) -> str:
    """Say where groups are small.

    Parameters
    ----------
    rows
        Of participants.tsv, one for each subject.

    Returns
    -------
    str
        A sentence for the end of a run; empty where every group is large enough.
    """
    k, few = smallest_group(rows)
    if k >= ENOUGH:
        return ""
    return (
        f"{few} of {len(rows)} subjects share sex and age in participants.tsv with fewer than {ENOUGH - 1} others "
        f"(k-anonymity {k}); a wider deidentify.age_band_years makes larger groups"
    )
