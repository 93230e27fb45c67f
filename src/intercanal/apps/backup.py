"""One file that holds an installation: its database at one instant, its blobs, its secrets, and what was erased."""

import asyncio
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

import asyncpg
import msgspec

from intercanal.apps import erasures, pgtools
from intercanal.infra.blobs.port import BlobNotFoundError, Blobs
from intercanal.infra.db.schema import SCHEMA_COMPAT, SCHEMA_VERSION

MANIFEST: Final = "manifest.json"
DATABASE: Final = "database.dump"
ERASURES: Final = "erasures.jsonl"
BLOBS: Final = "blobs/"
FOLDER: Final = "folder/"
SECRETS: Final = "folder/secrets.json"
KEPT_IN_FOLDER: Final = ("secrets.json", "audit", "tls")
"""What of the data folder cannot be made again: without the secrets, what they protect cannot be read."""
IN_MEMORY: Final = 8 * 1024 * 1024
BLOCK: Final = 1024 * 1024
FORMAT: Final = 1

Progress = Callable[[str], None]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is of; the first thing in the file."""

    format: int
    made_at: datetime
    schema_version: int
    schema_compat: int
    database_sha256: str


def digest(file: IO[bytes]) -> str:
    """Return the SHA-256 of a file from its beginning, and go back there."""
    file.seek(0)
    found = hashlib.sha256()
    while block := file.read(BLOCK):
        found.update(block)
    file.seek(0)
    return found.hexdigest()


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Put a small member into an archive."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def add_file(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    """Put an open file into an archive, from its beginning."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = file.seek(0, os.SEEK_END), 0o600
    file.seek(0)
    archive.addfile(member, file)


async def back_up(data: Path, superuser_url: str, blobs: Blobs, target: Path, progress: Progress) -> None:
    """Write a backup that appears under its name only when it is whole; the server may go on working meanwhile."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with tempfile.TemporaryDirectory(prefix=".intercanal-backup-", dir=target.parent) as folder:
            dump = Path(folder) / DATABASE
            progress("database")
            dumping = ("--format=custom", "--compress=6", f"--file={dump}")
            await pgtools.run(pgtools.program("pg_dump", data), superuser_url, *dumping)
            connection = await asyncpg.connect(superuser_url)
            try:
                erased = await erasures.known(connection)
            finally:
                await connection.close()
            with _private(draft) as output, tarfile.open(fileobj=output, mode="w") as archive:
                await asyncio.to_thread(_add_first, archive, data, dump, erased)
                await _add_blobs(archive, blobs, progress)
        await asyncio.to_thread(_settle, draft, target)
    finally:
        draft.unlink(missing_ok=True)


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w+b")


def _add_first(archive: tarfile.TarFile, data: Path, dump: Path, erased: list[erasures.Erasure]) -> None:
    with dump.open("rb") as file:
        manifest = Manifest(
            format=FORMAT,
            made_at=datetime.now(UTC),
            schema_version=SCHEMA_VERSION,
            schema_compat=SCHEMA_COMPAT,
            database_sha256=digest(file),
        )
        add_bytes(archive, MANIFEST, msgspec.json.encode(manifest))
        add_bytes(archive, ERASURES, erasures.to_lines(erased))
        add_file(archive, DATABASE, file)
    for name in KEPT_IN_FOLDER:
        if (data / name).exists():
            archive.add(data / name, FOLDER + name)


async def _add_blobs(archive: tarfile.TarFile, blobs: Blobs, progress: Progress) -> None:
    # After the database: a blob that the dump names was there before it, and one that came later does no harm.
    count = 0
    async for key in blobs.walk():
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as piece:
            try:
                async for part in await blobs.get(key):
                    piece.write(part)
            except BlobNotFoundError:
                continue  # erased since the walk came by
            await asyncio.to_thread(add_file, archive, BLOBS + key, piece)
        count += 1
        if count % 1000 == 0:
            progress(f"{count} blobs")
    progress(f"{count} blobs")


def _settle(draft: Path, target: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)
    folder = os.open(target.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
