"""No table, view, function, grant or role lets a tenant see another's rows; each way to break it is noticed."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from intercanal.infra.db.catalogue import find_leaks, find_mighty_connections
from intercanal.infra.db.database import Database
from intercanal.kernel.ids import TenantId
from tests.fixtures.servers import Urls

pytestmark = pytest.mark.server

SAFE = """
    CREATE TABLE {0} (tenant_id uuid, id uuid, other uuid, PRIMARY KEY (tenant_id, id));
    ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY;
"""
MINE = "tenant_id = nullif(current_setting('intercanal.tenant', true), '')::uuid"


@pytest.fixture
async def superuser(database: Urls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.superuser)
    change = connection.transaction()
    await change.start()
    yield connection
    await change.rollback()
    await connection.close()


async def test_the_migrated_database_has_no_leak(superuser: asyncpg.Connection) -> None:
    assert await find_leaks(superuser) == []


@pytest.mark.parametrize(
    ("change", "leak"),
    [
        ("CREATE TABLE bad (tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id))", "bad has no forced row security"),
        ("CREATE TABLE bad (id uuid)", "bad has no forced row security"),
        (SAFE.format("bad") + "ALTER TABLE bad NO FORCE ROW LEVEL SECURITY", "bad has no forced row security"),
        ("ALTER TABLE infra_outbox DISABLE ROW LEVEL SECURITY", "infra_outbox has no forced row security"),
        (
            "CREATE TABLE live_log_y1999m01 PARTITION OF live_log FOR VALUES FROM ('1999-01-01') TO ('1999-02-01')",
            "live_log_y1999m01 has no forced row security",
        ),
        (
            SAFE.format("bad") + "CREATE UNIQUE INDEX bad_phone ON bad (other)",
            "bad_phone is unique without beginning with the tenant",
        ),
        (
            SAFE.format("bad") + "ALTER TABLE bad DROP CONSTRAINT bad_pkey, ADD PRIMARY KEY (id, tenant_id)",
            "bad_pkey is unique without beginning with the tenant",
        ),
        (
            SAFE.format("a") + SAFE.format("b") + "CREATE UNIQUE INDEX a_all ON a (tenant_id, id); ALTER TABLE b ADD"
            " CONSTRAINT b_a FOREIGN KEY (other, id) REFERENCES a (tenant_id, id)",
            "b_a refers to a tenant's row without naming the tenant",
        ),
        (
            SAFE.format("bad") + "CREATE POLICY wide ON bad TO intercanal_app USING (true)",
            "bad.wide is a policy for the doors that does not ask for the tenant",
        ),
        (
            SAFE.format("bad") + f"CREATE POLICY wide ON bad TO intercanal_app USING ({MINE}) WITH CHECK (true)",
            "bad.wide is a policy for the doors that does not ask for the tenant",
        ),
        (
            SAFE.format("bad") + "CREATE POLICY wide ON bad USING (true)",
            "bad.wide is a policy for the doors that does not ask for the tenant",
        ),
        ("CREATE VIEW bad AS SELECT * FROM infra_outbox", "bad is a view that does not run as its caller"),
        (
            "CREATE MATERIALIZED VIEW bad AS SELECT * FROM infra_outbox",
            "bad is a copy that row security does not guard",
        ),
        (
            "CREATE FUNCTION bad() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM infra_outbox'",
            "bad runs as its owner with a search path that its caller chooses",
        ),
        (
            "CREATE FUNCTION bad() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION bad TO PUBLIC",
            "bad may be run by everybody",
        ),
        ("GRANT SELECT ON infra_schema TO PUBLIC", "infra_schema is granted to everybody"),
        ("GRANT SELECT (version) ON infra_schema TO PUBLIC", "infra_schema.version is granted to everybody"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "schema public is granted to everybody"),
        (
            "GRANT UPDATE ON infra_schema TO intercanal_app",
            "infra_schema is a table of nobody's that a door may change",
        ),
        ("ALTER ROLE intercanal_app BYPASSRLS", "intercanal_app is a role too mighty for the program"),
        ("GRANT intercanal_owner TO intercanal_app", "intercanal_app is a role too mighty for the program"),
        (
            "ALTER TABLE infra_outbox OWNER TO intercanal_app",
            "intercanal_app is a role too mighty for the program",
        ),
    ],
)
async def test_each_way_to_open_a_leak_is_noticed(superuser: asyncpg.Connection, change: str, leak: str) -> None:
    await superuser.execute("SET LOCAL search_path = public")
    await superuser.execute(change)
    assert leak in await find_leaks(superuser)


async def test_a_view_that_runs_as_its_caller_is_no_leak(superuser: asyncpg.Connection) -> None:
    await superuser.execute("CREATE VIEW good WITH (security_invoker = true) AS SELECT * FROM infra_outbox")
    assert await find_leaks(superuser) == []


async def test_no_connection_of_the_program_is_mightier_than_row_security(database: Urls) -> None:
    observer = await asyncpg.connect(database.superuser)
    ours = Database(database.app)
    journal = await asyncpg.connect(database.journal)
    async with ours.unit_of_work(TenantId("01900000-0000-7000-8000-000000000001")):
        assert await find_mighty_connections(observer) == []
        owner = await asyncpg.connect(database.owner, server_settings={"application_name": "forgotten"})
        assert await find_mighty_connections(observer) == ["intercanal_owner as forgotten"]
        await owner.close()
    await journal.close()
    await ours.close()
    await observer.close()
