"""Opening hours in any zone: when a calendar is open, when that changes, and when so many open minutes have passed.

A time of day becomes the first instant at which the wall clock shows it or later. So an hour that a clock change
skips has no length, an hour that comes twice counts fully, and adjoining spans stay adjoining on such nights.
Zones come from the locked `tzdata` alone: a decision re-run on another machine finds the same hours.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

import msgspec

from intercanal.tenancy.errors import CalendarInvalidError, CalendarNeverOpensError, DueTooFarError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
CHANGE_DAYS = 800
DUE_DAYS = 3660
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_Interval = tuple[datetime, datetime]


class Span(msgspec.Struct, frozen=True, array_like=True):
    """Minutes counted from the midnight that begins its day; past midnight `end` exceeds 1440."""

    start: int
    end: int


class CalendarSpec(msgspec.Struct, frozen=True):
    """Opening hours as plain data: seven weekdays from Monday, and each date that differs, closed when it has no span.

    `known_until` is the last date whose public holidays are among `days`; later dates follow the week alone.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    days: dict[date, tuple[Span, ...]]
    known_until: date


class Change(msgspec.Struct, frozen=True):
    """The instant at which a calendar opens or closes."""

    at: datetime
    opens: bool


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all IANA zones, old links included."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def zone_of(name: str) -> ZoneInfo:
    """Return a zone from the locked tables; an unknown name raises `tenancy.timezone_unknown`."""
    if name not in zone_names():
        raise CalendarInvalidError("tenancy.timezone_unknown", timezone=name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as table:
        return ZoneInfo.from_file(table, key=name)


def parse_span(start: str, end: str) -> Span:
    """Read `09:00`-`17:00`; an end before its start is past midnight, an end equal to its start is refused."""
    first, last = _minute_of(start), _minute_of(end)
    if first in {DAY_MINUTES, last}:
        raise CalendarInvalidError("tenancy.span_empty", **{"from": start, "to": end})
    return Span(first, last if last > first else last + DAY_MINUTES)


def format_span(span: Span) -> tuple[str, str]:
    """Write a span back as two times of day."""
    end = span.end if span.end <= DAY_MINUTES else span.end - DAY_MINUTES
    return _format_minute(span.start), _format_minute(end)


def build_spec(
    zone: str,
    week: Sequence[Iterable[Span]],
    holidays: Iterable[date],
    own_days: Mapping[date, Iterable[Span]],
    known_until: date,
) -> CalendarSpec:
    """Make a calendar's data; a day of one's own, closed or with special hours, wins over a public holiday."""
    zone_of(zone)
    days: dict[date, tuple[Span, ...]] = dict.fromkeys(holidays, ())
    days.update({day: _ordered(spans) for day, spans in own_days.items()})
    return CalendarSpec(zone, tuple(_ordered(spans) for spans in week), dict(sorted(days.items())), known_until)


def require_instant(at: datetime) -> None:
    """Refuse an instant so early or late that zones and dates have no meaning there."""
    if not EARLIEST <= at <= LATEST:
        raise CalendarInvalidError(
            "tenancy.instant_out_of_range", earliest=EARLIEST.isoformat(), latest=LATEST.isoformat()
        )


def is_open(spec: CalendarSpec, at: datetime) -> bool:
    """Say whether the calendar is open at an instant; a span includes its start and not its end."""
    require_instant(at)
    return any(start <= at for start, _ in _open_after(spec, at, days=2))


def next_change(spec: CalendarSpec, at: datetime) -> Change | None:
    """Find the first opening or closing after an instant; None when nothing changes in the two years ahead."""
    require_instant(at)
    closing: datetime | None = None
    for start, end in _open_after(spec, at, CHANGE_DAYS):
        if closing is None and start > at:
            return Change(start, opens=True)
        if closing is not None and start > closing:
            return Change(closing, opens=False)
        closing = end
    if closing is None or closing >= at + timedelta(days=CHANGE_DAYS - 2):
        return None
    return Change(closing, opens=False)


def due_at(spec: CalendarSpec, start: datetime, minutes: int) -> datetime:
    """Find the first instant by which so many open minutes have passed, as elapsed time, since `start`."""
    require_instant(start)
    start = start.astimezone(UTC)
    left = timedelta(minutes=minutes)
    if not left:
        return start
    has_opened = False
    for opens, closes in _open_after(spec, start, DUE_DAYS):
        has_opened = True
        begins = max(opens, start)
        if closes - begins >= left:
            return begins + left
        left -= closes - begins
    until = (start + timedelta(days=DUE_DAYS)).date().isoformat()
    raise DueTooFarError(until) if has_opened else CalendarNeverOpensError(until)


def _open_after(spec: CalendarSpec, since: datetime, days: int) -> Iterator[_Interval]:
    # Two days back: a span lasts into the next day, and a zone may have dropped a whole day in between.
    first = since.astimezone(zone_of(spec.zone)).date() - timedelta(days=2)
    covered = datetime.min.replace(tzinfo=UTC)
    for number in range(days + 3):
        day = first + timedelta(days=number)
        spans = spec.days.get(day)
        for start, end in _intervals(spec.zone, day, spec.week[day.weekday()] if spans is None else spans):
            if end > since and end > covered:
                yield max(start, covered), end
                covered = end


@lru_cache(maxsize=8192)
def _intervals(zone_name: str, day: date, spans: tuple[Span, ...]) -> tuple[_Interval, ...]:
    zone = zone_of(zone_name)
    found = ((_instant(day, span.start, zone), _instant(day, span.end, zone)) for span in spans)
    return tuple((start, end) for start, end in found if start < end)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a wall clock reading
    before, after = _offset(wall, zone, 0), _offset(wall, zone, 1)
    if before >= after:
        return (wall - before).replace(tzinfo=UTC)
    # The reading is skipped: look for the second at which the clock jumps over it.
    low, high = 0, int((after - before).total_seconds())
    origin = (wall - after).replace(tzinfo=UTC)
    while high - low > 1:
        middle = (low + high) // 2
        shows = (origin + timedelta(seconds=middle)).astimezone(zone).replace(tzinfo=None)
        low, high = (low, middle) if shows >= wall else (middle, high)
    return origin + timedelta(seconds=high)


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta()


def _ordered(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(set(spans), key=lambda span: (span.start, span.end)))


def _minute_of(text: str) -> int:
    if _TIME_OF_DAY.fullmatch(text) is None:
        raise CalendarInvalidError("tenancy.time_of_day", value=text)
    return int(text[:2]) * 60 + int(text[3:])


def _format_minute(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
