"""State rows in SQL: their section of a batch, and the query of a rebuild."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

import msgspec

from intercanal.infra.live.batch import Section
from intercanal.kernel.live import StateTable


class TableSql:
    """The compiled statements of one state table."""

    def __init__(self, table: StateTable[Any]) -> None:
        self.table = table
        self._columns = list(table.columns.items())
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
