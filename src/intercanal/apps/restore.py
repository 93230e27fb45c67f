"""Brings an installation back from a backup, without what was erased since the backup was made."""

import asyncio
import contextlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Final

import asyncpg
import msgspec

from intercanal.apps import backup, databases, erasures, pgtools
from intercanal.apps.installation import Installation
from intercanal.infra.blobs.port import CHUNK, Blobs
from intercanal.infra.db import roles
from intercanal.infra.db.schema import SCHEMA_VERSION
from intercanal.infra.supervisor.account import own_all
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.state import Secrets, StateFolder
from intercanal.migrations.run import upgrade

DRAFT: Final = "intercanal_restoring"
ASIDE: Final = "intercanal_before_restore"


def read_manifest(source: Path) -> backup.Manifest:
    """Say what a file is a backup of, or that it is none that this program can bring back."""
    try:
        with tarfile.open(source, "r:") as archive:
            manifest = msgspec.json.decode(_member(archive, backup.MANIFEST).read(), type=backup.Manifest)
    except (OSError, tarfile.TarError, KeyError, msgspec.DecodeError) as error:
        raise StartError(f"{source} is not a backup of Intercanal.") from error
    if manifest.format != backup.FORMAT or manifest.schema_compat > SCHEMA_VERSION:
        raise StartError(f"{source} was made by a newer program (schema {manifest.schema_version}).")
    return manifest


def restore_folder(source: Path, folder: StateFolder, present: Secrets) -> None:
    """Bring back what else of the data folder cannot be made again.

    The passwords stay those of the server that is there now; the key that protects what is in the database comes back.
    """
    with tarfile.open(source, "r:") as archive:
        for member in archive.getmembers():
            if member.name == backup.SECRETS:
                kept = msgspec.json.decode(_member(archive, member.name).read(), type=Secrets)
                folder.keep_secrets(msgspec.structs.replace(present, installation=kept.installation))
            elif member.name.startswith(backup.FOLDER):
                name = member.name.removeprefix(backup.FOLDER)
                archive.extract(member.replace(name=name, deep=False), folder.path, filter="data")
    own_all(folder.heads, folder.account)
    # What the bus carries belongs to a future that will not be; the relay fills it again from the log.
    shutil.rmtree(folder.path / "nats" / "store", ignore_errors=True)


def check_database(source: Path) -> None:
    """Refuse a backup whose database is not the one it was made with, before anything is touched."""
    manifest = read_manifest(source)
    with tarfile.open(source, "r:") as archive:
        if backup.digest(_member(archive, backup.DATABASE)) != manifest.database_sha256:
            raise StartError(f"{source} is damaged: its database is not the one it was made with.")


async def restore_database(
    installation: Installation,
    urls: databases.Urls,
    source: Path,
    blobs: Blobs,
    also: list[erasures.Erasure],
    progress: backup.Progress,
) -> int:
    """Restore beside the present database, then change places; returns how many erased rows were erased again."""
    passwords = roles.RolePasswords(
        owner=installation.secrets.owner, app=installation.secrets.app, journal=installation.secrets.journal
    )
    draft_url = databases.as_role(urls.server, DRAFT)
    async with _connected(urls.server) as server:
        await roles.create_roles(server, passwords)
        await server.execute(f"DROP DATABASE IF EXISTS {DRAFT} WITH (FORCE)")
        await roles.create_database(server, DRAFT)
    progress("database")
    with tempfile.TemporaryDirectory(prefix="intercanal-restore-", dir=installation.folder.path) as folder:
        dump = Path(folder) / backup.DATABASE
        await asyncio.to_thread(_take_out, source, dump)
        program = pgtools.program("pg_restore", installation.folder.path)
        await pgtools.run(program, draft_url, "--exit-on-error", "--single-transaction", str(dump))
    await upgrade(databases.as_role(urls.server, DRAFT, roles.OWNER, passwords.owner))
    progress("blobs")
    await _restore_blobs(source, blobs)
    own_all(installation.folder.blobs, installation.folder.account)
    erased = {erasure.id: erasure for erasure in (*erasures_in(source), *also)}
    async with _connected(draft_url) as database:
        await roles.prepare_database(database)
        touched = await erasures.carry_out(database, blobs, sorted(erased.values(), key=lambda one: (one.at, one.id)))
    await _change_places(urls)
    return touched


async def present_erasures(urls: databases.Urls) -> list[erasures.Erasure] | None:
    """Return what the installation erased until now, which the backup may not know; None when it has no database."""
    async with _connected(urls.server) as server:
        name = databases.name_of(urls)
        if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            return None
    async with _connected(urls.superuser) as connection:
        return await erasures.known(connection)


async def _change_places(urls: databases.Urls) -> None:
    name = databases.name_of(urls)
    async with _connected(urls.server) as server:
        await server.execute(f"DROP DATABASE IF EXISTS {ASIDE} WITH (FORCE)")
        async with server.transaction():
            if await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
                await server.execute(f'ALTER DATABASE "{name}" RENAME TO {ASIDE}')
            await server.execute(f'ALTER DATABASE {DRAFT} RENAME TO "{name}"')
        await server.execute(f"DROP DATABASE IF EXISTS {ASIDE} WITH (FORCE)")


@contextlib.asynccontextmanager
async def _connected(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _take_out(source: Path, dump: Path) -> None:
    with tarfile.open(source, "r:") as archive, dump.open("w+b") as output:
        os.fchmod(output.fileno(), 0o600)
        shutil.copyfileobj(_member(archive, backup.DATABASE), output, backup.BLOCK)


def erasures_in(source: Path) -> list[erasures.Erasure]:
    """Return what a backup knows of erasures; a later backup knows more than an earlier one."""
    with tarfile.open(source, "r:") as archive:
        return erasures.from_lines(_member(archive, backup.ERASURES).read())


async def _restore_blobs(source: Path, blobs: Blobs) -> None:
    with tarfile.open(source, "r:") as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(backup.BLOBS):
                await blobs.put(member.name.removeprefix(backup.BLOBS), _pieces(_member(archive, member.name)))


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, CHUNK):
        yield piece
