"""Looks an installation over: what it stands on, what it keeps, what will soon matter. One finding per check."""

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import asyncpg
import msgspec

from intercanal.apps import config as configuration
from intercanal.apps import databases
from intercanal.infra import tls
from intercanal.infra.db import roles
from intercanal.infra.db.schema import SCHEMA_COMPAT, SCHEMA_VERSION
from intercanal.infra.supervisor import nats
from intercanal.infra.supervisor.account import obstacle
from intercanal.infra.supervisor.state import StateFolder

PYTHON: Final = (3, 11)
LOW_DISK: Final = 2 * 1024**3
FULL_DISK: Final = 256 * 1024**2
FEW_FILES: Final = 4096
SKEW_SECONDS: Final = 2.0
SOON: Final = timedelta(days=14)
PATIENCE: Final = 10.0
MIGHTY: Final = """
SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR EXISTS (SELECT FROM pg_class WHERE relowner = r.oid)
FROM pg_roles r WHERE rolname = current_user
"""

Verdict = Literal["ok", "warning", "fault", "absent"]


class Finding(msgspec.Struct, frozen=True):
    """What a check found; `absent` is a part that is not there to be looked at, as a server that does not run."""

    check: str
    verdict: Verdict
    said: str


class Patient(msgspec.Struct, frozen=True):
    """What there is to look at; without a running server there are no URLs and no configuration."""

    folder: StateFolder
    urls: databases.Urls | None
    config: configuration.Config | None


def patient(data: Path) -> Patient:
    """Find what there is to look at in a data folder."""
    folder = StateFolder(data)
    urls = config = None
    with contextlib.suppress(FileNotFoundError):
        urls = msgspec.json.decode(folder.administration.read_bytes(), type=databases.Urls)
    with contextlib.suppress(configuration.ConfigError):
        config = configuration.read(folder.endpoints)
    return Patient(folder=folder, urls=urls, config=config)


async def examine(found: Patient) -> list[Finding]:
    """Make every check; none of them changes anything."""
    checks: tuple[tuple[str, Check], ...] = (
        ("python", _python),
        ("files", _open_files),
        ("folder", _folder),
        ("disk", _disk),
        ("sync", _sync),
        ("postgresql", _postgres),
        ("durability", _durability),
        ("roles", _roles),
        ("schema", _schema),
        ("clock", _clock),
        ("nats", _nats),
        ("ports", _ports),
        ("certificate", _certificate),
    )
    return [await _one(name, check, found) for name, check in checks]


Answer = tuple[Verdict, str]
Check = Callable[[Patient], Awaitable[Answer]]
NO_SERVER: Final[Answer] = ("absent", "no server runs on this folder")


async def _one(name: str, check: Check, found: Patient) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            verdict, said = await check(found)
    except Exception as error:  # noqa: BLE001 - whatever keeps a check from its end is its finding
        return Finding(check=name, verdict="fault", said=f"{type(error).__name__}: {error}".rstrip(": "))
    return Finding(check=name, verdict=verdict, said=said)


async def _python(_found: Patient) -> Answer:
    version = ".".join(map(str, sys.version_info[:3]))
    return ("ok", version) if sys.version_info >= PYTHON else ("fault", f"{version}; 3.11 or newer is needed")


async def _open_files(_found: Patient) -> Answer:
    import resource  # noqa: PLC0415 - not there on every system

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return ("ok" if limit >= FEW_FILES else "warning", f"{limit} open files a process; each socket needs one")


async def _folder(found: Patient) -> Answer:
    path = found.folder.path
    if not path.is_dir():
        return "fault", f"{path} is not a folder"
    barrier = obstacle(path, found.folder.account)
    if barrier is not None:
        return "warning", f"our own processes run as root: an unprivileged account may not enter {barrier}"
    exposed = [name for name in ("secrets.json", "administration.json") if _is_open(path / name)]
    if exposed:
        return "fault", f"others may read {', '.join(exposed)}; chmod 600"
    return "ok", str(path)


def _is_open(file: Path) -> bool:
    return file.exists() and bool(file.stat().st_mode & 0o077)


async def _disk(found: Patient) -> Answer:
    free = shutil.disk_usage(found.folder.path).free
    said = f"{free / 1024**3:.1f} GiB free"
    if free < FULL_DISK:
        return "fault", said
    return ("ok" if free >= LOW_DISK else "warning"), said


