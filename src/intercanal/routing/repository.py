"""The queries of routing beyond the versions of a row."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.exc import IntegrityError

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import is_id
from intercanal.kernel.live import Row, StateTable
from intercanal.routing.errors import ChangedMeanwhileError
from intercanal.routing.live import OFFERS, QUEUES, WAITS, OfferRow, QueueRow, WaitRow
from intercanal.routing.tables import OFFER_ROWS, QUEUE_ROWS, WAIT_ROWS

RowT = TypeVar("RowT", bound=Row)


async def _rows(uow: UnitOfWork, table: Table, declared: StateTable[RowT], *where: ColumnElement[bool]) -> list[RowT]:
    statement = select(*(table.c[name] for name in declared.columns)).where(table.c.tenant_id == uow.tenant_id, *where)
    found = await uow.session.execute(statement.order_by(table.c.id))
    return [msgspec.convert(dict(zip(declared.columns, row, strict=True)), declared.row) for row in found]


async def live_queues(uow: UnitOfWork, queue_ids: Iterable[str]) -> dict[str, QueueRow]:
    """Return queues by id as the journal last wrote them."""
    wanted = [one for one in queue_ids if is_id(one)]
    return {row.id: row for row in await _rows(uow, QUEUE_ROWS, QUEUES, QUEUE_ROWS.c.id.in_(wanted))}


async def waits(uow: UnitOfWork, interaction_ids: Iterable[str]) -> dict[str, WaitRow]:
    """Return the growing waits of some interactions."""
    wanted = list(interaction_ids)
    where = (WAIT_ROWS.c.id.in_(wanted), WAIT_ROWS.c.ended.is_(False))
    return {row.id: row for row in await _rows(uow, WAIT_ROWS, WAITS, *where)}


async def offer(uow: UnitOfWork, offer_id: str) -> OfferRow | None:
    """Return an offer, over or not."""
    if not is_id(offer_id):
        return None
    return next(iter(await _rows(uow, OFFER_ROWS, OFFERS, OFFER_ROWS.c.id == offer_id)), None)


async def open_offers(uow: UnitOfWork, agent_id: str) -> list[OfferRow]:
    """Return what an agent is shown."""
    where = (OFFER_ROWS.c.agent_id == agent_id, OFFER_ROWS.c.state == "open")
    return await _rows(uow, OFFER_ROWS, OFFERS, *where)


async def write_version(uow: UnitOfWork) -> None:
    """Write the version just appended; another one written at the same time is a conflict."""
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ChangedMeanwhileError from error
