"""One suite for every queue of answers: what is committed is sent, once, and again when it is asked for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from intercanal.infra.db.database import Database
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.mail.adapters.memory import MemoryQueue
from intercanal.mail.adapters.send_queue import PostgresQueue
from intercanal.mail.ports import SendQueue
from tests.fixtures.servers import Urls
from tests.mail.post import until

pytestmark = pytest.mark.server


def fresh() -> str:
    return new_id(SystemClock().now())


class Rig:
    """A queue, what it sent, and what the next tries are to answer."""

    def __init__(self, queue: SendQueue, database: Database) -> None:
        self.queue = queue
        self.sent: list[str] = []
        self.answers: dict[str, list[timedelta | None]] = {}
        self._database = database
        self._tenant = TenantId(fresh())

    async def send(self, tenant_id: TenantId, message_id: str) -> timedelta | None:
        if tenant_id != self._tenant:
            return None
        self.sent.append(message_id)
        answers = self.answers.get(message_id)
        return answers.pop(0) if answers else None

    async def put(self, *message_ids: str, commit: bool = True) -> None:
        async with self._database.unit_of_work(self._tenant) as uow:
            for message_id in message_ids:
                await self.queue.put(uow, message_id)
            if commit:
                await uow.commit()
        if commit:
            for call in uow.calls:
                await call()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        stopping, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self.queue.run(self.send, ready.set, stopping))
        await asyncio.wait_for(ready.wait(), 20)
        try:
            yield
        finally:
            stopping.set()
            await asyncio.wait_for(task, 20)

    async def reach(self, *message_ids: str) -> None:
        async def all_there() -> bool:
            return set(message_ids) <= set(self.sent)

        await until(all_there)


@pytest.fixture(params=["memory", "postgres"])
async def rig(request: pytest.FixtureRequest, database: Urls) -> AsyncIterator[Rig]:
    ours = Database(database.app)
    yield Rig(MemoryQueue() if request.param == "memory" else PostgresQueue(database.app), ours)
    await ours.close()


async def test_what_is_put_is_sent_once(rig: Rig) -> None:
    first, second, last = fresh(), fresh(), fresh()
    await rig.put(first, first)
    await rig.put(first)
    async with rig.running():
        await rig.reach(first)
        await rig.put(second, last)
        await rig.reach(second, last)
    assert sorted(rig.sent) == sorted([first, second, last])


async def test_what_is_undone_is_not_sent(rig: Rig) -> None:
    undone, last = fresh(), fresh()
    await rig.put(undone, commit=False)
    async with rig.running():
        await rig.put(last)
        await rig.reach(last)
    assert rig.sent == [last]


async def test_what_asks_for_another_try_gets_it(rig: Rig) -> None:
    stubborn = fresh()
    rig.answers[stubborn] = [timedelta(milliseconds=50), timedelta(milliseconds=50), None]
    await rig.put(stubborn)
    async with rig.running():

        async def thrice() -> bool:
            return rig.sent == [stubborn] * 3

        await until(thrice)
        again = fresh()
        await rig.put(again)
        await rig.reach(again)
    assert rig.sent == [stubborn] * 3 + [again]


async def test_tidying_loses_nothing_that_waits(rig: Rig) -> None:
    waiting = fresh()
    await rig.put(waiting)
    await rig.queue.tidy()
    async with rig.running():
        await rig.reach(waiting)


class TestInTheDatabase:
    @pytest.fixture
    async def rig(self, database: Urls) -> AsyncIterator[Rig]:
        ours = Database(database.app)
        yield Rig(PostgresQueue(database.app), ours)
        await ours.close()

    async def test_a_try_that_breaks_is_made_again_and_stops_no_other(self, rig: Rig, database: Urls) -> None:
        broken, last = fresh(), fresh()
        send = rig.send

        async def breaking(tenant_id: TenantId, message_id: str) -> timedelta | None:
            if message_id == broken:
                raise RuntimeError
            return await send(tenant_id, message_id)

        rig.send = breaking  # type: ignore[method-assign]  # the rig's own hand breaks in this test
        await rig.put(broken, last)
        async with rig.running():
            await rig.reach(last)
        connection = await asyncpg.connect(database.superuser)
        row = await connection.fetchrow(
            "SELECT status::text, execute_after > now() + interval '30 s' AS later FROM mail_jobs.pgqueuer"
            " WHERE dedupe_key = $1",
            broken,
        )
        await connection.close()
        assert row is not None
        assert tuple(row) == ("queued", True)

    async def test_a_lost_connection_is_made_again(self, rig: Rig, database: Urls) -> None:
        first, second = fresh(), fresh()
        connection = await asyncpg.connect(database.superuser)
        await rig.put(first)
        async with rig.running():
            await rig.reach(first)
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'intercanal-mail'"
            assert await connection.fetch(f"{ended} AND datname = current_database()")
            await rig.put(second)
            await rig.reach(second)
        await connection.close()

    async def test_the_work_of_a_process_that_died_is_taken_over(self, rig: Rig, database: Urls) -> None:
        orphan = fresh()
        await rig.put(orphan)
        connection = await asyncpg.connect(database.superuser)
        await connection.execute(
            "UPDATE mail_jobs.pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(), heartbeat = now()"
            " WHERE dedupe_key = $1",
            orphan,
        )
        await connection.close()
        async with rig.running():
            await until(lambda: _is_in(orphan, rig.sent), 60)


async def _is_in(wanted: str, found: list[str]) -> bool:
    return wanted in found
