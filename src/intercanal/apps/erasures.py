"""What was erased stays erased: the list is read before a restore, and carried out again after it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import asyncpg
import msgspec

from intercanal.infra.blobs.port import Blobs

BLOBS_TARGET: Final = "blobs"
COLUMNS: Final = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS needed
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
NEW: Final = """
INSERT INTO infra_erasures (tenant_id, id, target, key, columns, at, actor, reason)
VALUES ($1, $2, $3, $4::text::jsonb, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
ALL: Final = """
SELECT tenant_id::text, id::text, target, key::text, columns, at, actor, reason FROM infra_erasures ORDER BY at, id
"""


class Erasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One erasure: columns of the rows with a key are emptied, or the rows themselves go when none is named."""

    tenant_id: str
    id: str
    target: str
    key: dict[str, Any]
    columns: list[str]
    at: datetime
    actor: str | None
    reason: str


def to_lines(erasures: Iterable[Erasure]) -> bytes:
    """Write erasures as JSON lines; there are keys in them, never words."""
    return msgspec.json.Encoder().encode_lines(list(erasures))


def from_lines(lines: bytes) -> list[Erasure]:
    """Read JSON lines back."""
    return msgspec.json.Decoder(Erasure).decode_lines(lines)


async def known(connection: "asyncpg.Connection[asyncpg.Record]") -> list[Erasure]:
    """Return all erasures of a database, none when it has no such list."""
    if await connection.fetchval("SELECT to_regclass('infra_erasures')") is None:
        return []
    rows = await connection.fetch(ALL)
    return [Erasure(**{**row, "key": msgspec.json.decode(row["key"])}) for row in rows]


async def carry_out(connection: "asyncpg.Connection[asyncpg.Record]", blobs: Blobs, erasures: Sequence[Erasure]) -> int:
    """Erase again whatever a restored database remembers, and put each erasure on its list; says how many rows went."""
    touched = 0
    for erasure in erasures:
        async with connection.transaction():
            if erasure.target != BLOBS_TARGET:
                touched += await _erase(connection, erasure)
            await connection.execute(
                NEW, erasure.tenant_id, erasure.id, erasure.target, msgspec.json.encode(erasure.key).decode(),
                erasure.columns, erasure.at, erasure.actor, erasure.reason,
            )  # fmt: skip
        if erasure.target == BLOBS_TARGET:
            await blobs.delete(str(erasure.key["key"]))
    return touched


async def _erase(connection: "asyncpg.Connection[asyncpg.Record]", erasure: Erasure) -> int:
    columns = {row["name"]: row for row in await connection.fetch(COLUMNS, erasure.target)}
    if not columns:
        return 0
    key = {**erasure.key, "tenant_id": erasure.tenant_id}
    unknown = ({*key, *erasure.columns}) - columns.keys()
    if unknown:
        raise ValueError(f"{erasure.target} has no {sorted(unknown)}")
    names = sorted(key)
    where = " AND ".join(f'"{name}" = ${at}::text::{columns[name]["type"]}' for at, name in enumerate(names, 1))
    # Names were found in the catalogue just above; values are parameters.
    if erasure.columns:
        emptied = ", ".join(f'"{name}" = {_empty(columns[name])}' for name in erasure.columns)
        statement = f'UPDATE "{erasure.target}" SET {emptied} WHERE {where}'  # noqa: S608 - as said above
    else:
        statement = f'DELETE FROM "{erasure.target}" WHERE {where}'  # noqa: S608 - as said above
    done = await connection.execute(statement, *(str(key[name]) for name in names))
    return int(done.rpartition(" ")[2])


def _empty(column: asyncpg.Record) -> str:
    if not column["needed"]:
        return "NULL"
    return "'{}'" if column["type"].endswith("[]") or column["type"] == "jsonb" else "''"