async def _sync(found: Patient) -> Answer:
    def write() -> float:
        file = found.folder.path / f".doctor-{os.getpid()}"
        try:
            with file.open("xb") as probe:
                began = time.perf_counter()
                probe.write(b"\0" * 8192)
                probe.flush()
                os.fsync(probe.fileno())
                return time.perf_counter() - began
        finally:
            file.unlink(missing_ok=True)

    took = await asyncio.to_thread(write)
    return "ok", f"8 kB written and synced in {took * 1000:.2f} ms"


@contextlib.asynccontextmanager
async def _connected(url: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    connection = await asyncpg.connect(url, timeout=5)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def _postgres(found: Patient) -> Answer:
    if found.urls is None:
        return NO_SERVER
    async with _connected(found.urls.superuser) as connection:
        version = await connection.fetchval("SHOW server_version")
        size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
    return "ok", f"version {version}, database of {size}"


async def _durability(found: Patient) -> Answer:
    if found.urls is None:
        return NO_SERVER
    async with _connected(found.urls.superuser) as connection:
        off = [
            name
            for name in ("fsync", "synchronous_commit", "full_page_writes")
            if await connection.fetchval("SELECT current_setting($1)", name) == "off"
        ]
    return ("fault", f"off: {', '.join(off)}; acknowledged work can be lost") if off else ("ok", "nothing is left out")


async def _roles(found: Patient) -> Answer:
    if found.urls is None:
        return NO_SERVER
    wrong = []
    for url, name in ((found.urls.app, roles.APP), (found.urls.journal, roles.JOURNAL)):
        async with _connected(url) as connection:
            if await connection.fetchval(MIGHTY):
                wrong.append(name)
    if wrong:
        return "fault", f"could pass by row security: {', '.join(wrong)}"
    return "ok", "none passes by row security"


async def _schema(found: Patient) -> Answer:
    if found.urls is None:
        return NO_SERVER
    async with _connected(found.urls.app) as connection:
        row = await connection.fetchrow("SELECT version, compat FROM infra_schema")
    if row is None or row["version"] < SCHEMA_VERSION:
        return "fault", f"older than {SCHEMA_VERSION}: intercanal migrate"
    if row["compat"] > SCHEMA_VERSION:
        return "fault", f"version {row['version']} needs a newer program"
    return "ok", f"version {row['version']}; this program makes {SCHEMA_VERSION}, works from {SCHEMA_COMPAT}"


async def _clock(found: Patient) -> Answer:
    now = datetime.now(UTC)
    if found.urls is None:
        return "ok", now.isoformat(timespec="seconds")
    async with _connected(found.urls.app) as connection:
        before = datetime.now(UTC)
        theirs = await connection.fetchval("SELECT clock_timestamp()")
        ours = before + (datetime.now(UTC) - before) / 2
    skew = abs((theirs - ours).total_seconds())
    said = f"{now.isoformat(timespec='seconds')}, {skew:.3f} s from the database's"
    return ("ok" if skew < SKEW_SECONDS else "fault"), said


async def _nats(found: Patient) -> Answer:
    if found.config is None:
        return NO_SERVER
    await nats.check(found.config.nats_url, found.config.nats_token)
    return "ok", f"{found.config.nats_url} with JetStream"


async def _ports(found: Patient) -> Answer:
    if found.config is None:
        return NO_SERVER
    closed = []
    for name, address in found.config.listen.items():
        if name == "sip":
            continue  # UDP says nothing to a knock
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
            writer.close()
        except OSError:
            closed.append(f"{name} {address}")
    opened = ", ".join(f"{name} {address}" for name, address in found.config.listen.items())
    return ("fault", f"nobody listens: {', '.join(closed)}") if closed else ("ok", opened)


async def _certificate(found: Patient) -> Answer:
    if found.config is None:
        return NO_SERVER
    if found.config.tls_certificate is None:
        local = any(host in found.config.public_url for host in ("//localhost", "//127.0.0.1", "//[::1]"))
        said = "none: sign-in needs HTTPS on any name but localhost"
        return ("ok", "none, and none is needed here") if local else ("warning", said)
    facts = tls.facts(Path(found.config.tls_certificate))
    left = facts.ends - datetime.now(UTC)
    said = f"{', '.join(facts.names)} until {facts.ends:%Y-%m-%d}"
    if left < timedelta(0):
        return "fault", said
    return ("ok" if left > SOON else "warning"), said
