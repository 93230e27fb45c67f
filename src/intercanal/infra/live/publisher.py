"""Tells other processes at once what was decided in this one; what it drops, the durable stream repeats."""

import asyncio
import contextlib

from intercanal.infra.bus.port import Bus
from intercanal.infra.live import feed
from intercanal.infra.live.feed import Acked

_WAITING = 1_000


class Publisher:
    """Publishes acknowledged batches on the bus, in order, without ever holding the engine up."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._waiting: asyncio.Queue[Acked] = asyncio.Queue(_WAITING)
        self._task: asyncio.Task[None] | None = None

    def heard(self, acked: Acked) -> None:
        """Take a batch; when too many wait it is dropped, and listeners see the gap in its numbers."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(acked)

    def start(self) -> None:
        """Begin to publish."""
        self._task = asyncio.create_task(self._run(), name="live-publisher")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            acked = await self._waiting.get()
            await self._bus.publish(f"t.{acked.tenant_id}.live", feed.encode(acked))
