"""Walks the database's own catalogue for anything by which one tenant could come to another's rows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_OURS = """
WITH ours AS (
    SELECT c.*, c.relname IN ('alembic_version', 'infra_schema') AS is_nobodys FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
), our_functions AS (
    SELECT p.* FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
)
"""

_MIGHTY = """
SELECT a.usename || ' as ' || coalesce(nullif(a.application_name, ''), 'nobody') AS who
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
AND (r.rolsuper OR r.rolbypassrls OR r.rolname = 'intercanal_owner'
     OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace))
"""


def _checks() -> Iterator[tuple[str, str]]:
    text = Path(__file__).with_name("catalogue.sql").read_text()
    parts = re.split(r"^-- leak: (.+)$", text, flags=re.MULTILINE)[1:]
    return zip(parts[::2], parts[1::2], strict=True)


async def find_leaks(connection: Connection) -> list[str]:
    """Name everything in the connected database by which a tenant could see or guess another's rows."""
    found: list[str] = []
    for what, query in _checks():
        found.extend(f"{row[0]} {what}" for row in await connection.fetch(_OURS + query))
    return sorted(found)


async def find_mighty_connections(connection: Connection) -> list[str]:
    """Name each other live connection to this database whose role passes by row security, or owns tables."""
    return sorted({row["who"] for row in await connection.fetch(_MIGHTY)})
