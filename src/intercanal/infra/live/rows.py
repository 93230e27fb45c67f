"""State rows in SQL: their section of a batch, and the query of a rebuild."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from operator import attrgetter
from typing import Any

import msgspec

from intercanal.infra.live.batch import Section
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
        changes = ", ".join(f"{name} = excluded.{name}" for name, _ in self._columns if name != "id")
        self.section = Section(
            table.name,
            (("tenant_id", "uuid"), *self._columns),
            on_conflict=f"ON CONFLICT (tenant_id, id) DO UPDATE SET {changes}",
        )
        shown = ", ".join(f"{n}::text" if kind in ("uuid", "jsonb") else n for n, kind in self._columns)
        self.load = (
            f"SELECT {shown} FROM {table.name} "  # noqa: S608 - names come from code
            f"WHERE tenant_id = $1 AND domain_id = $2 AND ({table.live_sql}) ORDER BY id"
        )

    def arguments(self, rows: Iterable[tuple[TenantId, DomainId, Any]]) -> list[list[Any]]:
        """Turn rows into one array per column, the domain's first."""
        kept = list(rows)
        arguments: list[list[Any]] = [[d for _, d, _ in kept], [t for t, _, _ in kept]]
        arguments.extend([read(row) for _, _, row in kept] for read in self._readers)
        return arguments

    def revive(self, record: Sequence[Any]) -> Any:
        """Make the row struct of a record of the rebuild query."""
        values = {
            name: value if value is None else _revive(kind, value)
            for (name, kind), value in zip(self._columns, record, strict=True)
        }
        return msgspec.convert(values, self.table.row)


def _revive(kind: str, value: Any) -> Any:
    if kind == "jsonb":
        return msgspec.json.decode(value)
    if kind == "timestamptz" and value.tzinfo is None:
        # The driver gives the two ends of time without a zone, and one such row would bar the whole domain.
        return value.replace(tzinfo=UTC)
    return value


def words_section(table: str, kinds: Sequence[tuple[str, str]]) -> Section:
    """Say how side rows are kept: erasable words that leave with a batch but never enter the log."""
    return Section(table, tuple(kinds), keeps_domain=False, on_conflict="ON CONFLICT DO NOTHING")
