"""The clock as a port, so that tests and simulations own time."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows what time it is, in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told, for tests and simulation."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the instant it was last set to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move by a number of seconds; a negative number is a clock jumping back."""
        self._now += timedelta(seconds=seconds)
