"""Who owns which domains: leases on shards of tenants, taken, renewed and given back."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from intercanal.infra.bus.port import LeaseLostError, Leases
from intercanal.infra.live.client import SHARDS, shard_of
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.journal import Journal
from intercanal.infra.live.remote import LiveServer
from intercanal.kernel.ids import TenantId

log = structlog.get_logger(__name__)

RENEW_S = 0.5


class Domains(Protocol):
    """What the owner opens and drops as leases come and go."""

    async def open_shard(self, shard: int) -> None:
        """Own the domains of a shard."""
        ...

    def keep_shard(self, shard: int) -> None:
        """Begin to open again what fell of a shard that is still held."""
        ...

    async def drop_shard(self, shard: int) -> None:
        """Stop owning the domains of a shard at once."""
        ...


class Owner:
    """Holds as many shards as it can get; the fence in PostgreSQL protects even when a lease lies.

    A bus that is away stops nobody: the owner goes on behind its fence and takes its leases again afterwards.
    """

    def __init__(self, leases: Leases, domains: Domains, holder: str) -> None:
        self._leases = leases
        self._domains = domains
        self._holder = holder
        self._held: dict[int, int] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def owns(self, tenant_id: TenantId) -> bool:
        """Say whether this process holds the tenant's shard."""
        return shard_of(tenant_id) in self._held

    async def start(self) -> None:
        """Take what is free now, then keep at it."""
        await self._round()
        if self._opening:
            await asyncio.wait(self._opening)
        self._task = asyncio.create_task(self._keep(), name="live-owner")

    async def stop(self) -> None:
        """Give every lease back, so that the next owner need not wait for their end."""
        self._closing.set()
        if self._task is not None:
            await self._task
        for shard, revision in list(self._held.items()):
            await self._leases.release(_name(shard), revision)
        self._held.clear()

    async def _keep(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), RENEW_S)
            if not self._closing.is_set():
                await self._round()

    async def _round(self) -> None:
        for shard in range(SHARDS):
            if shard in self._held:
                await self._guarded(self._renew, shard)
            else:
                await self._guarded(self._acquire, shard)

    async def _guarded(self, action: Callable[[int], Awaitable[None]], shard: int) -> None:
        try:
            await action(shard)
        except Exception as error:  # noqa: BLE001 - whatever is away, this round changes nothing and the next tries
            log.info("live.lease_round_failed", shard=shard, kind=type(error).__name__)

    async def _acquire(self, shard: int) -> None:
        revision = await self._leases.acquire(_name(shard), self._holder)
        if revision is None:
            return
        self._held[shard] = revision
        task = asyncio.create_task(self._open(shard), name=f"open-shard-{shard}")
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, shard: int) -> None:
        """Open in the background: loading a large domain must not let the other leases end."""
        try:
            await self._domains.open_shard(shard)
        except Exception as error:
            log.exception("live.shard_not_opened", shard=shard, kind=type(error).__name__)
            revision = self._held.pop(shard, 0)
            await self._leases.release(_name(shard), revision)
        if shard not in self._held:  # lost while it was being opened
            await self._domains.drop_shard(shard)

    async def _renew(self, shard: int) -> None:
        try:
            self._held[shard] = await self._leases.renew(_name(shard), self._holder, self._held[shard])
        except LeaseLostError:
            again = await self._leases.acquire(_name(shard), self._holder)
            if again is not None:
                self._held[shard] = again
                return
            log.warning("live.lease_lost", shard=shard)
            del self._held[shard]
            await self._domains.drop_shard(shard)
        else:
            self._domains.keep_shard(shard)


class OwnedDomains:
    """Ties shards to the engine and to its door on the bus."""

    def __init__(self, engine: Engine, server: LiveServer, journal: Journal) -> None:
        self._engine = engine
        self._server = server
        self._journal = journal

    async def open_shard(self, shard: int) -> None:
        """Open every known domain of a shard, then answer for it."""
        for tenant_id in await self._journal.tenants():
            if shard_of(tenant_id) == shard:
                await self._engine.open(tenant_id)
        await self._server.serve(shard)

    def keep_shard(self, shard: int) -> None:
        """Open again what broke or was taken by an owner without a lease: its timers must go on."""
        for tenant_id in self._engine.fallen:
            if shard_of(tenant_id) == shard:
                self._engine.open_again(tenant_id)

    async def drop_shard(self, shard: int) -> None:
        """Answer no more for a shard and let its domains go."""
        await self._server.stop(shard)
        for tenant_id in (*self._engine.owned, *self._engine.fallen):
            if shard_of(tenant_id) == shard:
                self._engine.drop(tenant_id)


def _name(shard: int) -> str:
    return f"shard.{shard}"
