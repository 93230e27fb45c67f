"""The durable journal: one statement per batch, fenced by each domain's epoch and sequence."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import msgspec
import structlog

from intercanal.infra.live.batch import Filled, Section, Statements, document, state_document
from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.live.core import Audience, LiveCore
from intercanal.infra.live.rows import TableSql, words_section
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import DomainId, TenantId
from intercanal.kernel.live import Command, Event, Words, World

log = structlog.get_logger(__name__)

_Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

# Classes of SQLSTATE that blame the data of some command: data exception, integrity, program limit, privilege.
_CULPRIT_CLASSES = ("22", "23", "54", "42")
_AGAIN_CLASSES = ("40",)
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's own confusion when a connection ends in the middle of an answer
    asyncpg.OperatorInterventionError,
    OSError,
)


class BatchRefusedError(Exception):
    """The database refuses something in this batch; one of its commands is to blame."""

    def __init__(self, code: str, key_taken: bool) -> None:
        super().__init__(code)
        self.key_taken = key_taken


@dataclass(slots=True)
class LogRow:
    """One decision as the log keeps it."""

    sequence: int
    at: datetime
    actor: str
    seed: str
    command: Command
    events: tuple[Event, ...]
    audience: Audience


@dataclass(slots=True)
class Part:
    """One domain's share of a batch: what was decided since `first`."""

    tenant_id: TenantId
    domain_id: DomainId
    epoch: int
    first: int
    last: int
    at: datetime
    decisions: list[LogRow]
    rows: dict[str, list[Any]] = field(default_factory=dict)
    words: list[Words] = field(default_factory=list)
    keys: list[tuple[Key, LogRow]] = field(default_factory=list)


class _Fence(msgspec.Struct, gc=False):
    tenant_id: str
    id: str
    epoch: int
    since: int
    upto: int
    at: datetime


class _LogLine(msgspec.Struct, gc=False):
    domain_id: str
    tenant_id: str
    sequence: int
    at: datetime
    epoch: int
    count: int
    actor: str
    seed: str
    code: str
    command: Command
    events: tuple[Event, ...]


class _KeyLine(msgspec.Struct, gc=False):
    domain_id: str
    tenant_id: str
    scope: str
    key: str
    body_hash: str
    sequence: int
    at: datetime


_LOG = Section(
    "live_log",
    (
        ("tenant_id", "uuid"), ("sequence", "bigint"), ("at", "timestamptz"), ("epoch", "bigint"),
        ("count", "smallint"), ("actor", "text"), ("seed", "text"), ("code", "text"), ("command", "jsonb"),
        ("events", "jsonb"),
    ),
)  # fmt: skip
_KEYS = Section(
    "live_idempotency",
    (
        ("tenant_id", "uuid"), ("scope", "text"), ("key", "text"), ("body_hash", "text"), ("sequence", "bigint"),
        ("at", "timestamptz"),
    ),
)  # fmt: skip
_OWN = """
INSERT INTO live_domains (tenant_id, id, epoch, last_sequence, last_at) VALUES ($1, $2, 1, 0, $3)
ON CONFLICT (tenant_id, id) DO UPDATE SET epoch = live_domains.epoch + 1
RETURNING epoch, last_sequence, last_at
"""
_SETTLE = """
SELECT d.id::text, d.epoch, d.last_sequence FROM live_domains d
JOIN unnest($1::uuid[], $2::uuid[]) AS v(tenant_id, id) ON d.tenant_id = v.tenant_id AND d.id = v.id
"""
_WRITTEN = """
SELECT d.id::text, d.epoch, d.last_sequence, EXISTS (
  SELECT FROM live_log l WHERE l.tenant_id = v.tenant_id AND l.domain_id = v.id AND l.sequence = v.upto
  AND l.at = v.at AND l.epoch = v.epoch
) FROM live_domains d
JOIN unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::bigint[]) AS v(tenant_id, id, upto, at, epoch)
ON d.tenant_id = v.tenant_id AND d.id = v.id
"""
_FORGET_OLD_KEYS = """
DELETE FROM live_idempotency k USING unnest($3::text[], $4::text[]) AS v(scope, key)
WHERE k.tenant_id = $1 AND k.domain_id = $2 AND k.scope = v.scope AND k.key = v.key AND k.at < $5
"""
_KEPT_ANSWERS = """
SELECT k.scope, k.key, k.body_hash, k.sequence, l.events::text FROM live_idempotency k
JOIN unnest($3::text[], $4::text[]) AS v(scope, key) ON k.scope = v.scope AND k.key = v.key
LEFT JOIN live_log l
  ON l.tenant_id = k.tenant_id AND l.domain_id = k.domain_id AND l.sequence = k.sequence AND l.at = k.at
WHERE k.tenant_id = $1 AND k.domain_id = $2
"""
_COLUMN_KINDS = """
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
"""


