"""How many durable events a second the journal takes, over many domains and for one alone.

Each writer waits for the acknowledgement of its last command before it sends the next, so what is counted is durable.
"""

import asyncio
import time
from datetime import datetime
from typing import Final

import asyncpg
import msgspec
import uvloop

from bench._database import own_database
from bench.common import Bench, percentile
from intercanal.apps.databases import Urls
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Component, Context, Event, StateTable, World

SECONDS: Final = 10.0
WARM_UP: Final = 2.0
DOMAINS: Final = 8
WRITERS: Final = 60
EVENTS_A_COMMAND: Final = 2

_TABLE: Final = """
CREATE TABLE bench_steps (tenant_id uuid, domain_id uuid, id uuid, queue_id uuid, agent_id uuid, state text,
  since timestamptz, count bigint, PRIMARY KEY (tenant_id, id));
CREATE INDEX ON bench_steps (tenant_id, state, since);
GRANT SELECT, INSERT, UPDATE ON bench_steps TO intercanal_journal;
"""


class Step(msgspec.Struct):
    """A row as wide as a piece of work in the queue, written again with each command."""

    id: str
    queue_id: str
    agent_id: str | None
    state: str
    since: datetime
    count: int = 0


class Advance(Command, frozen=True, tag="bench.advance"):
    """Move a row on."""

    step_id: str
    queue_id: str
    agent_id: str


class Moved(Event, frozen=True, tag="bench.moved"):
    """The row moved; about 200 bytes in the log, as the product's own events."""

    step_id: str
    queue_id: str
    agent_id: str
    state: str


def _advance(_world: World, command: Advance, ctx: Context) -> None:
    for state in ("offered", "held")[:EVENTS_A_COMMAND]:
        ctx.emit(Moved(command.step_id, command.queue_id, command.agent_id, state))


def _moved(world: World, event: Moved, at: datetime) -> None:
    row = world.store(Step).get(event.step_id) or Step(event.step_id, event.queue_id, None, "queued", at)
    row.agent_id, row.state, row.since, row.count = event.agent_id, event.state, at, row.count + 1
    world.store(Step).put(row)


COLUMNS: Final = {
    "id": "uuid",
    "queue_id": "uuid",
    "agent_id": "uuid",
    "state": "text",
    "since": "timestamptz",
    "count": "bigint",
}
COMPONENT: Final = Component(
    "bench",
    tables=(StateTable("bench_steps", Step, COLUMNS),),
    decide={Advance: _advance},
    apply={Moved: _moved},
)


def fresh() -> str:
    """Return a new id."""
    return new_id(SystemClock().now())


async def measure(bench: Bench, engine: Engine, domains: int) -> None:
    """Keep a number of writers busy over some domains, and print what became durable."""
    tenants = [TenantId(fresh()) for _ in range(domains)]
    await asyncio.gather(*(engine.open(tenant_id) for tenant_id in tenants))
    waits: list[int] = []
    begin = time.perf_counter() + WARM_UP
    end = begin + SECONDS

    async def write(number: int) -> None:
        tenant_id, step, queue, agent = tenants[number % domains], fresh(), fresh(), fresh()
        while (sent := time.perf_counter()) < end:
            await engine.submit(tenant_id, Advance(step, queue, agent), actor="bench")
            if sent >= begin:
                waits.append(int((time.perf_counter() - sent) * 1_000_000))

    processor = time.process_time()
    await asyncio.gather(*(write(number) for number in range(WRITERS * 8)))
    spent = time.process_time() - processor
    waits.sort()
    params = {"domains": domains, "writers": WRITERS * 8}
    bench.figure("durable_events_per_s", params, len(waits) * EVENTS_A_COMMAND / SECONDS, "1/s")
    bench.figure("ack_p50_ms", params, percentile(waits, 0.5) / 1000, "ms")
    bench.figure("ack_p99_ms", params, percentile(waits, 0.99) / 1000, "ms")
    events = max(1, len(waits) * EVENTS_A_COMMAND)
    bench.figure("cpu_us_per_event", params, spent * SECONDS / (SECONDS + WARM_UP) / events * 1_000_000, "us")


async def check(bench: Bench, urls: Urls, promised: dict[TenantId, int]) -> None:
    """Compare what was acknowledged with what the log holds."""
    connection = await asyncpg.connect(urls.superuser)
    try:
        rows = await connection.fetch("SELECT tenant_id::text, sum(count) AS n FROM live_log GROUP BY 1")
    finally:
        await connection.close()
    held = {row["tenant_id"]: int(row["n"]) for row in rows}
    missing = sum(max(0, sequence - held.get(tenant_id, 0)) for tenant_id, sequence in promised.items())
    bench.figure("acknowledged_events_missing", {}, missing, "1")
    if missing:
        raise SystemExit(1)


async def main() -> None:
    """Measure over eight domains, then over one."""
    async with own_database() as (urls, facts):
        connection = await asyncpg.connect(urls.owner)
        await connection.execute(_TABLE)
        await connection.close()
        bench = Bench("journal", facts)
        async with asyncpg.create_pool(urls.journal, min_size=4, max_size=8) as pool:
            core = LiveCore([COMPONENT])
            engine = Engine(core, Journal(pool, core, "bench"), SystemClock())
            for domains in (DOMAINS, 1):
                await measure(bench, engine, domains)
            promised = {tenant_id: engine.sequence(tenant_id) or 0 for tenant_id in engine.owned}
            await engine.drain()
        await check(bench, urls, promised)
        bench.write()


if __name__ == "__main__":
    uvloop.run(main())
