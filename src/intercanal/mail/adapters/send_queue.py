"""Mails that wait to be sent, as jobs of pgqueuer: born in a transaction, woken by NOTIFY, kept over any crash."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import asyncpg
import msgspec
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import TenantId
from intercanal.mail.ports import Send, Stopping

log = structlog.get_logger(__name__)

SETTINGS: Final = DBSettings(db_schema="mail_jobs", channel=Channel("mail_jobs"))
_BATCH: Final = 10
_AT_ONCE: Final = 20
_LOOK_AGAIN: Final = timedelta(minutes=10)
_BROKEN: Final = timedelta(seconds=60)
_HEARTBEAT: Final = timedelta(seconds=10)
_LONGEST_PAUSE_S: Final = 30.0
_KEPT_LOG: Final = "7 days"

_WAITING: Final = "SELECT tenant_id::text, message_id::text FROM mail_outgoing_waiting()"
_OTHERS: Final = """
    SELECT FROM mail_jobs.pgqueuer
    WHERE status = 'picked' AND queue_manager_id <> $1 AND entrypoint = ANY($2::text[]) LIMIT 1
"""
_TIDY: Final = f"DELETE FROM mail_jobs.pgqueuer_log WHERE created < now() - interval '{_KEPT_LOG}'"  # noqa: S608 - a constant


class Errand(msgspec.Struct, frozen=True):
    """A kind of mail that waits; `waiting` asks, across tenants, which ones a start has to find again."""

    entrypoint: str
    waiting: str | None = None


ANSWERS: Final = Errand("mail.send", _WAITING)
RESETS: Final = Errand("mail.send_reset")


class _Task(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    message_id: str


class _Manager(QueueManager):
    """The worker of pgqueuer, quiet when nothing happens, and quick to take over from a worker that died."""

    async def _run_periodic_health_check(self, interval: timedelta = _LOOK_AGAIN) -> None:
        # the library asks every ten seconds; a lost connection is heard of without asking
        del interval
        await self.shutdown.wait()

    async def _effective_dequeue_timeout(self, dequeue_timeout: timedelta) -> timedelta:
        # no notice comes when the heartbeat of a dead worker's job has grown old
        wait = await super()._effective_dequeue_timeout(dequeue_timeout)
        rows = await self.queries.driver.fetch(_OTHERS, self.queue_manager_id, list(self.entrypoint_registry))
        return min(wait, _HEARTBEAT) if rows else wait


def _queries(connection: "asyncpg.Connection[asyncpg.Record]") -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


async def _put(connection: "asyncpg.Connection[asyncpg.Record]", errand: Errand, task: _Task) -> None:
    await _queries(connection).enqueue(
        errand.entrypoint, msgspec.json.encode(task), dedupe_key=task.message_id, on_conflict="skip"
    )


class PostgresQueue:
    """The queue of one kind of mail in the database, as the application role sees it."""

    def __init__(self, app_url: str, errand: Errand = ANSWERS) -> None:
        self._url = app_url
        self._errand = errand

    async def put(self, uow: UnitOfWork, message_id: str) -> None:
        """Keep a job in the transaction of the unit of work; one that waits already is the same."""
        raw = await (await uow.session.connection()).get_raw_connection()
        connection = raw.driver_connection
        if not isinstance(connection, asyncpg.Connection):
            raise TypeError(type(connection).__name__)
        await _put(connection, self._errand, _Task(uow.tenant_id, message_id))

    async def run(self, send: Send, ready: Callable[[], None], stopping: Stopping) -> None:
        """Send what waits until told to stop, on a connection of its own that is renewed when it breaks."""
        pause = 0.5
        is_told = False

        def once() -> None:
            nonlocal is_told, pause
            pause = 0.5
            if not is_told:
                is_told = True
                ready()

        ended = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                try:
                    await self._work(send, once, ended)
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                    log.warning("mail.queue_lost", kind=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(ended), pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
        finally:
            ended.cancel()

    async def tidy(self) -> None:
        """Forget what the queue noted of jobs that ended a week ago; the diary of mail keeps what matters."""
        connection = await self._connect()
        try:
            await connection.execute(_TIDY)
        finally:
            await connection.close()

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            self._url, timeout=10, server_settings={"application_name": "intercanal-mail", "timezone": "UTC"}
        )

    async def _work(self, send: Send, ready: Callable[[], None], ended: "asyncio.Future[bool]") -> None:
        connection = await self._connect()
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        manager = _Manager(_queries(connection), channel=SETTINGS.channel)
        manager.entrypoint(self._errand.entrypoint, on_failure="hold", accepts_context=False)(_handler(send))
        try:
            await _recover(connection, self._errand)
            working = asyncio.ensure_future(
                manager.run(
                    dequeue_timeout=_LOOK_AGAIN,
                    heartbeat_timeout=_HEARTBEAT,
                    batch_size=_BATCH,
                    max_concurrent_tasks=_AT_ONCE,
                    log_aggregation_interval=timedelta(0),
                )
            )
            ready()
            try:
                gone = asyncio.ensure_future(lost.wait())
                await asyncio.wait((working, gone, ended), return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                manager.shutdown.set()
                await working
            finally:
                working.cancel()
        finally:
            await connection.close(timeout=5)


async def _recover(connection: "asyncpg.Connection[asyncpg.Record]", errand: Errand) -> None:
    """Put what is durable and waits, in case it was never heard of: once at each start, never again and again."""
    if errand.waiting is None:
        return
    for row in await connection.fetch(errand.waiting):
        await _put(connection, errand, _Task(TenantId(row[0]), row[1]))


def _handler(send: Send) -> Callable[[Job], Awaitable[None]]:
    async def handle(job: Job) -> None:
        task = msgspec.json.decode(job.payload or b"", type=_Task)
        try:
            again = await send(task.tenant_id, task.message_id)
        except Exception as error:
            log.exception("mail.send_broke", tenant_id=task.tenant_id, kind=type(error).__name__)
            again = _BROKEN
        if again is not None:
            raise RetryRequested(delay=again)

    return handle
