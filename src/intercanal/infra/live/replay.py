"""Re-run a stretch of the log: the same commands at the same instants must give the same events."""

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg
import msgspec

from intercanal.infra.live.core import LiveCore
from intercanal.kernel.errors import IntercanalError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Event, World

_PAGE = 2_000
_ENOUGH = 10
_ROWS = """
SELECT sequence, at, seed, code, command::text, events::text FROM live_log
WHERE tenant_id = $1 AND domain_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
"""


class Difference(msgspec.Struct, frozen=True):
    """A decision that came out otherwise than it was journaled."""

    sequence: int
    at: datetime
    code_version: str
    journaled: tuple[Event, ...]
    replayed: tuple[Event, ...]


class Replay(msgspec.Struct, frozen=True):
    """What a re-run found."""

    decisions: int
    events: int
    differences: tuple[Difference, ...]


async def replay(
    pool: "asyncpg.Pool[asyncpg.Record]",
    core: LiveCore,
    tenant_id: TenantId,
    since: datetime,
    until: datetime,
) -> Replay:
    """Bring a world up to `since` by applying the log, then decide every command again up to `until`.

    Needs the log from the domain's beginning; stops at the first ten differences.
    """
    world = core.new_world(tenant_id)
    decisions = events = 0
    differences: list[Difference] = []
    async for row in _log(pool, tenant_id):
        journaled = core.decode_events(row["events"])
        if row["at"] >= until or len(differences) >= _ENOUGH:
            break
        if row["at"] < since:
            for event in journaled:
                core.apply(world, event, row["at"])
            world.settle()
        else:
            if not decisions:
                world = _taken_over(core, world)
            decisions += 1
            events += len(journaled)
            replayed = _decide(core, world, row)
            if replayed != journaled:
                differences.append(Difference(row["sequence"], row["at"], row["code"], journaled, replayed))
        _forget(core, world)
    return Replay(decisions, events, tuple(differences))


def _taken_over(core: LiveCore, world: World) -> World:
    """Load the rows as a new owner does: indexes that events have filled already would count everything twice."""
    heir = core.new_world(world.tenant_id)
    for table in core.tables.values():
        heir.stores[table.row].load(world.stores[table.row])
    core.rebuild(heir)
    return heir


def _decide(core: LiveCore, world: World, row: asyncpg.Record) -> tuple[Event, ...]:
    try:
        return core.decide(world, core.decode_command(row["command"]), row["at"], row["seed"])
    except IntercanalError:
        return ()


def _forget(core: LiveCore, world: World) -> None:
    for table in core.tables.values():
        world.stores[table.row].take_touched()


async def _log(pool: "asyncpg.Pool[asyncpg.Record]", tenant_id: TenantId) -> AsyncIterator[asyncpg.Record]:
    after = 0
    while True:
        rows = await pool.fetch(_ROWS, tenant_id, after, _PAGE)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = rows[-1]["sequence"]
