"""Gathers the domains that have something waiting into batches, a few at a time, and never one domain twice at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from intercanal.infra.live.domain import Domain
from intercanal.infra.live.writer import Writer
from intercanal.kernel.ids import TenantId

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Bounds:
    """How much the engine takes at once; past `pending` commands of a domain the edge answers 429."""

    window_s: float = 0.002
    writers: int = 3
    pending: int = 10_000
    batch: int = 500
    timers: int = 1_000
    answer_within_s: float = 8.0


class Dispatch:
    """Runs the batches; `rested` hears of each domain that comes out of one, `lose` of each that a crash took."""

    def __init__(
        self, writer: Writer, bounds: Bounds, rested: Callable[[Domain], None], lose: Callable[[Domain], None]
    ) -> None:
        self._writer = writer
        self._bounds = bounds
        self._rested = rested
        self._lose = lose
        self._ready: dict[TenantId, Domain] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._flush: asyncio.TimerHandle | None = None

    def make_ready(self, domain: Domain) -> None:
        """Take a domain into one of the next batches, unless it is in one already."""
        if not domain.in_flight and not domain.lost and domain.tenant_id not in self._ready:
            self._ready[domain.tenant_id] = domain
            if self._flush is None:
                self._flush = asyncio.get_running_loop().call_later(self._bounds.window_s, self._kick)

    def forget(self, domain: Domain) -> None:
        """Leave a domain out, as it is no longer owned."""
        self._ready.pop(domain.tenant_id, None)

    async def finish(self) -> None:
        """Write all that waits."""
        while self._ready or self._running:
            self._kick()
            if self._running:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)

    def _kick(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        free = self._bounds.writers - len(self._running)
        while free > 0 and self._ready:
            share = -(-len(self._ready) // free)
            domains = [self._ready.pop(key) for key in list(self._ready)[:share]]
            for domain in domains:
                domain.in_flight = True
            task = asyncio.create_task(self._run(domains))
            self._running.add(task)
            task.add_done_callback(self._ran)
            free -= 1

    def _ran(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("live.batch_crashed", exc_info=task.exception())
        self._kick()

    async def _run(self, domains: Sequence[Domain]) -> None:
        """Write a batch; those it holds for go on at once, the others are taken apart afterwards."""
        left = {domain.tenant_id: domain for domain in domains}
        try:
            troubled = await self._writer.write_together(domains)
            apart = [share.domain.tenant_id for share in troubled]
            for tenant_id in [each for each in left if each not in apart]:
                self._end(left.pop(tenant_id))
            for share in troubled:
                await self._writer.take_apart(share)
                self._end(left.pop(share.domain.tenant_id))
        except BaseException:
            for domain in left.values():
                self._lose(domain)
            raise
        finally:
            for domain in left.values():
                self._end(domain)

    def _end(self, domain: Domain) -> None:
        domain.in_flight = False
        domain.release()
        if domain.pending:
            self.make_ready(domain)
        self._rested(domain)
