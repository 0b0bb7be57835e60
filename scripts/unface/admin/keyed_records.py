"""Snakemake's records without digests that can be guessed: it notes those of all small inputs, restricted ones too."""

import hmac
from functools import cache
from typing import Any

import snakemake.api  # before its parts, which import each other
from snakemake.io import _IOFile

from unface.admin.large_plans import KNOWN


@cache
def key_checksums(secret: bytes) -> None:
    """Change the Snakemake of this process, so that the checksums which it records and compares are keyed.

    Another version than the known one is left alone.

    Parameters
    ----------
    secret
        What keys them (`run.fingerprints.secret_of`).
    """
    if snakemake.__version__ != KNOWN:
        return
    plain = _IOFile.checksum

    async def keyed(self: Any, *args: Any, **kwargs: Any) -> str | None:
        checksum = await plain(self, *args, **kwargs)
        if checksum is None:
            return None
        name, digest = checksum.split(":", 1)
        return f"{name}:{hmac.digest(secret, digest.encode(), 'sha256').hex()}"

    _IOFile.checksum = keyed
