"""Bring a database to the schema of this program; the supervisor calls it before anything else starts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from intercanal.infra.db.database import async_url
from intercanal.infra.db.schema import SCHEMA_COMPAT, SCHEMA_VERSION, check_numbers
from intercanal.migrations.models import load_all_tables

_LOCK = 0x696E7465726361
"""Two programs that start together migrate one after the other."""


def alembic_config(connection: Connection) -> Config:
    """Say where the migrations are, and on which connection they run."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _found(connection: Connection) -> tuple[int, int]:
    if not inspect(connection).has_table("infra_schema"):
        return 0, 0
    row = connection.execute(text("SELECT version, compat FROM infra_schema")).one_or_none()
    return (row.version, row.compat) if row else (0, 0)


def _upgrade(connection: Connection, revision: str) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
    version, compat = _found(connection)
    connection.commit()
    check_numbers(version, compat)
    if version > SCHEMA_VERSION:
        return
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.commit()
    load_all_tables()
    command.upgrade(alembic_config(connection), revision)
    if revision == "head":
        connection.execute(
            text("INSERT INTO infra_schema (id, version, compat) VALUES (1, :version, :compat) "
                 "ON CONFLICT (id) DO UPDATE SET version = :version, compat = :compat"),
            {"version": SCHEMA_VERSION, "compat": SCHEMA_COMPAT},
        )  # fmt: skip
    connection.commit()


async def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrate as the owner role; raises `SchemaTooNewError` when a newer program has been here."""
    settings = {"application_name": "intercanal-migrations", "timezone": "UTC"}
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool, connect_args={"server_settings": settings})
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, revision)
    finally:
        await engine.dispose()
