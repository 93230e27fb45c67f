"""Reading and appending settings rows: the highest version of an id is the current one."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import distinct_on

from intercanal.infra.db.tables import Versioned
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import is_id

Model = TypeVar("Model", bound=Versioned)


async def current(uow: UnitOfWork, model: type[Model], row_id: str) -> Model | None:
    """Return the current version of one row, or None when there is none or it is retired."""
    if not is_id(row_id):
        return None
    statement = (
        select(model)
        .where(model.tenant_id == uow.tenant_id, model.id == row_id)
        .order_by(model.version.desc())
        .limit(1)
    )
    found = (await uow.session.scalars(statement)).one_or_none()
    return None if found is None or found.retired else found


async def all_current(
    uow: UnitOfWork, model: type[Model], *where: ColumnElement[bool], after: str = "", limit: int | None = None
) -> Sequence[Model]:
    """Return the current versions that are not retired, by id, after a given id; `where` sees current ones only."""
    latest = (
        select(model.id, model.version)
        .where(model.tenant_id == uow.tenant_id)
        .ext(distinct_on(model.id))
        .order_by(model.id, model.version.desc())
    )
    if is_id(after):
        latest = latest.where(model.id > after)
    newest = latest.subquery()
    statement = (
        select(model)
        .join(newest, (model.id == newest.c.id) & (model.version == newest.c.version))
        .where(model.tenant_id == uow.tenant_id, model.retired.is_(False), *where)
        .order_by(model.id)
        .limit(limit)
    )
    return (await uow.session.scalars(statement)).all()


async def history(uow: UnitOfWork, model: type[Model], row_id: str) -> Sequence[Model]:
    """Return every version of one row, the newest first."""
    statement = select(model).where(model.tenant_id == uow.tenant_id, model.id == row_id).order_by(model.version.desc())
    return (await uow.session.scalars(statement)).all()


def first(uow: UnitOfWork, model: type[Model], values: dict[str, Any], reason: str, row_id: str | None = None) -> Model:
    """Add the first version of a new row, with author, date and reason."""
    return _append(uow, model, values, (row_id or uow.new_id(), 1, reason))


def next_of(uow: UnitOfWork, row: Model, values: dict[str, Any], reason: str) -> Model:
    """Append a version that differs from the current one in the given values; two at once cannot both succeed."""
    kept = {
        column.key: getattr(row, column.key)
        for column in type(row).__mapper__.column_attrs  # type: ignore[attr-defined]  # the mixin itself is unmapped
        if column.key not in _STAMPS
    }
    return _append(uow, type(row), kept | values, (row.id, row.version + 1, reason))


_STAMPS = frozenset({"tenant_id", "id", "version", "author_id", "at", "reason"})


def _append(uow: UnitOfWork, model: type[Model], values: dict[str, Any], stamp: tuple[str, int, str]) -> Model:
    row_id, version, reason = stamp
    row = model(
        tenant_id=uow.tenant_id, id=row_id, version=version, author_id=uow.actor, at=uow.now, reason=reason, **values
    )  # type: ignore[call-arg]  # the constructor comes with the mapping
    uow.session.add(row)
    uow.appended.append(row)
    return row
