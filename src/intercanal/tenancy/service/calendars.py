"""Calendars: kept as their author wrote them, and turned into plain data for those who open and close by them."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import NotFoundError
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.tenancy import repository
from intercanal.tenancy.domain.calendars import (
    DAYS,
    LATEST,
    CalendarSpec,
    Span,
    build_spec,
    due_at,
    is_open,
    next_change,
    parse_span,
    require_instant,
    zone_of,
)
from intercanal.tenancy.domain.holidays import public_holidays
from intercanal.tenancy.errors import CalendarInvalidError
from intercanal.tenancy.events import CalendarChanged
from intercanal.tenancy.schemas import CalendarBody, CalendarView, Hours, NextChange, OpenAt
from intercanal.tenancy.service.tenants import require_version
from intercanal.tenancy.tables import Calendar

_SPEC_YEARS = 2
_DUE_YEARS = 11


async def create_calendar(uow: UnitOfWork, body: CalendarBody) -> CalendarView:
    """Make a calendar."""
    await _check(body, uow.now)
    row = versions.first(uow, Calendar, _values(body), body.reason)
    return await _written(uow, row)


async def change_calendar(uow: UnitOfWork, calendar_id: str, body: CalendarBody) -> CalendarView:
    """Replace the opening hours of a calendar; the version before stays readable."""
    row = await _current(uow, calendar_id)
    require_version(row.version, body.version)
    await _check(body, uow.now)
    return await _written(uow, versions.next_of(uow, row, _values(body), body.reason))


async def get_calendar(uow: UnitOfWork, calendar_id: str) -> CalendarView:
    """Return a calendar as it is now."""
    return _view(await _current(uow, calendar_id))


async def calendar_versions(uow: UnitOfWork, calendar_id: str) -> list[CalendarView]:
    """Return every version of a calendar, the newest first."""
    await _current(uow, calendar_id)
    return [_view(row) for row in await versions.history(uow, Calendar, calendar_id)]


async def list_calendars(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[CalendarView]:
    """Return calendars in the order they were made."""
    after = id_cursor(cursor) or ""
    size = clamp(limit)
    rows = await versions.all_current(uow, Calendar, after=after, limit=size + 1)
    following = encode_cursor(rows[size - 1].id) if len(rows) > size else None
    return Page([_view(row) for row in rows[:size]], following)


async def calendar_spec(uow: UnitOfWork, calendar_id: str, at: datetime | None = None) -> CalendarSpec:
    """Return a calendar's plain data, with its public holidays of the year of `at`, the one before and two after."""
    year = (at or uow.now).year
    return await _build(_view(await _current(uow, calendar_id)), year - 1, year + _SPEC_YEARS)


async def calendar_due(uow: UnitOfWork, calendar_id: str, start: datetime, minutes: int) -> datetime:
    """Return the first instant by which so many open minutes have passed since `start`."""
    require_instant(start)
    row = await _current(uow, calendar_id)
    spec = await _build(_view(row), start.year - 1, min(start.year + _DUE_YEARS, LATEST.year))
    return due_at(spec, start, minutes)


async def calendar_open_at(uow: UnitOfWork, calendar_id: str, at: datetime) -> OpenAt:
    """Say whether a calendar is open at an instant, and when that changes next."""
    require_instant(at)
    spec = await calendar_spec(uow, calendar_id, at)
    change = next_change(spec, at)
    return OpenAt(is_open(spec, at), None if change is None else NextChange(change.at, change.opens))


async def _written(uow: UnitOfWork, row: Calendar) -> CalendarView:
    await repository.write_version(uow)
    uow.publish(CalendarChanged(row.id, row.version))
    return _view(row)


async def _current(uow: UnitOfWork, calendar_id: str) -> Calendar:
    row = await versions.current(uow, Calendar, calendar_id)
    if row is None:
        raise NotFoundError("tenancy.calendar_unknown")
    return row


async def _check(body: CalendarBody, now: datetime) -> None:
    zone_of(body.timezone)
    named = Counter([*body.holidays, *(special.date for special in body.special_days)])
    twice = sorted(day for day, times in named.items() if times > 1)
    if twice:
        raise CalendarInvalidError("tenancy.day_twice", dates=twice)
    await _build(body, now.year, now.year)


async def _build(source: CalendarBody | CalendarView, first_year: int, last_year: int) -> CalendarSpec:
    week: list[list[Span]] = [[] for _ in DAYS]
    for hours in source.hours:
        week[DAYS.index(hours.day)].append(parse_span(hours.start, hours.end))
    own_days: dict[date, Iterable[Span]] = dict.fromkeys(source.holidays, ())
    own_days.update({special.date: _spans(special.hours) for special in source.special_days})
    found: Sequence[date] = ()
    if source.public_holidays is not None:
        # A country's first look-up loads its rules, too long a while for the loop that also serves sockets.
        found = await asyncio.to_thread(public_holidays, source.public_holidays, first_year, last_year)
    return build_spec(source.timezone, week, found, own_days, date(last_year, 12, 31))


def _spans(hours: Iterable[Hours]) -> list[Span]:
    return [parse_span(span.start, span.end) for span in hours]


def _values(body: CalendarBody) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.to_builtins(body)
    return {name: kept[name] for name in kept if name not in {"reason", "version"}}


def _view(row: Calendar) -> CalendarView:
    kept = msgspec.convert(
        {"name": row.name, "timezone": row.timezone, "hours": row.hours, "holidays": row.holidays,
         "special_days": row.special_days, "public_holidays": row.public_holidays},
        CalendarBody,
    )  # fmt: skip
    return CalendarView(
        row.id, row.version, kept.name, kept.timezone, kept.hours, kept.holidays, kept.special_days,
        kept.public_holidays, row.author_id, row.at, row.reason,
    )  # fmt: skip
