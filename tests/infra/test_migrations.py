"""The migrations make exactly what the tables declare, once, and never touch what a newer program made."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from intercanal import migrations
from intercanal.infra.db import schema
from intercanal.infra.db.database import Database, async_url
from intercanal.infra.db.schema import SchemaTooNewError, SchemaTooOldError, check_schema
from intercanal.infra.db.tables import Base
from intercanal.migrations.models import belongs, load_all_tables
from intercanal.migrations.run import alembic_config, upgrade
from tests.fixtures.servers import Urls

pytestmark = pytest.mark.server


def differences(connection: Connection) -> list[object]:
    load_all_tables()
    context = MigrationContext.configure(connection, opts={"include_object": belongs, "compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrated_database_is_what_the_tables_declare(database: Urls) -> None:
    engine = create_async_engine(async_url(database.owner))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_a_table_that_no_migration_makes_is_noticed(fresh_database: Urls) -> None:
    connection = await asyncpg.connect(fresh_database.owner)
    await connection.execute("DROP TABLE infra_erasures; ALTER TABLE infra_outbox DROP COLUMN attempts")
    await connection.close()
    engine = create_async_engine(async_url(fresh_database.owner))
    async with engine.connect() as sync:
        found = str(await sync.run_sync(differences))
    await engine.dispose()
    assert "infra_erasures" in found
    assert "attempts" in found


async def test_there_is_one_line_of_migrations(database: Urls) -> None:
    engine = create_async_engine(async_url(database.owner))
    async with engine.connect() as connection:
        script = await connection.run_sync(lambda sync: ScriptDirectory.from_config(alembic_config(sync)))
    await engine.dispose()
    revisions = list(script.walk_revisions())
    assert len(script.get_heads()) == 1
    files = list((Path(migrations.__file__).parent / "versions").glob("[0-9]*.py"))
    assert len(revisions) == len(files)


async def test_migrating_twice_or_at_once_changes_nothing_more(empty_database: Urls) -> None:
    await asyncio.gather(*(upgrade(empty_database.owner) for _ in range(3)))
    await upgrade(empty_database.owner)
    database = Database(empty_database.app)
    await check_schema(database)
    await database.close()


async def test_a_program_refuses_a_database_made_by_one_too_new(fresh_database: Urls) -> None:
    await _pretend(fresh_database, version=schema.SCHEMA_VERSION + 5, compat=schema.SCHEMA_VERSION + 1)
    with pytest.raises(SchemaTooNewError):
        await upgrade(fresh_database.owner)
    database = Database(fresh_database.app)
    with pytest.raises(SchemaTooNewError):
        await check_schema(database)
    await database.close()


async def test_a_program_works_on_a_newer_database_that_still_knows_it(fresh_database: Urls) -> None:
    newer = schema.SCHEMA_VERSION + 5
    await _pretend(fresh_database, version=newer, compat=schema.SCHEMA_VERSION)
    await upgrade(fresh_database.owner)
    database = Database(fresh_database.app)
    await check_schema(database)
    await database.close()
    connection = await asyncpg.connect(fresh_database.owner)
    assert await connection.fetchval("SELECT version FROM infra_schema") == newer
    await connection.close()


async def test_a_worker_refuses_a_database_not_yet_migrated(fresh_database: Urls) -> None:
    await _pretend(fresh_database, version=schema.SCHEMA_VERSION - 1, compat=0)
    database = Database(fresh_database.app)
    with pytest.raises(SchemaTooOldError):
        await check_schema(database)
    await database.close()


async def test_the_log_has_a_partition_for_each_of_the_next_twelve_months(database: Urls) -> None:
    connection = await asyncpg.connect(database.superuser)
    names = {
        row["relname"]
        for row in await connection.fetch("SELECT relname FROM pg_class WHERE relname ~ '^live_log_' AND relkind = 'r'")
    }
    first = datetime.now(UTC).replace(day=1)
    expected = {"live_log_rest"}
    for _ in range(13):
        expected.add(f"live_log_y{first.year}m{first.month:02}")
        first = (first + timedelta(days=32)).replace(day=1)
    assert names == expected
    await connection.close()


async def test_further_partitions_are_made_by_a_door_that_may_make_nothing_else(fresh_database: Urls) -> None:
    app = await asyncpg.connect(fresh_database.app)
    assert await app.fetchval("SELECT infra_make_partitions('live_log', 15)") == 2
    assert await app.fetchval("SELECT infra_make_partitions('live_log', 15)") == 0
    with pytest.raises(asyncpg.RaiseError):
        await app.fetchval("SELECT infra_make_partitions('infra_outbox', 1)")
    with pytest.raises(asyncpg.RaiseError):
        await app.fetchval("SELECT infra_make_partitions('live_log; DROP TABLE infra_outbox', 1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("CREATE TABLE mine (a int)")
    await app.close()


async def _pretend(database: Urls, version: int, compat: int) -> None:
    connection = await asyncpg.connect(database.owner)
    await connection.execute("UPDATE infra_schema SET version = $1, compat = $2", version, compat)
    await connection.close()
