"""Carries the log to the durable stream, batch by batch, in order; what it missed it reads from the journal."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import asyncpg
import msgspec
import structlog

from intercanal.infra.bus.port import Streams
from intercanal.infra.live import feed
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.feed import Acked, Decision
from intercanal.kernel.ids import DomainId, TenantId

log = structlog.get_logger(__name__)

_FRESH = 2_000
_CHUNK = 500
_LARGEST = 512 * 1024  # a NATS server takes a megabyte unless it was told otherwise
_SAVE_EVERY_S = 1.0
_GATHER_S = 0.05  # what becomes durable meanwhile goes in one message: each costs its readers more than its content

_MISSED = """
SELECT sequence, at, actor, events::text FROM live_log
WHERE tenant_id = $1 AND domain_id = $2 AND sequence > $3 AND sequence <= $4 ORDER BY sequence LIMIT $5
"""
_SAVE = """
INSERT INTO live_relay (tenant_id, domain_id, position)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])
ON CONFLICT (tenant_id, domain_id) DO UPDATE SET position = greatest(live_relay.position, excluded.position)
"""


def subject_of(tenant_id: TenantId) -> str:
    """The stream's subject of a tenant's log."""
    return f"log.{tenant_id}"


def _halves(acked: Acked) -> tuple[Acked, Acked]:
    decisions = acked.decisions
    if len(decisions) == 1:
        one, middle = decisions[0], len(decisions[0].events) // 2
        at = one.sequence - len(one.events) + middle
        head = msgspec.structs.replace(one, sequence=at, events=one.events[:middle], audience=one.audience[:middle])
        tail = msgspec.structs.replace(one, events=one.events[middle:], audience=one.audience[middle:])
        decisions = (head, tail)
    middle = len(decisions) // 2
    at = decisions[middle - 1].sequence
    return (
        msgspec.structs.replace(acked, last=at, decisions=decisions[:middle]),
        msgspec.structs.replace(acked, first=at + 1, decisions=decisions[middle:]),
    )


def _messages(acked: Acked) -> Iterator[tuple[int, bytes]]:
    """Write a batch as messages that the stream takes, each with its last sequence; one event is never cut."""
    body = feed.encode(acked)
    if len(body) <= _LARGEST or sum(len(one.events) for one in acked.decisions) <= 1:
        yield acked.last, body
        return
    for half in _halves(acked):
        yield from _messages(half)


@dataclass
class _Line:
    """One domain's way to the stream: up to where it is published, and what is waiting in memory."""

    tenant_id: TenantId
    head: int
    position: int | None = None
    saved: int = 0
    fresh: deque[Acked] = field(default_factory=lambda: deque(maxlen=_FRESH))

    def gather(self) -> Acked | None:
        """Give what waits and follows without a gap as one batch, up to a bound."""
        first = last = self.fresh[0] if self.fresh else None
        if first is None or last is None:
            return None
        decisions = list(first.decisions)
        for acked in itertools.islice(self.fresh, 1, None):
            if acked.first != last.last + 1 or acked.last - first.first >= _CHUNK:
                break
            last = acked
            decisions.extend(acked.decisions)
        return Acked(first.tenant_id, first.domain_id, first.first, last.last, tuple(decisions))


class Relay:
    """Publishes what the engine of this process made durable; at least once, numbered, so that repeats are seen."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", streams: Streams, core: LiveCore) -> None:
        self._pool = pool
        self._streams = streams
        self._core = core
        self._lines: dict[TenantId, _Line] = {}
        self._woken: dict[TenantId, None] = {}
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._save: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None

    def opened(self, tenant_id: TenantId, sequence: int) -> None:
        """Follow a domain from where the relay stopped last time."""
        self._lines[tenant_id] = _Line(tenant_id, sequence)
        self._mark(tenant_id)

    def heard(self, acked: Acked) -> None:
        """Take a batch that has just become durable."""
        line = self._lines.setdefault(acked.tenant_id, _Line(acked.tenant_id, acked.first - 1))
        if acked.last <= line.head:  # of an owner before this one; `opened` counted it in
            return
        line.head = acked.last
        line.fresh.append(acked)
        self._mark(acked.tenant_id)

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Publish what waits, note how far it went, and end."""
        self._closing.set()
        self._wake.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, 5)
        if self._save is not None:
            self._save.cancel()
        await self._save_positions()

    def _mark(self, tenant_id: TenantId) -> None:
        self._woken[tenant_id] = None
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._woken:
                tenant_id = next(iter(self._woken))
                del self._woken[tenant_id]
                await self._advance_or_wait(self._lines[tenant_id])
            if self._closing.is_set():
                return
            await self._closing_within(_GATHER_S)

    async def _advance_or_wait(self, line: _Line) -> None:
        try:
            await self._advance(line)
        except Exception as error:  # noqa: BLE001 - stream or database away: the position says where to go on
            log.info("relay.waits", kind=type(error).__name__)
            await self._closing_within(0.5)
            if not self._closing.is_set():
                self._mark(line.tenant_id)

    async def _closing_within(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def _advance(self, line: _Line) -> None:
        if line.position is None:
            found = await self._pool.fetchval("SELECT position FROM live_relay WHERE tenant_id = $1", line.tenant_id)
            line.position = line.saved = found or 0
        while line.position < line.head:
            while line.fresh and line.fresh[0].last <= line.position:
                line.fresh.popleft()
            acked = line.gather()
            if acked is None or acked.first > line.position + 1:
                acked = await self._missed(line.tenant_id, line.position, acked.first - 1 if acked else line.head)
            if acked is None:
                break
            for last, body in _messages(acked):
                await self._streams.append(subject_of(line.tenant_id), body, f"{line.tenant_id}-{last}")
                line.position = last
            if self._save is None:
                self._save = asyncio.get_running_loop().call_later(_SAVE_EVERY_S, self._save_soon)

    async def _missed(self, tenant_id: TenantId, after: int, upto: int) -> Acked | None:
        rows = await self._pool.fetch(_MISSED, tenant_id, tenant_id, after, upto, _CHUNK)
        if not rows:
            return None
        decisions = tuple(
            Decision(r[0], r[1], r[2], events, tuple(() for _ in events))
            for r in rows
            for events in (self._core.decode_events(r[3]),)
        )
        return Acked(tenant_id, DomainId(tenant_id), after + 1, decisions[-1].sequence, decisions)

    def _save_soon(self) -> None:
        self._save = None
        self._saving = asyncio.create_task(self._save_positions())

    async def _save_positions(self) -> None:
        moved = [(line, line.position) for line in self._lines.values() if line.position not in (None, line.saved)]
        if not moved:
            return
        try:
            tenants = [line.tenant_id for line, _ in moved]
            await self._pool.execute(_SAVE, tenants, tenants, [position for _, position in moved])
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.info("relay.position_not_saved", kind=type(error).__name__)
            return
        for line, position in moved:
            line.saved = position or 0
