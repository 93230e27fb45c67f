"""What a batch owes its commands when something in it, or around it, goes wrong."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest

from intercanal.infra.live.client import Key
from intercanal.infra.live.domain import Domain
from intercanal.infra.live.engine import Bounds, Engine
from intercanal.infra.live.journal import Journal, Part
from intercanal.kernel.clock import ManualClock, SystemClock
from intercanal.kernel.errors import ConflictError, InvalidError
from intercanal.kernel.ids import DomainId, TenantId
from intercanal.kernel.live import World
from tests.live.conftest import Bench, tenant, until
from tests.live.test_engine import opened
from tests.live.toy import Add, Close

pytestmark = pytest.mark.server


async def total(bench: Bench) -> int:
    return int((await bench.query("SELECT sum(total) FROM toy_accounts"))[0][0])


def loads_of(domain: Domain) -> list[World]:
    loaded: list[World] = []
    replace = domain.replace_world

    def spy(world: World) -> None:
        loaded.append(world)
        replace(world)

    domain.replace_world = spy  # type: ignore[method-assign]  # a spy
    return loaded


async def test_a_refusal_rests_on_nothing_that_was_not_kept(bench: Bench) -> None:
    engine, of = await bench.engine(Bounds(window_s=0.05)), tenant()
    account = await opened(engine, of)
    closing, adding = await asyncio.gather(
        engine.submit(of, Close(account, "a\x00b"), actor="t"),
        engine.submit(of, Add(account, 1), actor="t"),
        return_exceptions=True,
    )
    assert isinstance(closing, InvalidError)
    assert not isinstance(adding, BaseException), adding
    assert await total(bench) == 1


async def test_a_number_or_a_word_that_cannot_be_written_hurts_no_other_tenant(bench: Bench) -> None:
    engine = await bench.engine(Bounds(window_s=0.05, writers=1))
    tenants = [tenant() for _ in range(3)]
    accounts = [await opened(engine, of) for of in tenants]
    bad = [Add(accounts[0], 2**70), Add(accounts[0], 1, note="\udcff")]
    good = [(of, Add(account, 1)) for of, account in zip(tenants, accounts, strict=True)]
    results = await asyncio.gather(
        *(engine.submit(of, command, actor="t") for of, command in [(tenants[0], b) for b in bad] + good),
        return_exceptions=True,
    )
    assert [getattr(r, "code", None) for r in results] == ["live.unstorable", "live.unstorable", None, None, None]
    assert sorted(engine.owned) == sorted(tenants)


async def test_a_caller_who_has_gone_is_decided_for_though_a_neighbour_is_poisoned(bench: Bench) -> None:
    engine, of = await bench.engine(Bounds(window_s=0.05)), tenant()
    account = await opened(engine, of)
    gone = asyncio.create_task(engine.submit(of, Add(account, 5), actor="t"))
    poison = asyncio.create_task(engine.submit(of, Add(account, 1, note="\x00"), actor="t"))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(InvalidError):
        await poison
    assert await total(bench) == 5


async def test_a_due_time_that_cannot_be_decided_is_tried_once_and_not_for_ever(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of, wake_after_s=0.2)
    await engine.submit(of, Add(account, 1, note="breaks when woken"), actor="t")
    domain = await engine.open(of)
    loaded = loads_of(domain)

    async def over() -> bool:
        return len(loaded) >= 2 and not domain.in_flight

    await until(over, 30)
    other = await opened(engine, of, wake_after_s=0.05)
    await until(lambda: bench.query("SELECT 1 FROM toy_accounts WHERE id = $1 AND wakes_at IS NULL", other), 30)
    assert len(loaded) == 2


async def test_repeats_after_a_takeover_are_answered_by_one_look_and_one_load(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    keys = [Key("s", str(n), "h") for n in range(40)]
    first = await asyncio.gather(*(engine.submit(of, Add(account, 1), actor="t", key=key) for key in keys))
    heir = await bench.engine(Bounds(window_s=0.05))
    domain = await heir.open(of)
    loaded = loads_of(domain)
    again = await asyncio.gather(
        *(heir.submit(of, Add(account, 1), actor="t", key=key) for key in keys),
        heir.submit(of, Add(account, 100), actor="t"),
        heir.submit(of, Add(account, 1), actor="t", key=Key("s", "0", "other")),
        return_exceptions=True,
    )
    assert again[:40] == first
    assert isinstance(again[41], ConflictError)
    assert await total(bench) == 140
    assert len(loaded) == 1


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_key_means_something_for_a_day(bench: Bench, is_restarted: bool) -> None:
    clock, of = ManualClock(SystemClock().now()), tenant()
    engine = await bench.engine(clock=clock)
    account = await opened(engine, of)
    key = Key("s", "k", "h")
    first = await engine.submit(of, Add(account, 1), actor="t", key=key)
    clock.advance(timedelta(hours=23).total_seconds())
    if is_restarted:
        engine = await bench.engine(clock=clock)
    assert await engine.submit(of, Add(account, 1), actor="t", key=key) == first
    clock.advance(timedelta(hours=2).total_seconds())
    if is_restarted:
        engine = await bench.engine(clock=clock)
    later = await engine.submit(of, Add(account, 1), actor="t", key=Key("s", "k", "another body"))
    assert later.sequence > first.sequence
    assert await engine.submit(of, Add(account, 1), actor="t", key=Key("s", "k", "another body")) == later
    assert await total(bench) == 2


class Forgetful(Journal):
    """A journal whose next write is durable but unanswered, and which somebody takes over meanwhile."""

    rival: Journal | None = None

    async def _transact(self, connection: asyncpg.Connection, parts: Sequence[Part]) -> set[DomainId]:  # type: ignore[override]  # the driver's own class
        held = await super()._transact(connection, parts)  # type: ignore[arg-type]  # as above
        rival, self.rival = self.rival, None
        if rival is not None:
            for part in parts:
                await rival.own(part.tenant_id, part.domain_id, part.at)
            raise asyncpg.ConnectionDoesNotExistError
        return held


async def test_a_commit_that_went_unanswered_is_known_even_after_a_takeover(bench: Bench) -> None:
    plain, of = await bench.engine(), tenant()
    pool, core = bench.pools[0], plain.core
    journal = Forgetful(pool, core, "test")
    engine = Engine(core, journal, SystemClock())
    bench.engines.append(engine)
    account = await opened(engine, of)
    journal.rival = Journal(pool, core, "test")
    outcome = await engine.submit(of, Add(account, 3), actor="t")
    assert outcome.sequence == 2
    assert await total(bench) == 3


async def test_a_domain_reopened_while_its_old_batch_runs_is_not_dropped_with_it(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    old = await engine.open(of)
    engine.drop(of)
    new = await engine.open(of)
    engine._lose(old)
    assert engine.owned == [of]
    assert not new.lost
    assert (await engine.submit(of, Add(account, 1), actor="t")).sequence == 2


async def test_a_domain_that_broke_is_opened_again_by_its_lease_and_its_timers_go_on(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of, wake_after_s=0.4)
    engine.listeners.append(_break)
    await engine.submit(of, Add(account, 7), actor="t")
    engine.listeners.clear()
    await until(lambda: _is_in(engine, of))
    engine.open_again(of)
    await until(lambda: bench.query("SELECT 1 FROM toy_accounts WHERE id = $1 AND wakes_at IS NULL", account))
    assert engine.fallen == set()


def _break(_acked: object) -> None:
    raise RuntimeError("boom")


async def _is_in(engine: Engine, of: TenantId) -> bool:
    return of in engine.fallen
