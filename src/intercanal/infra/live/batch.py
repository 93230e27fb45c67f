"""A batch in one statement: the fence, and every insert only for the domains that it let through.

One statement is one round trip and one transaction of its own: at the rate of batches the round trips of a longer
transaction cost more than its rows.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

FENCE = """
UPDATE live_domains d SET last_sequence = v.upto, last_at = v.at
FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[])
  AS v(tenant_id, id, epoch, since, upto, at)
WHERE d.tenant_id = v.tenant_id AND d.id = v.id AND d.epoch = v.epoch AND d.last_sequence = v.since
RETURNING d.id
"""
FENCE_PARAMETERS = 6


class Section(msgspec.Struct, frozen=True):
    """Rows for one table, a column at a time: `domain_id` first, then `columns` with their SQL types."""

    table: str
    columns: tuple[tuple[str, str], ...]
    keeps_domain: bool = True
    on_conflict: str = ""

    def sql(self, first: int) -> str:
        """Write the insert; its parameters begin at `first`."""
        names = [name for name, _ in self.columns]
        kinds = [kind for _, kind in self.columns]
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(("uuid", *kinds), first))
        kept = ", ".join(["domain_id", *names] if self.keeps_domain else names)
        return (
            f"INSERT INTO {self.table} ({kept}) SELECT {kept} "  # noqa: S608 - names come from code
            f"FROM unnest({arrays}) AS v(domain_id, {', '.join(names)}) "
            f"WHERE v.domain_id IN (SELECT id FROM fence) {self.on_conflict}"
        )


class Statements:
    """The statements of every shape of batch that was met: which tables get rows differs, and little else."""

    def __init__(self) -> None:
        self._known: dict[tuple[Section, ...], str] = {}

    def of(self, sections: Sequence[Section]) -> str:
        """Return the statement that fences, inserts, and gives the domains that it holds for."""
        shape = tuple(sections)
        if shape not in self._known:
            self._known[shape] = _write(shape)
        return self._known[shape]


def _write(sections: Sequence[Section]) -> str:
    parts, first = [f"fence AS ({FENCE})"], FENCE_PARAMETERS + 1
    for number, section in enumerate(sections):
        parts.append(f"s{number} AS ({section.sql(first)})")
        first += 1 + len(section.columns)
    return f"WITH {', '.join(parts)} SELECT id::text FROM fence"  # noqa: S608 - names come from code


Filled = tuple[Section, Sequence[Sequence[Any]]]
