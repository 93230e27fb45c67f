"""The engine: owns domains, gathers their commands into batches, journals them, and only then lets anything out."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.dispatch import Bounds, Dispatch
from intercanal.infra.live.domain import Domain, Submission
from intercanal.infra.live.feed import Acked, Listener
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.steady import SteadyClock
from intercanal.infra.live.writer import Writer
from intercanal.kernel.clock import Clock
from intercanal.kernel.errors import TooManyError, UnavailableError
from intercanal.kernel.ids import DomainId, TenantId
from intercanal.kernel.live import Command, Words

__all__ = ["Bounds", "Engine"]

log = structlog.get_logger(__name__)

_LONGEST_SLEEP_S = 5.0  # a timer looks at the wall clock at least this often, in case it was moved


class Engine:
    """The owner's side of live work; one instance in each process that may own domains."""

    def __init__(
        self,
        core: LiveCore,
        journal: Journal,
        clock: Clock,
        *,
        on_open: Sequence[Command] = (),
        bounds: Bounds | None = None,
    ) -> None:
        self.core = core
        self.listeners: list[Listener] = []
        self.on_opened: list[Callable[[TenantId, int], None]] = []
        self.on_closed: list[Callable[[TenantId], None]] = []
        self.fallen: set[TenantId] = set()
        self._journal = journal
        self._clock = clock
        self._on_open = tuple(on_open)
        self._bounds = bounds or Bounds()
        self._writer = Writer(journal, self._bounds.batch, self._tell, self._lose)
        self._dispatch = Dispatch(self._writer, self._bounds, self._arm_timer, self._lose)
        self._domains: dict[TenantId, Domain] = {}
        self._opening: dict[TenantId, asyncio.Task[Domain]] = {}
        self._closing = False

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        """Decide a command of a domain that this process may own; see `client.Live.submit`."""
        if self._closing:
            raise UnavailableError("live.closing", retry_after_s=1)
        domain = self._domains.get(tenant_id) or await self.open(tenant_id)
        if domain.lost:
            raise UnavailableError("live.owner_changed", retry_after_s=1)
        if len(domain.pending) >= self._bounds.pending:
            raise TooManyError("live.full", retry_after_s=1)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        patience = loop.call_later(self._bounds.answer_within_s, _give_up, future)
        self._enqueue(domain, Submission(command, actor, key, words, future))
        try:
            return await future
        finally:
            patience.cancel()

    async def open(self, tenant_id: TenantId) -> Domain:
        """Become the owner of a domain: raise its epoch, load its world, tell it that its owner is new."""
        if tenant_id in self._domains:
            return self._domains[tenant_id]
        return await asyncio.shield(self._begin(tenant_id))

    def open_again(self, tenant_id: TenantId) -> None:
        """Become the owner of a domain that fell, in the background: nobody may ask for it, yet its timers go on."""
        self._begin(tenant_id).add_done_callback(_report)

    def _begin(self, tenant_id: TenantId) -> asyncio.Task[Domain]:
        if tenant_id not in self._opening:
            task = asyncio.create_task(self._open(tenant_id))
            self._opening[tenant_id] = task
            task.add_done_callback(lambda _: self._opening.pop(tenant_id, None))
        return self._opening[tenant_id]

    async def _open(self, tenant_id: TenantId) -> Domain:
        clock = SteadyClock(self._clock)
        domain = Domain(tenant_id, DomainId(tenant_id), self.core, clock, self.core.new_world(tenant_id))
        domain.epoch, domain.sequence, last_at = await self._journal.own(tenant_id, domain.id, clock.now())
        clock.at_least(last_at)
        await self._writer.reload(domain)
        if self._closing:
            raise UnavailableError("live.closing", retry_after_s=1)
        self._domains[tenant_id] = domain
        self.fallen.discard(tenant_id)
        for command in self._on_open:
            self._enqueue(domain, _own(command))
        self._arm_timer(domain)
        for opened in self.on_opened:
            opened(tenant_id, domain.sequence)
        log.info("live.domain_opened", tenant_id=tenant_id, epoch=domain.epoch, sequence=domain.sequence)
        return domain

    def drop(self, tenant_id: TenantId) -> None:
        """Stop owning a domain at once; whatever waits is told to try again elsewhere."""
        domain = self._domains.pop(tenant_id, None)
        self.fallen.discard(tenant_id)
        if domain is not None:
            domain.lost = True
            self._dispatch.forget(domain)
            domain.abandon("live.owner_changed")
            for closed in self.on_closed:
                closed(tenant_id)

    def _lose(self, domain: Domain) -> None:
        """Stop owning a domain that broke or was taken; whoever holds its lease has to open it again."""
        if self._domains.get(domain.tenant_id) is domain:
            self.drop(domain.tenant_id)
            self.fallen.add(domain.tenant_id)

    @property
    def owned(self) -> list[TenantId]:
        """The tenants whose domains this process owns now."""
        return list(self._domains)

    def sequence(self, tenant_id: TenantId) -> int | None:
        """The last durable sequence of an owned domain."""
        domain = self._domains.get(tenant_id)
        return domain.sequence if domain else None

    async def drain(self) -> None:
        """Take no more commands, finish those that wait, and give everything up."""
        self._closing = True
        await self._dispatch.finish()
        self._journal.close()
        for tenant_id in self.owned:
            self.drop(tenant_id)

    def _enqueue(self, domain: Domain, submission: Submission) -> None:
        domain.pending.append(submission)
        self._dispatch.make_ready(domain)

    def _tell(self, acked: Acked) -> None:
        for listener in self.listeners:
            listener(acked)

    def _arm_timer(self, domain: Domain) -> None:
        if domain.timer_handle is not None:
            domain.timer_handle.cancel()
            domain.timer_handle = None
        due = domain.next_due()
        if due is None or domain.lost or self._closing:
            return
        delay = (due - domain.clock.now()).total_seconds()
        wait = min(max(delay, 0.0), _LONGEST_SLEEP_S)
        domain.timer_handle = asyncio.get_running_loop().call_later(wait, self._fire, domain)

    def _fire(self, domain: Domain) -> None:
        domain.timer_handle = None
        for command in domain.take_due(self._bounds.timers):
            self._enqueue(domain, _own(command))
        if not domain.in_flight:
            self._arm_timer(domain)


def _own(command: Command) -> Submission:
    """Make a submission of the engine itself, which nobody awaits."""
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    future.add_done_callback(_report)
    return Submission(command, "engine", None, (), future)


def _report(future: asyncio.Future[Any]) -> None:
    """Take note when the engine's own command failed: nobody else awaits it."""
    if not future.cancelled() and (error := future.exception()) is not None:
        log.warning("live.own_command_failed", kind=type(error).__name__, code=getattr(error, "code", ""))


def _give_up(answer: asyncio.Future[Outcome]) -> None:
    """Answer a caller who may wait no longer; asking again under the same key tells what became of it."""
    if not answer.done():
        answer.set_exception(UnavailableError("live.storage", retry_after_s=2))
