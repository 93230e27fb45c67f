"""A clock for decisions that follows the machine's but never goes back, and keeps running when the machine's does."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from intercanal.kernel.clock import Clock


class SteadyClock:
    """`now` never decreases: after a jump back, time goes on at the pace of the monotonic clock."""

    def __init__(self, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._last = clock.now()
        self._last_monotonic = monotonic()

    def now(self) -> datetime:
        """Return the later of the wall clock and the last instant plus what really went by."""
        tick = self._monotonic()
        elapsed = timedelta(seconds=max(0.0, tick - self._last_monotonic))
        self._last = max(self._clock.now(), self._last + elapsed)
        self._last_monotonic = tick
        return self._last

    def at_least(self, instant: datetime) -> None:
        """Never be earlier than an instant that a journal already holds."""
        self._last = max(self._last, instant)
