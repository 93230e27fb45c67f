"""The rules of a calendar, one by one: lunch, past midnight, holidays, clock changes, and calendars that never open."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from intercanal.tenancy.domain.calendars import (
    CalendarSpec,
    Change,
    Span,
    build_spec,
    due_at,
    format_span,
    is_open,
    next_change,
    parse_span,
)
from intercanal.tenancy.errors import CalendarInvalidError, CalendarNeverOpensError, DueTooFarError

PARIS = ZoneInfo("Europe/Paris")
NEVER = date(2040, 1, 1)
OFFICE = [[parse_span("09:00", "12:00"), parse_span("13:00", "17:00")]] * 5 + [[], []]
NIGHT = [[parse_span("22:00", "06:00")]] * 7
ALWAYS = [[parse_span("00:00", "24:00")]] * 7


def paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS)  # type: ignore[misc,arg-type]  # the parts of a date are spread


def office(**own_days: list[Span]) -> CalendarSpec:
    days = {date.fromisoformat(key[1:].replace("_", "-")): value for key, value in own_days.items()}
    return build_spec("Europe/Paris", OFFICE, [date(2026, 12, 25)], days, NEVER)


def night(*holidays: date) -> CalendarSpec:
    return build_spec("Europe/Paris", NIGHT, holidays, {}, NEVER)


def test_a_span_includes_its_start_and_not_its_end() -> None:
    spec = office()
    assert [
        is_open(spec, paris(2026, 11, 24, *at)) for at in ((8, 59, 59), (9, 0), (11, 59, 59), (12, 0), (13, 0))
    ] == [
        False,
        True,
        True,
        False,
        True,
    ]


def test_due_skips_lunch_a_holiday_and_the_weekend() -> None:
    assert due_at(office(), paris(2026, 12, 24, 16, 30), 60) == paris(2026, 12, 28, 9, 30)
    assert due_at(office(), paris(2026, 11, 24, 11, 30), 60) == paris(2026, 11, 24, 13, 30)


def test_due_at_the_last_open_minute_is_the_closing_time_and_not_the_next_opening() -> None:
    assert due_at(office(), paris(2026, 11, 24, 16, 0), 60) == paris(2026, 11, 24, 17, 0)


def test_no_minutes_at_all_are_due_at_once_even_when_closed() -> None:
    assert due_at(office(), paris(2026, 11, 22, 3, 0), 0) == paris(2026, 11, 22, 3, 0)


def test_seconds_of_the_start_are_kept() -> None:
    assert due_at(office(), paris(2026, 11, 24, 16, 59, 30), 1) == paris(2026, 11, 25, 9, 0, 30)


def test_a_span_past_midnight_belongs_to_its_first_day() -> None:
    spec = night(date(2026, 12, 25))
    assert is_open(spec, paris(2026, 12, 25, 5, 0))
    assert not is_open(spec, paris(2026, 12, 25, 23, 0))
    assert not is_open(spec, paris(2026, 12, 26, 5, 0))
    assert is_open(spec, paris(2026, 12, 26, 23, 0))


def test_own_hours_replace_the_week_and_a_public_holiday() -> None:
    spec = office(d2026_12_25=[parse_span("10:00", "11:00")], d2026_11_24=[])
    assert is_open(spec, paris(2026, 12, 25, 10, 30))
    assert not is_open(spec, paris(2026, 12, 25, 9, 30))
    assert not is_open(spec, paris(2026, 11, 24, 10, 0))


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 24), 24)])
def test_a_whole_day_lasts_as_long_as_it_really_lasts(day: tuple[int, int, int], hours: int) -> None:
    spec = build_spec("Europe/Paris", [[]] * 7, [], {date(*day): [parse_span("00:00", "24:00")]}, NEVER)
    begins = paris(*day)
    assert due_at(spec, begins, hours * 60) == (paris(*day) + timedelta(days=1))
    with pytest.raises(DueTooFarError):
        due_at(spec, begins, hours * 60 + 1)


@pytest.mark.parametrize(("start", "hours"), [((2026, 3, 28, 22), 7), ((2026, 10, 24, 22), 9), ((2026, 11, 24, 22), 8)])
def test_a_night_shift_lasts_seven_eight_or_nine_hours(start: tuple[int, int, int, int], hours: int) -> None:
    at = paris(*start).astimezone(UTC)
    assert next_change(night(), at) == Change(at + timedelta(hours=hours), opens=False)


def test_opening_at_an_hour_that_the_clock_skips_opens_when_it_jumps() -> None:
    spec = build_spec("Europe/Paris", [[parse_span("02:30", "04:00")]] * 7, [], {}, NEVER)
    jump = datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert not is_open(spec, jump - timedelta(seconds=1))
    assert is_open(spec, jump)
    assert due_at(spec, jump - timedelta(hours=1), 60) == datetime(2026, 3, 29, 2, tzinfo=UTC)


def test_a_span_within_a_skipped_hour_has_no_length() -> None:
    spec = build_spec("Europe/Paris", [[]] * 7, [], {date(2026, 3, 29): [parse_span("02:10", "02:50")]}, NEVER)
    with pytest.raises(CalendarNeverOpensError):
        due_at(spec, paris(2026, 3, 28), 1)


def test_a_day_that_a_zone_never_had_is_never_open() -> None:
    spec = build_spec("Pacific/Apia", [[]] * 7, [], {date(2011, 12, 30): [parse_span("00:00", "24:00")]}, NEVER)
    assert next_change(spec, datetime(2011, 12, 28, tzinfo=UTC)) is None


def test_a_calendar_that_never_opens_says_so_and_ends() -> None:
    spec = build_spec("Asia/Kolkata", [[]] * 7, [], {}, NEVER)
    assert next_change(spec, paris(2026, 11, 24)) is None
    with pytest.raises(CalendarNeverOpensError) as refused:
        due_at(spec, paris(2026, 11, 24), 1)
    assert refused.value.code == "tenancy.calendar_never_opens"


def test_a_calendar_that_never_closes_has_no_change() -> None:
    spec = build_spec("America/New_York", ALWAYS, [], {}, NEVER)
    assert next_change(spec, paris(2026, 11, 24)) is None
    assert due_at(spec, paris(2026, 11, 24), 60 * 24 * 200) == paris(2026, 11, 24).astimezone(UTC) + timedelta(days=200)


def test_an_opening_more_than_a_year_ahead_is_found() -> None:
    spec = build_spec("Europe/Paris", [[]] * 7, [], {date(2028, 2, 29): [parse_span("10:00", "11:00")]}, NEVER)
    assert next_change(spec, paris(2026, 11, 24)) == Change(paris(2028, 2, 29, 10).astimezone(UTC), opens=True)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", "", "Europe", "europe/paris"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(CalendarInvalidError) as refused:
        build_spec(zone, OFFICE, [], {}, NEVER)
    assert refused.value.code == "tenancy.timezone_unknown"


@pytest.mark.parametrize(
    ("start", "end"),
    [("09:00", "09:00"), ("24:00", "09:00"), ("9:00", "10:00"), ("09:00", "24:01"), ("09:60", "10:00")],
)
def test_a_span_that_is_none_is_refused(start: str, end: str) -> None:
    with pytest.raises(CalendarInvalidError):
        parse_span(start, end)


@pytest.mark.parametrize(
    ("start", "end"), [("09:00", "12:00"), ("00:00", "24:00"), ("22:00", "06:00"), ("23:59", "24:00")]
)
def test_a_span_is_written_back_as_it_was_read(start: str, end: str) -> None:
    assert format_span(parse_span(start, end)) == (start, end)


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_an_instant_out_of_all_range_is_refused(at: datetime) -> None:
    for ask in (is_open, next_change):
        with pytest.raises(CalendarInvalidError):
            ask(office(), at)
    with pytest.raises(CalendarInvalidError):
        due_at(office(), at, 1)


def test_the_data_of_a_calendar_survives_a_journal() -> None:
    spec = office(d2026_12_24=[parse_span("09:00", "12:00")])
    assert msgspec.json.decode(msgspec.json.encode(spec), type=CalendarSpec) == spec
