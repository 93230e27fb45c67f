"""Commands from other processes: served by the owner over the bus, asked for by everybody else."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from intercanal.infra.bus.port import Bus, NoResponderError, Subscription
from intercanal.infra.live.client import Key, Live, Outcome, shard_of
from intercanal.infra.live.core import LiveCore
from intercanal.kernel import errors
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.errors import IntercanalError, UnavailableError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Refused, Words

log = structlog.get_logger(__name__)

REQUEST_TIMEOUT_S = 10.0
OWNER_WAIT_S = 6.0

_KINDS: dict[str, type[IntercanalError]] = {
    kind.__name__: kind
    for kind in (
        Refused,
        errors.NotFoundError,
        errors.ConflictError,
        errors.ForbiddenError,
        errors.InvalidError,
        errors.UnavailableError,
        errors.TooManyError,
    )
}


class _Ask(msgspec.Struct):
    tenant_id: TenantId
    command: msgspec.Raw
    actor: str
    key: Key | None
    words: list[Words]


class _Told(msgspec.Struct, omit_defaults=True):
    sequence: int = 0
    events: msgspec.Raw = msgspec.Raw(b"[]")
    kind: str = ""
    code: str = ""
    facts: dict[str, Any] = {}


def subject_of(shard: int) -> str:
    """The subject on which the owner of a shard is asked."""
    return f"live.ask.{shard}"


class LiveServer:
    """The owner's door on the bus: one subscription per owned shard."""

    def __init__(self, bus: Bus, core: LiveCore, live: Live) -> None:
        self._bus = bus
        self._core = core
        self._live = live
        self._served: dict[int, Subscription] = {}

    async def serve(self, shard: int) -> None:
        """Answer commands for a shard from now on."""
        if shard not in self._served:
            self._served[shard] = await self._bus.serve(subject_of(shard), self._answer)

    async def stop(self, shard: int) -> None:
        """Answer no more, so that askers look for the new owner."""
        subscription = self._served.pop(shard, None)
        if subscription is not None:
            await subscription.stop()

    async def stop_all(self) -> None:
        """Answer no more for anybody."""
        for shard in list(self._served):
            await self.stop(shard)

    async def _answer(self, body: bytes) -> bytes:
        try:
            ask = msgspec.json.decode(body, type=_Ask)
            command = self._core.decode_command(bytes(ask.command))
            outcome = await self._live.submit(ask.tenant_id, command, actor=ask.actor, key=ask.key, words=ask.words)
            events = msgspec.Raw(msgspec.json.encode(outcome.events))
            return msgspec.json.encode(_Told(outcome.sequence, events))
        except IntercanalError as error:
            return msgspec.json.encode(_Told(kind=type(error).__name__, code=error.code, facts=dict(error.facts)))
        except Exception as error:
            log.exception("live.remote_failed", kind=type(error).__name__)
            return msgspec.json.encode(_Told(kind="UnavailableError", code="live.failed"))


class RemoteLive:
    """Commands to whichever process owns the domain; waits a few seconds for a new owner after a loss."""

    def __init__(self, bus: Bus, core: LiveCore) -> None:
        self._bus = bus
        self._core = core

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        """See `client.Live.submit`; always sent with a key, so that asking again after a silence is safe."""
        key = key or Key("remote", new_id(SystemClock().now()), "")
        body = msgspec.json.encode(_Ask(tenant_id, msgspec.Raw(msgspec.json.encode(command)), actor, key, list(words)))
        told = msgspec.json.decode(await self._ask(subject_of(shard_of(tenant_id)), body), type=_Told)
        if told.kind:
            raise _KINDS.get(told.kind, UnavailableError)(told.code, **told.facts)
        return Outcome(told.sequence, self._core.decode_events(bytes(told.events)))

    async def _ask(self, subject: str, body: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        end = loop.time() + OWNER_WAIT_S
        delay = 0.05
        while True:
            try:
                return await self._bus.request(subject, body, REQUEST_TIMEOUT_S)
            except NoResponderError as error:
                if loop.time() + delay > end:
                    raise UnavailableError("live.no_owner", retry_after_s=2) from error
            except TimeoutError as error:
                raise UnavailableError("live.no_answer", retry_after_s=2) from error
            await _pause(delay)
            delay = min(delay * 2, 0.5)


class RoutedLive:
    """Commands to the engine of this process when it owns the domain, else over the bus."""

    def __init__(self, local: Live, remote: Live, is_local: Callable[[TenantId], bool]) -> None:
        self._local = local
        self._remote = remote
        self._is_local = is_local

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        """See `client.Live.submit`."""
        live = self._local if self._is_local(tenant_id) else self._remote
        return await live.submit(tenant_id, command, actor=actor, key=key, words=words)


async def _pause(seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.get_running_loop().create_future(), seconds)
