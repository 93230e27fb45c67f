"""What leaves the engine after the durable ack: batches of decisions, in order, for relay, realtime and consumers."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from intercanal.infra.live.core import Audience, LiveCore
from intercanal.kernel.ids import DomainId, TenantId
from intercanal.kernel.live import Event


class Decision(msgspec.Struct, frozen=True, gc=False):
    """One decision that is durable: `sequence` is that of its last event."""

    sequence: int
    at: datetime
    actor: str
    events: tuple[Event, ...]
    audience: Audience = ()

    def numbered(self) -> Iterator[tuple[int, Event]]:
        """Give each event with its own sequence."""
        first = self.sequence - len(self.events) + 1
        for offset, event in enumerate(self.events):
            yield first + offset, event

    def addressed(self) -> Iterator[tuple[int, Event, tuple[str, ...]]]:
        """Give each event with its own sequence and whose screens it concerns."""
        for (number, event), addressees in zip(self.numbered(), self.audience, strict=True):
            yield number, event, addressees


class Acked(msgspec.Struct, frozen=True, gc=False):
    """Consecutive decisions of one domain: sequences `first` to `last`."""

    tenant_id: TenantId
    domain_id: DomainId
    first: int
    last: int
    decisions: tuple[Decision, ...]


Listener = Callable[[Acked], None]


class _RawDecision(msgspec.Struct):
    sequence: int
    at: datetime
    actor: str
    events: msgspec.Raw
    audience: Audience


class _RawAcked(msgspec.Struct):
    tenant_id: TenantId
    domain_id: DomainId
    first: int
    last: int
    decisions: tuple[_RawDecision, ...]


_decoder = msgspec.json.Decoder(_RawAcked)
_encoder = msgspec.json.Encoder()


def encode(acked: Acked) -> bytes:
    """Write a batch for the bus."""
    return _encoder.encode(acked)


def decode(core: LiveCore, body: bytes) -> Acked:
    """Read a batch from the bus."""
    raw = _decoder.decode(body)
    decisions = tuple(
        Decision(d.sequence, d.at, d.actor, core.decode_events(bytes(d.events)), d.audience) for d in raw.decisions
    )
    return Acked(raw.tenant_id, raw.domain_id, raw.first, raw.last, decisions)
