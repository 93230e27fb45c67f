"""What routing hears: a calendar changed, so the queues that follow it open and close at other times."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from intercanal.infra.db.database import Database
from intercanal.infra.feature import Consumer
from intercanal.infra.outbox.delivery import Delivery, Published
from intercanal.routing import service
from intercanal.tenancy.events import CalendarChanged


class Services(Protocol):
    """What following calendars needs of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...

    @property
    def delivery(self) -> Delivery:
        """Return the way to the live core."""
        ...


def make_hours(services: Services) -> Callable[[str, bytes], Awaitable[None]]:
    """Make the handler that gives the core a changed calendar's hours; a repeat changes nothing."""

    async def handle(_subject: str, body: bytes) -> None:
        published = msgspec.json.decode(body, type=Published)
        changed = msgspec.json.decode(published.event, type=CalendarChanged)
        async with services.database.unit_of_work(published.tenant_id, published.actor) as uow:
            await service.refresh_hours(uow, changed.calendar_id)
            await uow.commit()
        await services.delivery.carry_out(uow)

    return handle


hours = Consumer(name="routing-hours", subject="log.*.tenancy.calendar_changed", make=make_hours)
