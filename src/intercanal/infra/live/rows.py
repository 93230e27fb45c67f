"""State rows in SQL: one upsert per table and batch through `unnest`, and the query of a rebuild."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from intercanal.kernel.ids import DomainId, TenantId
from intercanal.kernel.live import StateTable

_encode_json = msgspec.json.Encoder().encode


def json_text(value: object) -> str | None:
    """Write a value for a jsonb column; None stays SQL null."""
    return None if value is None else _encode_json(value).decode()


def _reader(column: str, kind: str) -> Callable[[Any], Any]:
    get = attrgetter(column)
    if kind == "jsonb":
        return lambda row: json_text(get(row))
    return get


class TableSql:
    """The compiled statements of one state table."""

    def __init__(self, table: StateTable[Any]) -> None:
        self.table = table
        self._columns = list(table.columns.items())
        self._readers = [_reader(name, kind) for name, kind in self._columns]
        kinds = [("tenant_id", "uuid"), ("domain_id", "uuid"), *self._columns]
        names = ", ".join(name for name, _ in kinds)
        arrays = ", ".join(f"${i}::{kind}[]" for i, (_, kind) in enumerate(kinds, 1))
        changes = ", ".join(f"{name} = excluded.{name}" for name, _ in self._columns if name != "id")
        self.upsert = (
            f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) "  # noqa: S608 - names come from code
            f"ON CONFLICT (tenant_id, id) DO UPDATE SET {changes}"
        )
        shown = ", ".join(f"{n}::text" if kind in ("uuid", "jsonb") else n for n, kind in self._columns)
        self.load = (
            f"SELECT {shown} FROM {table.name} "  # noqa: S608 - names come from code
            f"WHERE tenant_id = $1 AND domain_id = $2 AND ({table.live_sql}) ORDER BY id"
        )

    def arguments(self, rows: Iterable[tuple[TenantId, DomainId, Any]]) -> list[list[Any]]:
        """Turn rows into one array per column."""
        kept = list(rows)
        arguments: list[list[Any]] = [[t for t, _, _ in kept], [d for _, d, _ in kept]]
        arguments.extend([read(row) for _, _, row in kept] for read in self._readers)
        return arguments

    def revive(self, record: Sequence[Any]) -> Any:
        """Make the row struct of a record of the rebuild query."""
        values = {
            name: msgspec.json.decode(value) if kind == "jsonb" and value is not None else value
            for (name, kind), value in zip(self._columns, record, strict=True)
        }
        return msgspec.convert(values, self.table.row)


def words_sql(table: str, kinds: Sequence[tuple[str, str]]) -> str:
    """Write the insert of side rows: erasable words that leave with a batch but never enter the log."""
    names = ", ".join(name for name, _ in kinds)
    arrays = ", ".join(f"${i}::{kind}[]" for i, (_, kind) in enumerate(kinds, 1))
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608 - names come from code
