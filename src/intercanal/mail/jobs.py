"""Sending what waits: each answer once, with the same Message-ID on each try, and never given up in silence."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from intercanal.infra.db.database import Database
from intercanal.infra.feature import Job
from intercanal.infra.live.client import Key, Live
from intercanal.kernel.errors import ConflictError, TooManyError, UnavailableError
from intercanal.kernel.ids import TenantId
from intercanal.mail import service
from intercanal.mail.domain import compose, notices, retries
from intercanal.mail.domain.compose import Letter
from intercanal.mail.live import DeliveryState, NoteDelivery
from intercanal.mail.ports import MailTransport, NotTakenError, SendQueue, Stopping
from intercanal.mail.service import Try
from intercanal.tenancy.service import all_tenant_ids

log = structlog.get_logger(__name__)

ACTOR = "mail"
_CORE_AWAY = timedelta(seconds=5)


class Sender:
    """Tries to send one answer at a time; the diary tells it after a crash what was done already."""

    def __init__(self, database: Database, live: Live, transport: MailTransport, secret: bytes) -> None:
        self._database = database
        self._live = live
        self._transport = transport
        self._secret = secret

    async def send(self, tenant_id: TenantId, message_id: str) -> timedelta | None:
        """Try once, unless it is settled; return how long to wait before the next try, None when it is settled.

        The diary is written before and after the try, so that a crash repeats the mail once at most; the live core is
        told afterwards, as often as it takes.
        """
        found = await self._begin(tenant_id, message_id)
        if found is None:
            log.warning("mail.answer_unknown", tenant_id=tenant_id)
            return None
        if found.letter is not None:
            found = await self._try(tenant_id, message_id, found.letter)
        if not await self._tell(tenant_id, message_id, found):
            return _CORE_AWAY
        if found.state != "waiting":
            return None
        return retries.next_try(found.began_at, found.attempts, self._database.clock.now()) or timedelta(0)

    async def _begin(self, tenant_id: TenantId, message_id: str) -> Try | None:
        async with self._database.unit_of_work(tenant_id, ACTOR) as uow:
            # an answer found waiting at the start, whose event has not been heard yet, has no diary
            await service.keep_diary(uow, message_id, self._secret)
            found = await service.begin_try(uow, message_id)
            await uow.commit()
        return found

    async def _try(self, tenant_id: TenantId, message_id: str, letter: Letter) -> Try:
        raw = await asyncio.to_thread(compose.write, letter)
        state: DeliveryState = "sent"
        code = status = None
        try:
            await self._transport.send(letter.from_address, letter.to_address, raw, needs_utf8=letter.needs_utf8)
        except NotTakenError as error:
            state, code = ("failed", "mail.refused") if error.is_final else ("waiting", "mail.deferred")
            status = error.status
        async with self._database.unit_of_work(tenant_id, ACTOR) as uow:
            ended = await service.end_try(uow, message_id, state, code, status)
            await uow.commit()
        return ended

    async def _tell(self, tenant_id: TenantId, message_id: str, found: Try) -> bool:
        command = NoteDelivery(
            message_id=message_id,
            state=found.state,
            attempts=found.attempts,
            code=found.code,
            status=found.status,
        )
        key = Key("mail.note_delivery", f"{message_id}:{found.attempts}:{found.state}", "")
        try:
            await self._live.submit(tenant_id, command, actor=ACTOR, key=key)
        except (UnavailableError, TooManyError) as error:
            log.info("mail.core_away", tenant_id=tenant_id, code=error.code)
            return False
        except ConflictError as error:
            # settled in the meantime: the mail came back as undeliverable
            log.info("mail.delivery_settled", tenant_id=tenant_id, code=error.code)
        return True


class ResetSender:
    """Tries to send one reset mail at a time; it is forgotten the moment the relay has taken it over."""

    def __init__(self, database: Database, transport: MailTransport, secret: bytes, public_url: str) -> None:
        self._database = database
        self._transport = transport
        self._secret = secret
        self._public_url = public_url

    async def send(self, tenant_id: TenantId, mail_id: str) -> timedelta | None:
        """Try once, unless it has left or comes too late; return how long to wait before the next try."""
        async with self._database.unit_of_work(tenant_id, ACTOR, read_only=True) as uow:
            notice = await service.reset_to_send(uow, mail_id, self._public_url, self._secret)
        if notice is None:
            return None
        raw = notices.write(notice)
        try:
            await self._transport.send(notice.from_address, notice.to_address, raw, needs_utf8=notice.needs_utf8)
        except NotTakenError as error:
            log.warning("mail.reset_not_taken", tenant_id=tenant_id, status=error.status, is_final=error.is_final)
            if not error.is_final:
                return retries.next_try_of_reset(notice.date, self._database.clock.now())
        async with self._database.unit_of_work(tenant_id, ACTOR) as uow:
            await service.reset_settled(uow, mail_id)
            await uow.commit()
        return None


async def find_resets(database: Database, queue: SendQueue) -> None:
    """Put the reset mails that wait in the queue, in case they were never heard of: once at each start."""
    for tenant_id in await all_tenant_ids(database):
        async with database.unit_of_work(tenant_id, ACTOR) as uow:
            waiting = await service.resets_waiting(uow)
            for mail_id in waiting:
                await queue.put(uow, mail_id)
            if waiting:
                await uow.commit()


class Services(Protocol):
    """What the jobs of mail need of the program."""

    @property
    def send_queue(self) -> SendQueue:
        """Return where answers wait to be sent."""
        ...


async def tidy_queue(services: Services) -> None:
    """Forget what the queue noted of answers that left long ago."""
    await services.send_queue.tidy()


tidying = Job(name="mail-tidying", cron="17 3 * * *", run=tidy_queue)


async def run(sender: Sender | ResetSender, queue: SendQueue, ready: Callable[[], None], stopping: Stopping) -> None:
    """Send what waits until told to stop; without a relay nobody calls this, and outgoing mail waits."""
    await queue.run(sender.send, ready, stopping)
