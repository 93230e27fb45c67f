"""What a dead process still owed is delivered by the next one, once."""

import asyncio

import msgspec
import pytest

from intercanal.infra.db.unit_of_work import Submit, UnitOfWork
from intercanal.infra.live.client import Outcome
from intercanal.infra.outbox.delivery import Codec, Delivery, Published
from intercanal.infra.outbox.sweep import Sweeper, sweep
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Words
from tests.infra.sample import ONE, TWO, AddNote, Bench, NoteAdded

pytestmark = pytest.mark.server


async def commit_and_die(bench: Bench, tenant_id: TenantId, *notes: str) -> UnitOfWork:
    """Commit, and carry nothing out: the process died in between."""
    async with bench.database.unit_of_work(tenant_id, "somebody") as uow:
        for note in notes:
            uow.publish(NoteAdded(note))
            uow.after_commit(Submit(AddNote(note), [Words("sample_words", {"id": note, "text": "hello"})]))
        await uow.commit()
    return uow


async def test_a_sweep_delivers_what_every_tenant_left_in_order(bench: Bench) -> None:
    await commit_and_die(bench, ONE, "a", "b")
    await commit_and_die(bench, TWO, "c")
    assert await sweep(bench.delivery) == 0
    assert [command for tenant, command, _ in bench.live.taken if tenant == ONE] == [AddNote("a"), AddNote("b")]
    assert [command for tenant, command, _ in bench.live.taken if tenant == TWO] == [AddNote("c")]
    assert {actor for _, _, actor in bench.live.taken} == {"somebody"}
    published = [msgspec.json.decode(body, type=Published) for _, body in bench.stream.kept.values()]
    assert [msgspec.json.decode(one.event)["note_id"] for one in published] == ["a", "b", "c"]
    assert await bench.owed(ONE) == await bench.owed(TWO) == []


async def test_two_sweeps_at_once_give_the_core_each_command_once(bench: Bench) -> None:
    await commit_and_die(bench, ONE, *(f"n{number}" for number in range(20)))
    await asyncio.gather(*(sweep(bench.delivery) for _ in range(4)))
    assert sorted(command.note_id for _, command, _ in bench.live.taken if isinstance(command, AddNote)) == sorted(
        f"n{number}" for number in range(20)
    )
    assert len(bench.stream.kept) == 20
    assert await bench.owed() == []


async def test_nothing_is_owed_by_a_unit_of_work_that_did_not_commit(bench: Bench) -> None:
    async with bench.database.unit_of_work(ONE) as uow:
        uow.publish(NoteAdded("never"))
        uow.after_commit(Submit(AddNote("never")))
    assert await bench.owed() == []


async def test_what_waits_for_the_core_is_delivered_when_it_is_back(bench: Bench) -> None:
    await commit_and_die(bench, ONE, "a")
    bench.live.trouble = UnavailableError("live.no_owner")
    assert await sweep(bench.delivery) == 1
    assert [row.kind for row in await bench.owed()] == ["submit"]
    bench.live.trouble = None
    assert await sweep(bench.delivery) == 0
    assert [command for _, command, _ in bench.live.taken] == [AddNote("a")]


async def test_more_than_a_page_is_delivered_even_behind_what_cannot_leave(bench: Bench) -> None:
    await commit_and_die(bench, ONE, *(f"n{number}" for number in range(130)))
    bench.stream.away = True
    assert await sweep(bench.delivery) == 1
    assert len(bench.live.taken) == 130
    bench.stream.away = False
    assert await sweep(bench.delivery) == 0
    assert len(bench.stream.kept) == 130


async def test_a_row_this_program_cannot_read_waits_for_one_that_can(bench: Bench) -> None:
    await commit_and_die(bench, ONE, "a")
    await commit_and_die(bench, TWO, "b")
    blind = Delivery(bench.database, bench.live, bench.stream, Codec([]))
    assert await sweep(blind) == 2
    assert len(bench.stream.kept) == 2
    assert [row.kind for row in await bench.owed(ONE) + await bench.owed(TWO)] == ["submit", "submit"]
    assert await sweep(bench.delivery) == 0
    assert sorted(command.note_id for _, command, _ in bench.live.taken if isinstance(command, AddNote)) == ["a", "b"]


async def test_the_sweeper_starts_with_a_sweep_and_is_woken_by_what_is_left(bench: Bench) -> None:
    await commit_and_die(bench, ONE, "before the start")
    sweeper = Sweeper(bench.delivery)
    running = asyncio.create_task(sweeper.run())
    try:
        await bench.live.until(1)
        await commit_and_die(bench, ONE, "later")
        sweeper.wake()
        await bench.live.until(2)
    finally:
        running.cancel()


class Silent:
    """A live core that never answers."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def submit(self, *_: object, **__: object) -> Outcome:
        self.asked.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError


async def test_a_caller_who_leaves_in_the_middle_has_what_is_owed_swept(bench: Bench) -> None:
    uow = await commit_and_die(bench, ONE, "a")
    live, told = Silent(), asyncio.Event()
    delivery = Delivery(bench.database, live, bench.stream, Codec([AddNote]))
    delivery.on_left_over.append(told.set)
    leaving = asyncio.create_task(delivery.carry_out(uow))
    await asyncio.wait_for(live.asked.wait(), 5)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert told.is_set()
    assert await sweep(bench.delivery) == 0
    assert [command for _, command, _ in bench.live.taken] == [AddNote("a")]
