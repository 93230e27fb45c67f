"""Watches the event loop for stalls: in `core` one over 20 ms is a bug."""

import asyncio
from typing import Final

from intercanal.infra.telemetry.metrics import counter, histogram

PERIOD: Final = 0.25
STALL: Final = 0.02

STALLS = counter("loop_stalls_total", "Times the event loop was found more than 20 ms late", ("process",))
LAG = histogram("loop_lag_seconds", "How late the event loop was, looked at four times a second", ("process",))


class StallWatch:
    """Asks the loop to call back at a known time, and measures how late it does."""

    def __init__(self, process: str) -> None:
        self._stalls = STALLS.labels(process)
        self._lag = LAG.labels(process)
        self._timer: asyncio.TimerHandle | None = None
        self.stalls = 0

    def start(self) -> None:
        """Begin, on the running loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PERIOD, self._look, loop, loop.time() + PERIOD)

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self, loop: asyncio.AbstractEventLoop, expected: float) -> None:
        lag = max(0.0, loop.time() - expected)
        self._lag.observe(lag)
        if lag > STALL:
            self.stalls += 1
            self._stalls.inc()
        self._timer = loop.call_later(PERIOD, self._look, loop, loop.time() + PERIOD)
