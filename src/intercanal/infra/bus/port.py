"""What the product needs of a bus; adapters: `infra.bus.nats` and `infra.bus.memory`, one contract suite for both."""

from collections.abc import Awaitable, Callable
from typing import Protocol

Handler = Callable[[str, bytes], Awaitable[None]]
Answer = Callable[[bytes], Awaitable[bytes]]


class NoResponderError(Exception):
    """Nobody serves the subject now: the request was never delivered and may safely be tried again."""


class LeaseLostError(Exception):
    """The lease expired or somebody else has it: its holder must stop at once."""


class Subscription(Protocol):
    """A running subscription."""

    async def stop(self) -> None:
        """End it; messages already handed over are finished."""
        ...


class Bus(Protocol):
    """At-most-once messages and request-reply: fast, for what the journal can repeat."""

    async def publish(self, subject: str, body: bytes) -> None:
        """Send to whoever listens now."""
        ...

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear a subject (`>` and `*` as in NATS), in order."""
        ...

    async def serve(self, subject: str, answer: Answer) -> Subscription:
        """Answer requests on a subject, several at a time."""
        ...

    async def request(self, subject: str, body: bytes, timeout_s: float) -> bytes:
        """Ask whoever serves the subject; raises `NoResponderError` or `TimeoutError`."""
        ...


class Streams(Protocol):
    """The durable stream of facts: each message is handled at least once by each named consumer."""

    async def append(self, subject: str, body: bytes, message_id: str) -> None:
        """Store a message; the same `message_id` twice within two minutes is stored once."""
        ...

    async def consume(self, name: str, subject: str, handler: Handler) -> Subscription:
        """Handle messages in order under a durable name; one whose handler raises comes again."""
        ...


class Leases(Protocol):
    """Named leases that expire by themselves about two seconds after their holder stops renewing."""

    async def acquire(self, name: str, holder: str) -> int | None:
        """Take a lease that is free, or was this holder's own before a restart; None when somebody else has it."""
        ...

    async def renew(self, name: str, holder: str, revision: int) -> int:
        """Keep a lease and return its new revision; raises `LeaseLostError`."""
        ...

    async def release(self, name: str, revision: int) -> None:
        """Give a lease back, so that the next owner need not wait for its end; not one that others have by now."""
        ...
