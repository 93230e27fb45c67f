"""The engine on a real PostgreSQL: durable before told, fenced, idempotent, and honest about a bad command."""

import asyncio
from collections.abc import Callable

import pytest

from intercanal.infra.live.client import Key
from intercanal.infra.live.engine import Bounds, Engine
from intercanal.infra.live.feed import Acked
from intercanal.kernel.errors import ConflictError, InvalidError, TooManyError, UnavailableError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Command, Refused, Words
from tests.live.conftest import Bench, tenant, until
from tests.live.toy import Account, Add, Break, Close, Open, Opened

pytestmark = pytest.mark.server


async def opened(engine: Engine, of: TenantId, wake_after_s: float = 0.0) -> str:
    outcome = await engine.submit(of, Open(wake_after_s), actor="test")
    assert isinstance(outcome.events[0], Opened)
    return outcome.events[0].account_id


async def test_a_command_is_durable_with_its_row_before_it_is_answered(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    outcome = await engine.submit(of, Add(account, 7), actor="test")

    log = await bench.query("SELECT sequence, count, command->>'type' AS type FROM live_log ORDER BY sequence")
    assert [(r["sequence"], r["count"], r["type"]) for r in log] == [(1, 1, "toy.open"), (3, 2, "toy.add")]
    assert outcome.sequence == 3
    rows = await bench.query("SELECT total FROM toy_accounts WHERE id = $1", account)
    assert rows[0]["total"] == 7


async def test_what_is_announced_is_already_in_the_log_and_in_order(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    heard: list[Acked] = []
    engine.listeners.append(heard.append)
    account = await opened(engine, of)
    await asyncio.gather(*(engine.submit(of, Add(account, 1), actor="test") for _ in range(200)))

    assert [a.first for a in heard] == [1, *(a.last + 1 for a in heard[:-1])]
    numbers = [n for a in heard for d in a.decisions for n, _ in d.numbered()]
    assert numbers == list(range(1, 202))
    assert (await bench.query("SELECT last_sequence FROM live_domains"))[0][0] == 201


async def test_a_new_owner_finds_the_world_as_it_was_and_the_old_one_is_fenced(bench: Bench) -> None:
    old, of = await bench.engine(), tenant()
    account = await opened(old, of)
    await old.submit(of, Add(account, 5), actor="test")

    new = await bench.engine()
    await new.submit(of, Add(account, 6), actor="test")
    with pytest.raises(UnavailableError) as refusal:
        await old.submit(of, Add(account, 100), actor="test")
    assert refusal.value.code == "live.owner_changed"
    assert old.owned == []
    assert (await bench.query("SELECT total FROM toy_accounts"))[0][0] == 11


async def test_two_owners_fighting_never_write_one_sequence_twice(bench: Bench) -> None:
    rivals, of = [await bench.engine(), await bench.engine()], tenant()
    account = await opened(rivals[0], of)

    async def push(engine: Engine) -> int:
        done = 0
        for _ in range(100):
            try:
                await engine.submit(of, Add(account, 1), actor="test")
                done += 1
            except UnavailableError:
                await asyncio.sleep(0)
        return done

    done = await asyncio.gather(*(push(engine) for engine in rivals))
    assert sum(done) >= 10
    assert (await bench.query("SELECT total FROM toy_accounts"))[0][0] == sum(done)
    twice = await bench.query("SELECT sequence FROM live_log GROUP BY sequence HAVING count(*) > 1")
    assert twice == []


async def test_a_refused_command_changes_nothing(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    with pytest.raises(Refused):
        await engine.submit(of, Add("00000000-0000-7000-8000-000000000000", 1), actor="test")
    assert await bench.query("SELECT 1 FROM live_log") == []


# A broken invariant is told with its traceback, and on a developer's console that takes seconds.
PATIENT = Bounds(window_s=0.05, answer_within_s=60)


@pytest.mark.parametrize(
    ("poison", "code"),
    [
        (lambda account: Add(account, 1, note="a\x00b"), "live.unstorable"),
        (lambda account: Add(account, 2_000_000), "live.unstorable"),
        (lambda account: Add(account, -5_000), "live.unstorable"),
        (Break, "live.decision_failed"),
    ],
    ids=["nul", "constraint", "invariant", "exception"],
)
async def test_a_poisoned_command_fails_alone_in_its_batch(
    bench: Bench, poison: Callable[[str], Command], code: str
) -> None:
    engine, of = await bench.engine(PATIENT), tenant()
    account = await opened(engine, of)
    commands: list[Command] = [Add(account, 1) for _ in range(20)]
    commands.insert(11, poison(account))
    results = await asyncio.gather(*(engine.submit(of, c, actor="test") for c in commands), return_exceptions=True)
    failures = [(i, r) for i, r in enumerate(results) if isinstance(r, Exception)]
    assert [i for i, _ in failures] == [11]
    assert isinstance(failures[0][1], InvalidError)
    assert failures[0][1].code == code
    assert (await bench.query("SELECT total FROM toy_accounts"))[0][0] == 20
    assert (await engine.submit(of, Add(account, 1), actor="test")).sequence == 22


async def test_a_poisoned_domain_does_not_hurt_the_others_of_its_batch(bench: Bench) -> None:
    engine = await bench.engine(Bounds(window_s=0.05, writers=1))
    tenants = [tenant() for _ in range(5)]
    accounts = [await opened(engine, of) for of in tenants]
    commands = [
        (of, Add(a, 1, note="\x00" if i == 2 else "fine"))
        for i, (of, a) in enumerate(zip(tenants, accounts, strict=True))
    ]
    results = await asyncio.gather(*(engine.submit(of, c, actor="t") for of, c in commands), return_exceptions=True)
    assert [isinstance(r, Exception) for r in results] == [False, False, True, False, False]


async def test_the_same_key_is_answered_once_even_by_a_new_owner(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    key = Key("agent:route", "k1", "hash")
    both = await asyncio.gather(*(engine.submit(of, Add(account, 3), actor="t", key=key) for _ in range(2)))
    later = await engine.submit(of, Add(account, 3), actor="t", key=key)
    elsewhere = await (await bench.engine()).submit(of, Add(account, 3), actor="t", key=key)
    assert both[0] == both[1] == later == elsewhere
    assert (await bench.query("SELECT total FROM toy_accounts"))[0][0] == 3


@pytest.mark.parametrize("restart", [False, True])
async def test_another_body_under_the_same_key_is_a_conflict(bench: Bench, restart: bool) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    await engine.submit(of, Add(account, 3), actor="t", key=Key("s", "k", "one"))
    if restart:
        engine = await bench.engine()
    with pytest.raises(ConflictError) as refusal:
        await engine.submit(of, Add(account, 4), actor="t", key=Key("s", "k", "two"))
    assert refusal.value.code == "idempotency.other_body"


async def test_a_timer_fires_as_a_journaled_command_also_for_a_new_owner(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    soon = await opened(engine, of, 0.05)
    await until(lambda: bench.query("SELECT 1 FROM toy_accounts WHERE id = $1 AND wakes_at IS NULL", soon))
    later = await opened(engine, of, 0.3)
    await engine.drain()
    heir = await bench.engine()
    await heir.open(of)
    await until(lambda: bench.query("SELECT 1 FROM toy_accounts WHERE id = $1 AND wakes_at IS NULL", later))
    fired = await bench.query("SELECT 1 FROM live_log WHERE command->>'type' = 'live.timer_due'")
    assert len(fired) == 2


async def test_words_leave_with_the_batch_and_never_enter_the_log(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    values = {"tenant_id": of, "message_id": tenant(), "text": "secret words", "extra": {"a": [1]}}
    await engine.submit(of, Add(account, 1), actor="t", words=[Words("toy_words", values)])
    assert (await bench.query("SELECT text, extra->'a'->>0 AS a FROM toy_words"))[0]["text"] == "secret words"
    assert await bench.query("SELECT 1 FROM live_log l WHERE l::text LIKE '%secret%'") == []


async def test_past_the_bound_the_edge_is_told_to_wait(bench: Bench) -> None:
    engine, of = await bench.engine(Bounds(pending=10, window_s=0.05)), tenant()
    account = await opened(engine, of)
    results = await asyncio.gather(
        *(engine.submit(of, Add(account, 1), actor="t") for _ in range(15)), return_exceptions=True
    )
    full = [r for r in results if isinstance(r, TooManyError)]
    assert len(full) == 5
    assert full[0].facts["retry_after_s"]


async def test_rows_that_are_no_longer_live_leave_memory_but_not_the_database(bench: Bench) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of)
    await engine.submit(of, Close(account), actor="t")
    domain = await engine.open(of)
    assert len(domain.world.store(Account)) == 0
    assert (await bench.query("SELECT closed FROM toy_accounts"))[0][0] is True
