"""What routing does by the clock: once a month the core is given the public holidays of the years to come."""

from typing import Protocol

from intercanal.infra.db.database import Database
from intercanal.infra.feature import Job
from intercanal.infra.outbox.delivery import Delivery
from intercanal.routing import service
from intercanal.tenancy.service import all_tenant_ids


class Services(Protocol):
    """What the refreshing of hours needs of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...

    @property
    def delivery(self) -> Delivery:
        """Return the way to the live core."""
        ...


async def refresh_all_hours(services: Services) -> None:
    """Give the core the hours of every queue that has a calendar."""
    for tenant_id in await all_tenant_ids(services.database):
        async with services.database.unit_of_work(tenant_id) as uow:
            await service.refresh_hours(uow)
            await uow.commit()
        await services.delivery.carry_out(uow)


hours = Job(name="routing_hours", cron="23 3 1 * *", run=refresh_all_hours)
