"""What interactions hear: the log of live work, from which the timeline is made."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from intercanal.infra.db.database import Database
from intercanal.infra.feature import Consumer
from intercanal.interactions import service

_decoder = msgspec.json.Decoder(service.LoggedBatch)


class Services(Protocol):
    """What the timeline needs of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...


def make_timeline(services: Services) -> Callable[[str, bytes], Awaitable[None]]:
    """Make the handler that copies the log into timelines; a batch that comes again changes nothing."""

    async def handle(_subject: str, body: bytes) -> None:
        batch = _decoder.decode(body)
        facts = list(service.facts_of(batch))
        if not facts:
            return
        async with services.database.unit_of_work(batch.tenant_id) as uow:
            await service.keep(uow, facts)
            await uow.commit()

    return handle


timeline = Consumer(name="interactions-timeline", subject="log.*", make=make_timeline)
