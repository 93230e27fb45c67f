"""A fresh installation's own PostgreSQL for a bench, and proof that it keeps what it acknowledges."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from intercanal.apps import installation as installations
from intercanal.apps.databases import Urls

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


class NotDurableError(RuntimeError):
    """The server is told to lose what it acknowledges: a figure taken on it would be worth nothing."""


async def durability(url: str) -> dict[str, object]:
    """Read what makes an acknowledgement true; raises `NotDurableError` when one of them is off."""
    connection = await asyncpg.connect(url)
    try:
        found: dict[str, object] = {name: await connection.fetchval(f"SHOW {name}") for name in DURABLE}
    finally:
        await connection.close()
    off = [name for name, value in found.items() if value == "off"]
    if off:
        raise NotDurableError(", ".join(off))
    return found


def _open_folder() -> Path:
    """Make a folder that the unprivileged account of the servers can reach."""
    folder = Path(tempfile.mkdtemp(prefix="intercanal-bench-"))
    folder.chmod(0o755)
    return folder


@contextlib.asynccontextmanager
async def own_database() -> AsyncIterator[tuple[Urls, dict[str, object]]]:
    """Start PostgreSQL as `intercanal serve` does, on an empty folder; give its URLs and its durability settings."""
    folder = _open_folder()
    try:
        async with installations.hold(folder / "data", "bench") as installation:
            urls = await installation.start_database()
            yield urls, await durability(urls.superuser)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
