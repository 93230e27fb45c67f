"""The bus inside one process: for tests and for parts that share a process; same contract as NATS."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field

from intercanal.infra.bus.port import Answer, Handler, LeaseLostError, NoResponderError, Subscription

_KEPT = 100_000


def matches(pattern: str, subject: str) -> bool:
    """Say whether a subject falls under a pattern with NATS wildcards."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, part in enumerate(wanted):
        if part == ">":
            return len(given) > index
        if index >= len(given) or part not in ("*", given[index]):
            return False
    return len(wanted) == len(given)


@dataclass
class _Listener:
    pattern: str
    handler: Handler
    inbox: asyncio.Queue[tuple[str, bytes]] = field(default_factory=lambda: asyncio.Queue(_KEPT))
    task: asyncio.Task[None] | None = None
    home: list["_Listener"] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            subject, body = await self.inbox.get()
            await self.handler(subject, body)

    async def stop(self) -> None:
        if self in self.home:
            self.home.remove(self)
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task


@dataclass
class _Server:
    subject: str
    home: dict[str, Answer]

    async def stop(self) -> None:
        self.home.pop(self.subject, None)


class MemoryBus:
    """Messages and requests between the parts of one process."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []
        self._servers: dict[str, Answer] = {}

    async def publish(self, subject: str, body: bytes) -> None:
        """Send to whoever listens now."""
        for listener in self._listeners:
            if matches(listener.pattern, subject):
                listener.inbox.put_nowait((subject, body))

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear a subject, in order."""
        listener = _Listener(subject, handler, home=self._listeners)
        listener.task = asyncio.create_task(listener.run())
        self._listeners.append(listener)
        return listener

    async def serve(self, subject: str, answer: Answer) -> Subscription:
        """Answer requests on a subject."""
        self._servers[subject] = answer
        return _Server(subject, self._servers)

    async def request(self, subject: str, body: bytes, timeout_s: float) -> bytes:
        """Ask whoever serves the subject."""
        answer = self._servers.get(subject)
        if answer is None:
            raise NoResponderError(subject)
        return await asyncio.wait_for(answer(body), timeout_s)


class MemoryStreams:
    """A stream kept in memory, bounded; each named consumer has its own position."""

    def __init__(self) -> None:
        self._kept: deque[tuple[str, bytes]] = deque(maxlen=_KEPT)
        self._seen: dict[str, None] = {}
        self._appended = 0
        self._positions: dict[str, int] = {}
        self._arrived = asyncio.Condition()

    async def append(self, subject: str, body: bytes, message_id: str) -> None:
        """Store a message once."""
        if message_id in self._seen:
            return
        self._seen[message_id] = None
        async with self._arrived:
            self._kept.append((subject, body))
            self._appended += 1
            self._arrived.notify_all()

    async def consume(self, name: str, subject: str, handler: Handler) -> Subscription:
        """Handle messages in order under a durable name."""
        listener = _Listener(subject, handler)
        listener.task = asyncio.create_task(self._deliver(name, listener))
        return listener

    async def _deliver(self, name: str, listener: _Listener) -> None:
        while True:
            async with self._arrived:
                await self._arrived.wait_for(lambda: self._positions.get(name, 0) < self._appended)
                position = max(self._positions.get(name, 0), self._appended - len(self._kept))
                subject, body = self._kept[position - (self._appended - len(self._kept))]
            if matches(listener.pattern, subject):
                try:
                    await listener.handler(subject, body)
                except Exception:  # noqa: BLE001 - whatever went wrong, the message comes again
                    await asyncio.sleep(0)
                    continue
            self._positions[name] = position + 1


class MemoryLeases:
    """Leases of one process: free until released, as one process cannot outlive itself."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, int]] = {}
        self._revision = 0

    async def acquire(self, name: str, holder: str) -> int | None:
        """Take a free lease."""
        if name in self._held and self._held[name][0] != holder:
            return None
        self._revision += 1
        self._held[name] = (holder, self._revision)
        return self._revision

    async def renew(self, name: str, holder: str, revision: int) -> int:
        """Keep a lease."""
        if self._held.get(name) != (holder, revision):
            raise LeaseLostError(name)
        self._revision += 1
        self._held[name] = (holder, self._revision)
        return self._revision

    async def release(self, name: str, revision: int) -> None:
        """Give a lease back."""
        if name in self._held and self._held[name][1] == revision:
            del self._held[name]

    def expire(self, name: str) -> None:
        """End a lease as time would, for tests."""
        self._held.pop(name, None)
