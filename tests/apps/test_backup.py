"""Backup and restore: what was there comes back, what was erased since does not."""

import shutil
import tarfile
from pathlib import Path

import asyncpg
import pytest

from intercanal.apps.installation import reach
from intercanal.infra.blobs.folder import FolderBlobs
from intercanal.infra.blobs.port import BlobNotFoundError, blob_key, read
from intercanal.infra.supervisor.state import StateFolder
from intercanal.kernel.ids import TenantId
from tests.apps.conftest import Commands, Running
from tests.fixtures.background import Background

pytestmark = pytest.mark.server

CUSTOMER = "01920000-0000-7000-8000-0000000000c1"
OTHER = "01920000-0000-7000-8000-0000000000c2"
NEW_CUSTOMER = """
INSERT INTO customers_customers (tenant_id, id, name, notes, created_at, changed_at)
VALUES ($1::text::uuid, $2::text::uuid, $3, 'likes tea', now(), now())
"""
ERASE = """
UPDATE customers_customers SET name = NULL, notes = NULL WHERE tenant_id = $1::text::uuid AND id = $2::text::uuid
"""
NOTE = """
INSERT INTO infra_erasures (tenant_id, id, target, key, columns, at, actor, reason)
VALUES ($1::text::uuid, gen_random_uuid(), $2, $3::text::jsonb, $4, now(), 'test', 'asked')
"""


async def _customers(data: Path) -> dict[str, str | None]:
    async with reach(data, "test") as urls:
        connection = await asyncpg.connect(urls.superuser)
        rows = await connection.fetch("SELECT id::text AS id, name FROM customers_customers")
        await connection.close()
    return {row["id"]: row["name"] for row in rows}


async def _fill(data: Path, tenant_id: str) -> FolderBlobs:
    async with reach(data, "test") as urls:
        connection = await asyncpg.connect(urls.superuser)
        await connection.execute(NEW_CUSTOMER, tenant_id, CUSTOMER, "Camille")
        await connection.execute(NEW_CUSTOMER, tenant_id, OTHER, "Dominique")
        await connection.close()
    blobs = FolderBlobs(StateFolder(data).blobs)
    await blobs.put(blob_key(TenantId(tenant_id), "mail", "kept"), b"a letter" * 100_000)
    await blobs.put(blob_key(TenantId(tenant_id), "mail", "erased"), b"a secret")
    return blobs


async def _erase(data: Path, tenant_id: str) -> None:
    key = blob_key(TenantId(tenant_id), "mail", "erased")
    async with reach(data, "test") as urls:
        connection = await asyncpg.connect(urls.superuser)
        await connection.execute(ERASE, tenant_id, CUSTOMER)
        await connection.execute(NOTE, tenant_id, "customers_customers", f'{{"id": "{CUSTOMER}"}}', ["name", "notes"])
        await connection.execute(NOTE, tenant_id, "blobs", f'{{"key": "{key}"}}', [])
        await connection.close()
    await FolderBlobs(StateFolder(data).blobs).delete(key)


def _back_up(commands: Commands, file: Path) -> None:
    commands.ok("backup", "--to", str(file))


async def test_given_a_backup_when_it_is_restored_then_all_is_back_but_what_was_erased_since(
    commands: Commands, open_folder: Path, background: Background
) -> None:
    file = open_folder / "backup.tar"
    running = Running(commands, background)
    tenant_id = commands.bootstrap("One")["tenant_id"]
    blobs = await _fill(commands.data, tenant_id)
    _back_up(commands, file)
    assert file.stat().st_mode & 0o777 == 0o600
    commands.bootstrap("Later")
    await _erase(commands.data, tenant_id)
    barred = commands.run("restore", "--from", str(file), "--replace")
    assert barred.returncode == 1
    assert "in use by serve" in barred.stderr
    running.stop()

    refused = commands.run("restore", "--from", str(file))
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    commands.ok("restore", "--from", str(file), "--replace")

    again = Running(commands, background)
    assert await _customers(commands.data) == {CUSTOMER: None, OTHER: "Dominique"}
    reports = commands.json("audit verify")
    again.stop()
    assert [(report["tenant_id"], report["fault"]) for report in reports] == [(tenant_id, None)]
    assert await read(blobs, blob_key(TenantId(tenant_id), "mail", "kept")) == b"a letter" * 100_000
    with pytest.raises(BlobNotFoundError):
        await blobs.get(blob_key(TenantId(tenant_id), "mail", "erased"))


async def test_given_a_lost_machine_when_a_backup_is_restored_then_a_later_one_tells_what_was_erased(
    commands: Commands, open_folder: Path, background: Background
) -> None:
    early, late = open_folder / "early.tar", open_folder / "late.tar"
    running = Running(commands, background)
    tenant_id = commands.bootstrap("One")["tenant_id"]
    await _fill(commands.data, tenant_id)
    _back_up(commands, early)
    await _erase(commands.data, tenant_id)
    _back_up(commands, late)
    running.stop()
    lost = StateFolder(commands.data).secrets()
    shutil.rmtree(commands.data)

    commands.ok("restore", "--from", str(early), "--erasures", str(late))
    assert await _customers(commands.data) == {CUSTOMER: None, OTHER: "Dominique"}
    found = StateFolder(commands.data).secrets()
    # The key that protects what is in the database comes back; the servers of the new machine keep their own.
    assert found.installation == lost.installation
    assert found.superuser != lost.superuser


def test_given_what_is_no_whole_backup_when_it_is_restored_then_it_is_refused_before_anything_is_touched(
    commands: Commands, open_folder: Path
) -> None:
    file, damaged, no_backup = open_folder / "backup.tar", open_folder / "damaged.tar", open_folder / "letter.txt"
    commands.bootstrap("One")
    _back_up(commands, file)
    content = bytearray(file.read_bytes())
    with tarfile.open(file) as archive:
        start = archive.getmember("database.dump").offset_data
    content[start + 2000] ^= 0xFF
    damaged.write_bytes(content)
    no_backup.write_text("not a backup")
    elsewhere = Commands(open_folder / "elsewhere")
    for source, why in ((damaged, "damaged"), (no_backup, "not a backup")):
        refused = elsewhere.run("restore", "--from", str(source))
        assert refused.returncode == 1
        assert why in refused.stderr
    assert not elsewhere.data.exists()
