"""What mail hears: mails that come in, the log of live work, forgotten passwords, customers to be forgotten."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import structlog

from intercanal.customers.events import CustomerErased
from intercanal.identity.events import ResetRequested
from intercanal.infra.blobs.port import Blobs, blob_key
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Consumer
from intercanal.infra.live.client import Live
from intercanal.infra.outbox.delivery import Published
from intercanal.interactions import service as interactions
from intercanal.kernel.clock import Clock, SystemClock
from intercanal.kernel.errors import ConflictError, UnavailableError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.mail import service
from intercanal.mail.domain.model import Limits, Mail
from intercanal.mail.domain.parse import parse
from intercanal.mail.errors import UnknownMailboxError
from intercanal.mail.ports import MailboxRef, SendQueue

log = structlog.get_logger(__name__)

ACTOR = "mail"
_READERS = 2

_batches = msgspec.json.Decoder(interactions.LoggedBatch)
_published = msgspec.json.Decoder(Published)
_erased = msgspec.json.Decoder(CustomerErased)
_reset = msgspec.json.Decoder(ResetRequested)

Handler = Callable[[str, bytes], Awaitable[None]]


class Intake:
    """Takes mails in for whichever server brings them; implements `ports.Postbox`."""

    def __init__(
        self, database: Database, live: Live, blobs: Blobs, secret: bytes, *, limits: Limits, clock: Clock | None = None
    ) -> None:
        self._database = database
        self._live = live
        self._blobs = blobs
        self._secret = secret
        self._limits = limits
        self._clock = clock or SystemClock()
        # reading is heavy and needs the processor: a few at once, the rest wait in their connections
        self._readers = asyncio.Semaphore(_READERS)

    async def mailbox_of(self, address: str) -> MailboxRef | None:
        """Return the mailbox an address belongs to."""
        found = await service.mailbox_of_address(self._database, address)
        return None if found is None else MailboxRef(*found)

    async def take(self, raw: bytes, envelope_from: str, mailboxes: Sequence[MailboxRef]) -> None:
        """Return once the mail is durable in each mailbox; a mail that is there already is there."""
        async with self._readers:
            mail = await asyncio.to_thread(parse, raw, self._limits, envelope_from)
        for ref in dict.fromkeys(mailboxes):
            await self._file(ref, mail, raw, envelope_from)

    async def _file(self, ref: MailboxRef, mail: Mail, raw: bytes, envelope_from: str) -> None:
        async with self._database.unit_of_work(ref.tenant_id, ACTOR, read_only=True) as uow:
            if await service.known_message(uow, ref.mailbox_id, mail.external_id) is not None:
                return
        kept = await self._keep(ref.tenant_id, mail, raw, envelope_from)
        async with self._database.unit_of_work(ref.tenant_id, ACTOR) as uow:
            try:
                mailbox = await service.get_mailbox(uow, ref.mailbox_id)
            except UnknownMailboxError as error:
                # taken out of use since its address was asked for: asked again, the address is nobody's
                raise UnavailableError("mail.mailbox_leaving") from error
            reception = await service.prepare(uow, mailbox, kept, self._secret)
            await uow.commit()
        try:
            await self._live.submit(
                ref.tenant_id, reception.command, actor=ACTOR, key=reception.key, words=reception.words
            )
        except ConflictError as error:
            log.warning("mail.not_filed", tenant_id=ref.tenant_id, code=error.code)
            raise UnavailableError("mail.not_filed") from error

    async def _keep(self, tenant_id: TenantId, mail: Mail, raw: bytes, envelope_from: str) -> service.Kept:
        """Keep the bytes under a name made of themselves, so that a mail sent again is kept once."""
        digest = hashlib.sha256(raw).hexdigest()
        raw_blob = blob_key(tenant_id, "mail", digest, "original.eml")
        file_blobs = []
        await self._blobs.put(raw_blob, raw)
        for number, file in enumerate(mail.attachments, 1):
            key = blob_key(tenant_id, "mail", digest, f"file-{number}")
            await self._blobs.put(key, file.content)
            file_blobs.append(key)
        return service.Kept(
            mail=mail,
            message_id=new_id(self._clock.now()),
            raw_blob=raw_blob,
            file_blobs=tuple(file_blobs),
            envelope_from=envelope_from,
        )


class Services(Protocol):
    """What the consumers of mail need of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Return the store of large bodies."""
        ...

    @property
    def secret(self) -> bytes:
        """Return the installation's own key."""
        ...

    @property
    def send_queue(self) -> SendQueue:
        """Return where answers wait to be sent."""
        ...

    @property
    def reset_queue(self) -> SendQueue:
        """Return where reset mails wait to be sent."""
        ...


def make_outgoing(services: Services) -> Handler:
    """Make the handler that puts each answer in the queue for sending; one heard twice is put once."""

    async def handle(_subject: str, body: bytes) -> None:
        batch = _batches.decode(body)
        answers = service.queued_answers(batch)
        if not answers:
            return
        async with services.database.unit_of_work(batch.tenant_id, ACTOR) as uow:
            for message_id in answers:
                await service.keep_diary(uow, message_id, services.secret)
                await services.send_queue.put(uow, message_id)
            await uow.commit()

    return handle


def make_timeline(services: Services) -> Handler:
    """Make the handler that tells in the timeline how far each answer came."""

    async def handle(_subject: str, body: bytes) -> None:
        batch = _batches.decode(body)
        facts = list(service.facts_of(batch))
        if not facts:
            return
        async with services.database.unit_of_work(batch.tenant_id, ACTOR) as uow:
            await interactions.keep(uow, facts)
            await uow.commit()

    return handle


def make_resetting(services: Services) -> Handler:
    """Make the handler that puts each reset mail in the queue for sending: its id alone, never what it says."""

    async def handle(_subject: str, body: bytes) -> None:
        published = _published.decode(body)
        asked = _reset.decode(published.event)
        async with services.database.unit_of_work(published.tenant_id, ACTOR) as uow:
            await services.reset_queue.put(uow, asked.mail_id)
            await uow.commit()

    return handle


def make_erasing(services: Services) -> Handler:
    """Make the handler that forgets the mails of a customer who was erased."""

    async def handle(_subject: str, body: bytes) -> None:
        published = _published.decode(body)
        erased = _erased.decode(published.event)
        async with services.database.unit_of_work(published.tenant_id, ACTOR) as uow:
            blobs = await service.forget_customers(uow, erased.customer_ids)
            # before the commit: a crash in between finds the headers again, and with them the bytes to delete
            for key in blobs:
                await services.blobs.delete(key)
            await uow.commit()

    return handle


outgoing = Consumer(name="mail-outgoing", subject="log.*", make=make_outgoing)
timeline = Consumer(name="mail-timeline", subject="log.*", make=make_timeline)
erasing = Consumer(name="mail-erasing", subject="log.*.customers.erased", make=make_erasing)
resetting = Consumer(name="mail-resetting", subject="log.*.identity.reset_requested", make=make_resetting)
