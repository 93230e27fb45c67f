"""Calendars against a brute-force walker: the same minutes open, the same changes, the same due times."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st

from intercanal.tenancy.domain.calendars import CalendarSpec, Span, build_spec, due_at, is_open, next_change, zone_of

ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
MINUTE = timedelta(minutes=1)
WALK_DAYS = 4

# Instants near which a zone above changes its clock; Apia skipped the whole of 30 December 2011.
CLOCK_CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2027, 3, 14, 7, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),
    datetime(2012, 3, 31, 14, tzinfo=UTC),
)

spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(0, 1439),
    st.integers(1, 1439) | st.sampled_from([30, 60, 120, 480]),
)
days = st.lists(spans, max_size=3)
near_changes = st.builds(
    lambda at, minutes: at + minutes * MINUTE, st.sampled_from(CLOCK_CHANGES), st.integers(-2 * 1440, 1440)
)
anywhere = st.integers(0, 36 * 365 * 1440).map(lambda minutes: datetime(2001, 1, 1, tzinfo=UTC) + minutes * MINUTE)


@st.composite
def cases(draw: st.DrawFn) -> tuple[CalendarSpec, datetime]:
    at = draw(near_changes | anywhere)
    dates = st.integers(-3, 3).map(lambda days: (at + timedelta(days=days)).date())
    spec = build_spec(
        draw(st.sampled_from(ZONES)),
        draw(st.lists(days, min_size=7, max_size=7)),
        draw(st.lists(dates, max_size=1)),
        draw(st.dictionaries(dates, days, max_size=2)),
        date(2040, 1, 1),
    )
    return spec, at


def walk(spec: CalendarSpec, start: datetime) -> Iterator[tuple[datetime, bool]]:
    """Read the wall clock minute by minute, never letting it go back, and look each reading up in the spans."""
    zone = zone_of(spec.zone)
    highest = (start - timedelta(days=9)).replace(tzinfo=None)
    at = start - timedelta(days=3)
    while at < start + timedelta(days=WALK_DAYS):
        highest = max(highest, at.astimezone(zone).replace(tzinfo=None))
        if at >= start:
            yield at, shows_open(spec, highest)
        at += MINUTE


def shows_open(spec: CalendarSpec, wall: datetime) -> bool:
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        minute = (wall - datetime.combine(day, time())) // MINUTE
        day_spans = spec.days[day] if day in spec.days else spec.week[day.weekday()]
        if any(span.start <= minute < span.end for span in day_spans):
            return True
    return False


def insist_on_the_wall_clock(spec: CalendarSpec, start: datetime) -> None:
    walked = list(walk(spec, start))
    changes = [(at, is_now) for (_, was), (at, is_now) in pairwise(walked) if was is not is_now]
    for at, expected in walked[::7]:
        assert is_open(spec, at) is expected
    for at, expected in changes:
        assert is_open(spec, at) is expected
        assert is_open(spec, at - MINUTE) is not expected
    found = next_change(spec, start)
    if changes:
        assert found is not None
        assert (found.at, found.opens) == changes[0]
    elif found is not None:
        assert found.at >= walked[-1][0] + MINUTE


@seed(20261121)
@settings(max_examples=6, deadline=None)
@given(cases())
def test_open_minutes_and_changes_are_those_of_the_wall_clock(case: tuple[CalendarSpec, datetime]) -> None:
    insist_on_the_wall_clock(*case)


@pytest.mark.slow
@seed(20261124)
@settings(max_examples=100, deadline=None)
@given(cases())
def test_open_minutes_of_many_calendars_are_those_of_the_wall_clock(case: tuple[CalendarSpec, datetime]) -> None:
    insist_on_the_wall_clock(*case)


def insist_on_open_minutes_passed(spec: CalendarSpec, start: datetime, minutes: int) -> None:
    open_minutes = [at for at, is_now in walk(spec, start) if is_now]
    if len(open_minutes) >= minutes:
        assert due_at(spec, start, minutes) == open_minutes[minutes - 1] + MINUTE
    elif open_minutes:
        part = len(open_minutes)
        assert due_at(spec, start, part) == open_minutes[-1] + MINUTE


@seed(20261122)
@settings(max_examples=6, deadline=None)
@given(cases(), st.integers(1, 3000))
@example(
    (build_spec("Pacific/Apia", [[Span(0, 1440)]] * 7, [], {}, date(2040, 1, 1)), datetime(2011, 12, 29, tzinfo=UTC)),
    2000,
)
def test_due_is_the_minute_at_which_so_many_open_minutes_have_passed(
    case: tuple[CalendarSpec, datetime], minutes: int
) -> None:
    insist_on_open_minutes_passed(*case, minutes)


@pytest.mark.slow
@seed(20261125)
@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(1, 3000))
def test_due_in_many_calendars_is_the_minute_at_which_so_many_have_passed(
    case: tuple[CalendarSpec, datetime], minutes: int
) -> None:
    insist_on_open_minutes_passed(*case, minutes)


@seed(20261123)
@settings(max_examples=100, deadline=None)
@given(cases(), st.integers(1, 2000), st.integers(1, 2000))
def test_two_delays_in_a_row_are_one_delay(case: tuple[CalendarSpec, datetime], first: int, second: int) -> None:
    spec, start = case
    if not any(spec.week):
        return
    assert due_at(spec, due_at(spec, start, first), second) == due_at(spec, start, first + second)
