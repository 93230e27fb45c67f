"""The ways in which work can end, as a tenant names them."""

from sqlalchemy.exc import IntegrityError

from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions.errors import ChangedMeanwhileError, UnknownDispositionError, WrongDispositionError
from intercanal.interactions.schemas import DispositionBody, DispositionView
from intercanal.interactions.tables import Disposition
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor


async def create_disposition(uow: UnitOfWork, body: DispositionBody) -> DispositionView:
    """Add a disposition."""
    return await _written(uow, versions.first(uow, Disposition, {"name": body.name, "retired": False}, body.reason))


async def change_disposition(uow: UnitOfWork, disposition_id: str, body: DispositionBody) -> DispositionView:
    """Rename a disposition."""
    row = await _current(uow, disposition_id)
    if body.version is not None and body.version != row.version:
        raise ChangedMeanwhileError
    return await _written(uow, versions.next_of(uow, row, {"name": body.name}, body.reason))


async def retire_disposition(uow: UnitOfWork, disposition_id: str, reason: str) -> None:
    """Offer a disposition no more; work that ended with it keeps it."""
    await _written(uow, versions.next_of(uow, await _current(uow, disposition_id), {"retired": True}, reason))


async def get_disposition(uow: UnitOfWork, disposition_id: str) -> DispositionView:
    """Return a disposition."""
    return _view(await _current(uow, disposition_id))


async def list_dispositions(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[DispositionView]:
    """Return the dispositions in use, in the order they were added."""
    after, size = id_cursor(cursor) or "", clamp(limit)
    rows = await versions.all_current(uow, Disposition, after=after, limit=size + 1)
    return Page([_view(row) for row in rows[:size]], encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def check_disposition(uow: UnitOfWork, disposition_id: str) -> None:
    """Refuse a disposition that does not exist, or no longer."""
    if await versions.current(uow, Disposition, disposition_id) is None:
        raise WrongDispositionError


async def _current(uow: UnitOfWork, disposition_id: str) -> Disposition:
    row = await versions.current(uow, Disposition, disposition_id)
    if row is None:
        raise UnknownDispositionError
    return row


async def _written(uow: UnitOfWork, row: Disposition) -> DispositionView:
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ChangedMeanwhileError from error
    return _view(row)


def _view(row: Disposition) -> DispositionView:
    return DispositionView(row.id, row.version, row.name)
