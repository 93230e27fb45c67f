"""Queues: their settings, kept in versions, and their way into the live core."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import Submit, UnitOfWork
from intercanal.kernel.errors import NotFoundError
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.people import service as people
from intercanal.routing import repository
from intercanal.routing.errors import (
    ChangedMeanwhileError,
    CirclesOutOfOrderError,
    UnknownQueueError,
    WrongCalendarError,
    WrongOverflowError,
)
from intercanal.routing.live import DEFAULT_TARGETS, Circle, ConfigureQueue, Overflow
from intercanal.routing.schemas import CircleBody, OverflowBody, QueueBody, QueueView
from intercanal.routing.tables import Queue
from intercanal.tenancy import service as tenancy
from intercanal.tenancy.live import CalendarSpec

HOURS_CHANGED = "routing.hours_changed"


async def create_queue(uow: UnitOfWork, body: QueueBody) -> QueueView:
    """Make a queue; the door answers once work can be sent to it."""
    values = await _values(uow, body, None)
    return await _configure(uow, versions.first(uow, Queue, values, body.reason))


async def change_queue(uow: UnitOfWork, queue_id: str, body: QueueBody) -> QueueView:
    """Change a queue's settings; all who wait in it are looked at again under them."""
    row = await require_queue(uow, queue_id)
    if body.version is not None and body.version != row.version:
        raise ChangedMeanwhileError
    values = await _values(uow, body, queue_id)
    return await _configure(uow, versions.next_of(uow, row, values, body.reason))


async def retire_queue(uow: UnitOfWork, queue_id: str, reason: str) -> None:
    """Send a queue no more work; what waits in it is still served."""
    row = await require_queue(uow, queue_id)
    await _configure(uow, versions.next_of(uow, row, {"retired": True}, reason))


async def get_queue(uow: UnitOfWork, queue_id: str) -> QueueView:
    """Return a queue."""
    return _view(await require_queue(uow, queue_id))


async def list_queues(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[QueueView]:
    """Return the queues in the order they were made."""
    after, size = id_cursor(cursor) or "", clamp(limit)
    rows = await versions.all_current(uow, Queue, after=after, limit=size + 1)
    return Page([_view(row) for row in rows[:size]], encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def queue_versions(uow: UnitOfWork, queue_id: str) -> list[QueueView]:
    """Return every version of a queue's settings, the newest first."""
    await require_queue(uow, queue_id)
    return [_view(row) for row in await versions.history(uow, Queue, queue_id)]


async def refresh_hours(uow: UnitOfWork, calendar_id: str | None = None) -> int:
    """Give the core the hours of a calendar as they are now, of every calendar when none is named.

    A queue that already has these hours stays as it is, so that a repeat changes nothing; returns how many had not.
    """
    of_it = Queue.calendar_id.is_not(None) if calendar_id is None else Queue.calendar_id == calendar_id
    changed = 0
    for row in await versions.all_current(uow, Queue, of_it):
        digest = await _digest(uow, row.calendar_id)
        if row.hours_digest != digest:
            await _configure(uow, versions.next_of(uow, row, {"hours_digest": digest}, HOURS_CHANGED))
            changed += 1
    return changed


async def require_queue(uow: UnitOfWork, queue_id: str) -> Queue:
    """Return a queue's current settings; an unknown or retired one is not found."""
    row = await versions.current(uow, Queue, queue_id)
    if row is None:
        raise UnknownQueueError
    return row


async def _values(uow: UnitOfWork, body: QueueBody, queue_id: str | None) -> dict[str, Any]:
    after = [circle.after_s for circle in body.circles]
    if after != sorted(set(after)):
        raise CirclesOutOfOrderError
    circles = _circles(body.skills, body.team_ids, body.circles)
    skill_ids = {skill for circle in circles for skill in circle.skills}
    await people.check_known(uow, sorted(skill_ids), sorted({team for circle in circles for team in circle.team_ids}))
    if body.overflow is not None:
        await _check_overflow(uow, body.overflow, queue_id)
    return {
        "name": " ".join(body.name.split()),
        "skills": dict(body.skills),
        "team_ids": sorted(set(body.team_ids)),
        "circles": msgspec.to_builtins(body.circles),
        "priority": body.priority,
        "targets": body.targets.given(),
        "offer_timeout_s": body.offer_timeout_s,
        "calendar_id": body.calendar_id,
        "hours_digest": await _digest(uow, body.calendar_id),
        "overflow": None if body.overflow is None else msgspec.to_builtins(body.overflow),
        "retired": False,
    }


async def _check_overflow(uow: UnitOfWork, overflow: OverflowBody, queue_id: str | None) -> None:
    target = overflow.to_queue_id
    if target == queue_id or await versions.current(uow, Queue, target) is None:
        raise WrongOverflowError(target)


async def _hours(uow: UnitOfWork, calendar_id: str) -> CalendarSpec:
    try:
        return await tenancy.calendar_spec(uow, calendar_id)
    except NotFoundError as error:
        raise WrongCalendarError(calendar_id) from error


async def _digest(uow: UnitOfWork, calendar_id: str | None) -> str | None:
    if calendar_id is None:
        return None
    hours = msgspec.json.encode(await _hours(uow, calendar_id), order="deterministic")
    return hashlib.blake2b(hours, digest_size=16).hexdigest()


def _circles(skills: dict[str, int], team_ids: Iterable[str], later: Iterable[CircleBody]) -> list[Circle]:
    circles = [Circle(skills=skills, team_ids=sorted(set(team_ids)))]
    for one in later:
        before = circles[-1]
        circles.append(
            Circle(
                after_s=one.after_s,
                skills=before.skills if one.skills is None else one.skills,
                team_ids=before.team_ids if one.team_ids is None else sorted(set(one.team_ids)),
            )
        )
    return circles


async def _configure(uow: UnitOfWork, row: Queue) -> QueueView:
    await repository.write_version(uow)
    view = _view(row)
    command = ConfigureQueue(
        queue_id=row.id,
        version=row.version,
        circles=_circles(view.skills, view.team_ids, view.circles),
        priority=view.priority,
        targets=row.targets,
        offer_timeout_s=view.offer_timeout_s,
        calendar=None if row.calendar_id is None else await _hours(uow, row.calendar_id),
        overflow=None if view.overflow is None else Overflow(view.overflow.after_s, view.overflow.to_queue_id),
        retired=row.retired,
    )
    uow.after_commit(Submit(command))
    return view


def _view(row: Queue) -> QueueView:
    return QueueView(
        id=row.id,
        version=row.version,
        name=row.name,
        skills=row.skills,
        team_ids=row.team_ids,
        circles=msgspec.convert(row.circles, list[CircleBody]),
        priority=row.priority,
        targets=DEFAULT_TARGETS | row.targets,
        offer_timeout_s=row.offer_timeout_s,
        calendar_id=row.calendar_id,
        overflow=None if row.overflow is None else msgspec.convert(row.overflow, OverflowBody),
        author_id=row.author_id,
        at=row.at,
        reason=row.reason,
    )
