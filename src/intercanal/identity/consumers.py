"""What identity does when a fact arrives: waiting audit lines get their place in the chain."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from intercanal.identity import service
from intercanal.infra.db.database import Database
from intercanal.infra.feature import Consumer
from intercanal.infra.outbox.delivery import Published


def make_chainer(services: Any) -> Callable[[str, bytes], Awaitable[None]]:
    """Make the handler that chains the audit of the tenant a fact is of."""
    database: Database = services.database

    async def handle(_subject: str, body: bytes) -> None:
        tenant_id = msgspec.json.decode(body, type=Published).tenant_id
        async with database.unit_of_work(tenant_id) as uow:
            await service.chain_pending(uow)
            await uow.commit()

    return handle


CONSUMERS = (Consumer("identity_audit", "log.*.identity.audit_noted", make_chainer),)
