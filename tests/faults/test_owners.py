"""Two owners at once, owners who change in mid-day, clocks that jump: one offer at a time, and a day that re-runs."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from intercanal.apps.live import make_core
from intercanal.infra.live.replay import Replay, replay
from intercanal.interactions import live as interactions
from intercanal.kernel.clock import ManualClock
from intercanal.kernel.ids import TenantId
from intercanal.people import live as people
from intercanal.routing import live as routing
from intercanal.routing.domain import idle_key
from intercanal.routing.live import matching
from tests.faults.owners import Day, House, fresh_id, house
from tests.fixtures.servers import Urls
from tests.journeys.product import until

pytestmark = pytest.mark.server


async def again(pool: "asyncpg.Pool[asyncpg.Record]", tenant_id: TenantId, since: timedelta | None = None) -> Replay:
    now = datetime.now(UTC)
    begin = now - (since or timedelta(days=3))
    return await replay(pool, make_core(), tenant_id, begin, now + timedelta(days=3))


def one_offer_at_a_time(made: House) -> int:
    """Walk everything that any owner announced, in the journal's order; says how many offers there were."""
    numbered = sorted(
        ((n, event) for acked in made.acked for d in acked.decisions for n, event in d.numbered()), key=lambda e: e[0]
    )
    numbers = [number for number, _ in numbered]
    assert numbers == sorted(set(numbers)), "a sequence was announced twice"
    of_work: dict[str, str] = {}
    of_agent: dict[str, str] = {}
    offers = 0
    for _, event in numbered:
        if isinstance(event, routing.OfferMade):
            assert event.interaction_id not in of_work
            assert event.agent_id not in of_agent
            of_work[event.interaction_id] = of_agent[event.agent_id] = event.offer_id
            offers += 1
        elif isinstance(
            event, routing.OfferAccepted | routing.OfferDeclined | routing.OfferExpired | routing.OfferWithdrawn
        ):
            assert of_work.pop(event.interaction_id) == event.offer_id
            assert of_agent.pop(event.agent_id) == event.offer_id
    return offers


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_owners_at_once_never_make_two_offers_of_one_piece_of_work(fresh_database: Urls, seed: int) -> None:
    tenant_id = TenantId(fresh_id())
    async with house(fresh_database.journal) as made:
        rivals = [made.owner(), made.owner()]
        days = [Day(tenant_id, seed * 10 + number, made.pool) for number in range(2)]
        await days[0].set_up(rivals[0])
        days[1].agents, days[1].queues = days[0].agents, days[0].queues

        async def fight(number: int) -> None:
            for _ in range(150):
                await days[number].step(rivals[number])

        await asyncio.gather(fight(0), fight(1))
        assert sum(day.done for day in days) > 50
        assert one_offer_at_a_time(made) > 5
        doubled = await made.pool.fetch(
            "SELECT interaction_id FROM routing_offers WHERE state = 'open' GROUP BY 1 HAVING count(*) > 1"
        )
        assert doubled == []
        assert (await again(made.pool, tenant_id)).differences == ()


@pytest.mark.parametrize("seed", [3, 4])
async def test_a_random_day_re_runs_identically_through_owners_who_change(fresh_database: Urls, seed: int) -> None:
    tenant_id = TenantId(fresh_id())
    async with house(fresh_database.journal) as made:
        owner = made.owner()
        day = Day(tenant_id, seed, made.pool)
        await day.set_up(owner)
        for number in range(400):
            if number % 100 == 99:
                owner = made.owner()
            await day.step(owner)
        found = await again(made.pool, tenant_id)
        assert found.differences == ()
        assert found.decisions > 200
        instants = [row["at"] for row in await made.pool.fetch("SELECT at FROM live_log ORDER BY sequence")]
        for since in instants[10::25]:
            part = await replay(made.pool, make_core(), tenant_id, since, since + timedelta(days=3))
            assert part.differences == ()
            assert 0 < part.decisions < found.decisions


async def test_a_changed_line_of_code_is_found(fresh_database: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = TenantId(fresh_id())
    async with house(fresh_database.journal) as made:
        owner = made.owner()
        day = Day(tenant_id, 5, made.pool)
        await day.set_up(owner)
        for _ in range(120):
            await day.step(owner)
        assert (await again(made.pool, tenant_id)).differences == ()
        monkeypatch.setattr(matching, "idle_key", lambda held, since: idle_key(held, 2**51 - since))
        found = await again(made.pool, tenant_id)
        assert found.differences
        assert found.differences[0].journaled != found.differences[0].replayed
        assert found.differences[0].code_version == "test"


async def test_timers_fire_and_now_never_decreases_while_the_clock_jumps(fresh_database: Urls) -> None:
    tenant_id, queue_id, agent_id = TenantId(fresh_id()), fresh_id(), fresh_id()
    clock = ManualClock(datetime.now(UTC))
    async with house(fresh_database.journal) as made:
        owner = made.owner(clock)

        async def do(command: object) -> tuple[object, ...]:
            return (await owner.submit(tenant_id, command, actor="test")).events  # type: ignore[arg-type]  # any command

        await do(routing.ConfigureQueue(queue_id=queue_id, version=1, circles=[routing.Circle()], offer_timeout_s=3600))
        await do(people.ConfigureAgent(agent_id=agent_id, version=1, bounds=dict(people.DEFAULT_BOUNDS)))
        await do(people.SetPresence(agent_id, "available"))

        async def held() -> str:
            events = await do(interactions.Open(interactions.Incoming(channel="task", queue_id=queue_id)))
            offer = next(event for event in events if isinstance(event, routing.OfferMade))
            await do(routing.AcceptOffer(offer.offer_id, agent_id))
            return offer.interaction_id

        async def woken(work: str) -> None:
            async def look() -> bool:
                row = await made.pool.fetchval("SELECT state FROM interactions_interactions WHERE id = $1", work)
                return bool(row != "scheduled")

            await until(look, 30, "the timer fires")

        work = await held()
        clock.advance(-3600)  # an hour back
        await do(interactions.Snooze(work, agent_id, clock.now() + timedelta(hours=1, seconds=2)))
        await woken(work)  # goes on at the pace of time itself, not after an hour
        await do(people.SetPresence(agent_id, "paused"))
        await do(people.SetPresence(agent_id, "available"))
        await do(interactions.Close(work))
        work = await held()
        await do(interactions.Snooze(work, agent_id, clock.now() + timedelta(hours=30)))
        clock.advance(48 * 3600)  # two days on
        await woken(work)
        at = [row["at"] for row in await made.pool.fetch("SELECT at FROM live_log ORDER BY sequence")]
        assert at == sorted(at)
        heir = made.owner(ManualClock(datetime.now(UTC) - timedelta(days=1)))  # whose clock is wrong
        await heir.submit(tenant_id, people.SetPresence(agent_id, "paused"), actor="test")
        assert await made.pool.fetchval("SELECT max(at) FROM live_log WHERE at < $1", at[-1]) <= at[-1]
        last = await made.pool.fetchval("SELECT at FROM live_log ORDER BY sequence DESC LIMIT 1")
        assert last >= at[-1]
        assert (await again(made.pool, tenant_id)).differences == ()