class Journal:
    """Writes batches and loads domains, as the journal role; each writer uses a connection of its own."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", core: LiveCore, code_version: str) -> None:
        self._pool = pool
        self._core = core
        self._code = code_version
        self._tables = {name: TableSql(table) for name, table in core.tables.items()}
        self._statements = Statements()
        self._kinds: dict[str, dict[str, str]] = {}
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Stop waiting for a database that is away."""
        self._closing.set()

    async def own(self, tenant_id: TenantId, domain_id: DomainId, now: datetime) -> tuple[int, int, datetime]:
        """Become the owner: older owners' batches are refused from here on. Returns epoch, sequence, last instant."""
        try:
            row = await self._pool.fetchrow(_OWN, tenant_id, domain_id, now)
        except (*_LOST, asyncpg.InsufficientResourcesError) as error:
            raise UnavailableError("live.storage", retry_after_s=1) from error
        if row is None:
            raise UnavailableError("live.no_domain")
        return row["epoch"], row["last_sequence"], row["last_at"]

    async def tenants(self) -> list[TenantId]:
        """List the tenants that have a domain."""
        return [TenantId(r[0]) for r in await self._pool.fetch("SELECT tenant_id::text FROM live_domains ORDER BY 1")]

    async def position(self, tenant_id: TenantId, domain_id: DomainId) -> tuple[int, int] | None:
        """Read a domain's epoch and sequence."""
        rows = await self._pool.fetch(_SETTLE, [tenant_id], [domain_id])
        return (rows[0]["epoch"], rows[0]["last_sequence"]) if rows else None

    async def load(self, tenant_id: TenantId, domain_id: DomainId) -> World:
        """Make a world of the state rows, which are as new as the log: both leave in one transaction.

        Waits for a database that is away; raises `UnavailableError` when the engine closes meanwhile.
        """
        while True:
            await self._settle(())
            world = self._core.new_world(tenant_id)
            try:
                await self._fill(world, domain_id)
            except _LOST as error:
                log.info("journal.load_again", kind=type(error).__name__)
                continue
            self._core.rebuild(world)
            return world

    async def _fill(self, world: World, domain_id: DomainId) -> None:
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for name, sql in self._tables.items():
                records = await connection.fetch(sql.load, world.tenant_id, domain_id)
                world.stores[self._core.tables[name].row].load(sql.revive(tuple(record)) for record in records)

    async def write(self, parts: Sequence[Part]) -> set[DomainId]:
        """Make a batch durable and return the domains it holds for; one missing has a newer owner.

        Raises `BatchRefusedError` when a command's data is to blame, `UnavailableError` when storage is.
        """
        held: set[DomainId] | None = None
        is_repeated = False
        while held is None:
            try:
                async with self._pool.acquire() as connection:
                    held = await self._transact(connection, parts)
                if not is_repeated or len(held) == len(parts):
                    return held
                # The first try may have been under way still when it was found nowhere, and have let this one wait.
            except asyncpg.PostgresError as error:
                state = error.sqlstate or ""
                if state.startswith(_CULPRIT_CLASSES):
                    key_taken = getattr(error, "table_name", "") == "live_idempotency"
                    raise BatchRefusedError(state, key_taken) from error
                if not isinstance(error, _LOST) and not state.startswith(_AGAIN_CLASSES):
                    log.exception("journal.refused", sqlstate=state)
                    raise UnavailableError("live.storage", retry_after_s=2) from error
            except _LOST as error:
                log.warning("journal.connection_lost", kind=type(error).__name__)
            is_repeated = True
            held = await self._settle(parts)
        return held

    async def _transact(self, connection: _Connection, parts: Sequence[Part]) -> set[DomainId]:
        try:
            filled = await self._filled(connection, parts)
        except (UnicodeError, OverflowError) as error:
            raise BatchRefusedError(type(error).__name__, key_taken=False) from error
        fence = document(_Fence(p.tenant_id, p.domain_id, p.epoch, p.first, p.last, p.at) for p in parts)
        statement = self._statements.of([section for section, _ in filled])
        records = await connection.fetch(statement, fence, *(rows for _, rows in filled))
        return {DomainId(record[0]) for record in records}

    async def _filled(self, connection: _Connection, parts: Sequence[Part]) -> list[Filled]:
        """Bring a batch into documents, table by table."""
        filled: list[Filled] = []
        lines = [self._log_line(p, d) for p in parts for d in p.decisions]
        if lines:
            filled.append((_LOG, document(lines)))
        for name, sql in self._tables.items():
            rows = [(p.tenant_id, p.domain_id, row) for p in parts for row in p.rows.get(name, ())]
            if rows:
                filled.append((sql.section, state_document(rows)))
        filled.extend(await self._words(connection, [(p.domain_id, w) for p in parts for w in p.words]))
        keys = [
            _KeyLine(p.domain_id, p.tenant_id, key.scope, key.key, key.body_hash, row.sequence, row.at)
            for p in parts
            for key, row in p.keys
        ]
        if keys:
            filled.append((_KEYS, document(keys)))
        return filled

    def _log_line(self, part: Part, row: LogRow) -> _LogLine:
        return _LogLine(
            domain_id=part.domain_id,
            tenant_id=part.tenant_id,
            sequence=row.sequence,
            at=row.at,
            epoch=part.epoch,
            count=len(row.events),
            actor=row.actor,
            seed=row.seed,
            code=self._code,
            command=row.command,
            events=row.events,
        )

    async def _words(self, connection: _Connection, words: Iterable[tuple[DomainId, Words]]) -> list[Filled]:
        groups: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
        for domain_id, word in words:
            row = {"domain_id": domain_id, **word.values}
            groups.setdefault((word.table, tuple(sorted(word.values))), []).append(row)
        filled: list[Filled] = []
        for (table, columns), rows in groups.items():
            known = await self._column_kinds(connection, table)
            filled.append((words_section(table, [(column, known[column]) for column in columns]), document(rows)))
        return filled

    async def _column_kinds(self, connection: _Connection, table: str) -> dict[str, str]:
        if table not in self._kinds:
            self._kinds[table] = {r[0]: r[1] for r in await connection.fetch(_COLUMN_KINDS, table)}
        return self._kinds[table]

    async def _settle(self, parts: Sequence[Part]) -> set[DomainId] | None:
        """Learn what became of a batch whose commit went unanswered; None means it is not there: write it again."""
        delay = 0.05
        while not self._closing.is_set():
            try:
                rows = await self._pool.fetch(
                    _WRITTEN,
                    [p.tenant_id for p in parts],
                    [p.domain_id for p in parts],
                    [p.last for p in parts],
                    [p.at for p in parts],
                    [p.epoch for p in parts],
                )
            except (*_LOST, asyncpg.PostgresError) as error:
                log.info("journal.waits", kind=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), delay)
                delay = min(delay * 2, 1.0)
                continue
            found = {r[0]: (r[1], r[2]) for r in rows}
            held = {DomainId(r[0]) for r in rows if r[3]}
            unwritten = [p for p in parts if found.get(p.domain_id) == (p.epoch, p.first)]
            return None if unwritten and not held else held
        raise UnavailableError("live.closing", retry_after_s=2)

    async def kept_answers(
        self, tenant_id: TenantId, domain_id: DomainId, keys: Sequence[Key], oldest: datetime
    ) -> dict[tuple[str, str], tuple[str, Outcome]]:
        """Read the answers kept under idempotency keys, with the hash of their bodies; older ones are forgotten."""
        asked = (tenant_id, domain_id, [key.scope for key in keys], [key.key for key in keys])
        await self._pool.execute(_FORGET_OLD_KEYS, *asked, oldest)
        rows = await self._pool.fetch(_KEPT_ANSWERS, *asked)
        return {(r[0], r[1]): (r[2], Outcome(r[3], self._core.decode_events(r[4] or "[]"))) for r in rows}
