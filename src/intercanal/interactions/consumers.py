"""What interactions hear: the log of live work, told as timelines, and that a customer is to be forgotten."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from intercanal.customers.events import CustomerErased
from intercanal.infra.blobs.port import Blobs
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Consumer
from intercanal.interactions import service
from intercanal.kernel.ids import TenantId

Handler = Callable[[str, bytes], Awaitable[None]]


class _Erased(msgspec.Struct, frozen=True):
    tenant_id: TenantId
    actor: str | None
    event: CustomerErased


_batches = msgspec.json.Decoder(service.LoggedBatch)
_erasures = msgspec.json.Decoder(_Erased)


class Services(Protocol):
    """What these readers need of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Return where the files of messages are kept."""
        ...


def make_timeline(services: Services) -> Handler:
    """Make the handler that copies the log into timelines; a batch that comes again changes nothing."""

    async def handle(_subject: str, body: bytes) -> None:
        batch = _batches.decode(body)
        facts = list(service.facts_of(batch))
        if not facts:
            return
        async with services.database.unit_of_work(batch.tenant_id) as uow:
            await service.keep(uow, facts)
            await uow.commit()

    return handle


def make_eraser(services: Services) -> Handler:
    """Make the handler that erases what an erased customer wrote; files go first, so that a repeat finds them again."""

    async def handle(_subject: str, body: bytes) -> None:
        erased = _erasures.decode(body)
        while True:
            async with services.database.unit_of_work(erased.tenant_id, read_only=True) as uow:
                kept = await service.words_of_customers(uow, erased.event.customer_ids)
            if not kept:
                return
            for blob in [blob for one in kept for blob in one.blobs]:
                await services.blobs.delete(blob)
            async with services.database.unit_of_work(erased.tenant_id, erased.actor) as uow:
                await service.erase_words(uow, kept)
                await uow.commit()

    return handle


timeline = Consumer(name="interactions-timeline", subject="log.*", make=make_timeline)
eraser = Consumer(name="interactions-eraser", subject="log.*.customers.erased", make=make_eraser)
