"""A batch in one statement: the fence, and every insert only for the domains that it let through.

One statement is one round trip and one transaction of its own. A table's rows travel as one JSON document: an array for
each column cost the process that decides three times as much (`docs/decisions/0002-batches-as-documents.md`).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from intercanal.kernel.ids import DomainId, TenantId

_FENCE: Final = """
UPDATE live_domains d SET last_sequence = v.upto, last_at = v.at
FROM json_to_recordset($1::json)
  AS v(tenant_id uuid, id uuid, epoch bigint, since bigint, upto bigint, at timestamptz)
WHERE d.tenant_id = v.tenant_id AND d.id = v.id AND d.epoch = v.epoch AND d.last_sequence = v.since
RETURNING d.id
"""

_encode = msgspec.json.Encoder().encode


class Section(msgspec.Struct, frozen=True):
    """Rows for one table: `columns` with their SQL types, and beside them the `domain_id` that the fence knows."""

    table: str
    columns: tuple[tuple[str, str], ...]
    keeps_domain: bool = True
    on_conflict: str = ""

    def sql(self, place: int) -> str:
        """Write the insert; its parameter is a document of rows."""
        shape = ", ".join(f"{name} {_shape_of(kind)}" for name, kind in (("domain_id", "uuid"), *self.columns))
        columns = (*((("domain_id", "uuid"),) if self.keeps_domain else ()), *self.columns)
        names = ", ".join(name for name, _ in columns)
        values = ", ".join(_value_of(name, kind) for name, kind in columns)
        return (
            f"INSERT INTO {self.table} ({names}) SELECT {values} "  # noqa: S608 - names come from code
            f"FROM json_to_recordset(${place}::json) AS v({shape}) "
            f"WHERE v.domain_id IN (SELECT id FROM fence) {self.on_conflict}"
        )


def _shape_of(kind: str) -> str:
    return "text" if kind == "bytea" else kind


def _value_of(name: str, kind: str) -> str:
    return f"decode(v.{name}, 'base64')" if kind == "bytea" else f"v.{name}"


Filled = tuple[Section, str]


def document(rows: Iterable[object]) -> str:
    """Write rows whose fields are columns, `domain_id` among them."""
    return _encode(list(rows)).decode()


def state_document(rows: Iterable[tuple[TenantId, DomainId, Any]]) -> str:
    """Write state rows, each with its tenant and domain, which the row itself does not know."""
    written = [
        f'{{"tenant_id":"{tenant_id}","domain_id":"{domain_id}",{_encode(row)[1:].decode()}'
        for tenant_id, domain_id, row in rows
    ]
    return f"[{','.join(written)}]"


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
    inserts = [f"s{place} AS ({section.sql(place)})" for place, section in enumerate(sections, 2)]
    return f"WITH {', '.join([f'fence AS ({_FENCE})', *inserts])} SELECT id::text FROM fence"  # noqa: S608 - from code
