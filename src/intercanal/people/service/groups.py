"""Teams and skills: named things that agents belong to or can do."""

from typing import TypeVar

from sqlalchemy.exc import IntegrityError

from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.people.errors import ChangedMeanwhileError, UnknownSkillError, UnknownTeamError
from intercanal.people.schemas import NamedBody, NamedView
from intercanal.people.tables import Skill, Team

Group = TypeVar("Group", Team, Skill)

_UNKNOWN: dict[type[Team | Skill], type[UnknownTeamError | UnknownSkillError]] = {
    Team: UnknownTeamError,
    Skill: UnknownSkillError,
}


async def create_group(uow: UnitOfWork, kind: type[Group], body: NamedBody) -> NamedView:
    """Add a team or a skill."""
    return await _written(uow, versions.first(uow, kind, {"name": body.name, "retired": False}, body.reason))


async def change_group(uow: UnitOfWork, kind: type[Group], row_id: str, body: NamedBody) -> NamedView:
    """Rename a team or a skill."""
    row = await _current(uow, kind, row_id)
    if body.version is not None and body.version != row.version:
        raise ChangedMeanwhileError
    return await _written(uow, versions.next_of(uow, row, {"name": body.name}, body.reason))


async def retire_group(uow: UnitOfWork, kind: type[Group], row_id: str, reason: str) -> None:
    """Take a team or a skill out of use; agents who have it keep it until their settings change."""
    await _written(uow, versions.next_of(uow, await _current(uow, kind, row_id), {"retired": True}, reason))


async def get_group(uow: UnitOfWork, kind: type[Group], row_id: str) -> NamedView:
    """Return a team or a skill."""
    return _view(await _current(uow, kind, row_id))


async def list_groups(uow: UnitOfWork, kind: type[Group], cursor: str | None, limit: int | None) -> Page[NamedView]:
    """Return the teams or skills in use, in the order they were added."""
    after, size = id_cursor(cursor) or "", clamp(limit)
    rows = await versions.all_current(uow, kind, after=after, limit=size + 1)
    return Page([_view(row) for row in rows[:size]], encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def _current(uow: UnitOfWork, kind: type[Group], row_id: str) -> Group:
    row = await versions.current(uow, kind, row_id)
    if row is None:
        unknown = _UNKNOWN[kind]
        raise unknown
    return row


async def _written(uow: UnitOfWork, row: Team | Skill) -> NamedView:
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ChangedMeanwhileError from error
    return _view(row)


def _view(row: Team | Skill) -> NamedView:
    return NamedView(row.id, row.version, row.name)
