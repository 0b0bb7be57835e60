"""What Snakemake notes of the files that a job read."""

import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.io import _IOFile

from unface.admin.keyed_records import key_checksums


def test_a_checksum_that_snakemake_records_cannot_be_found_by_trying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_IOFile, "checksum", _IOFile.checksum)
    key_checksums.__wrapped__(b"the key")
    path = tmp_path / "identifiers.json"
    path.write_text('{"name": ["DOE^JANE"]}')
    rule = SimpleNamespace(workflow=SimpleNamespace(iocache=SimpleNamespace(active=False)))
    file = _IOFile(str(path), rule=None)
    file.rule = rule

    async def noted() -> tuple[str | None, bool]:
        checksum = await file.checksum(10_000, force=True)
        return checksum, await file.is_same_checksum(checksum, 10_000, force=True)

    checksum, same = asyncio.run(noted())
    assert checksum is not None
    assert checksum.split(":")[1] != hashlib.sha256(path.read_bytes()).hexdigest()
    assert same
