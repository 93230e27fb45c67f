"""What higher floors' live code may use of calendars: plain data and pure functions over it."""

from intercanal.tenancy.domain.calendars import CalendarSpec, Change, Span, is_open, next_change

__all__ = ["CalendarSpec", "Change", "Span", "is_open", "next_change"]
