"""Who is told what, and from where: rings of recent events per tenant, subscriptions per screen.

Each frame carries `sequence` and the `previous` of that very subscription, so that a screen knows by itself when
something is missing; then it takes a snapshot again.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field

import msgspec
import structlog

from intercanal.infra.live.feed import Acked
from intercanal.kernel.ids import TenantId

log = structlog.get_logger(__name__)

RING = 20_000
QUEUE = 512
SCREENS = 32

_encode = msgspec.json.Encoder().encode


class GapError(Exception):
    """The ring no longer holds what came after the screen's sequence: it must take a snapshot."""


class Ended(msgspec.Struct, frozen=True):
    """Put in a subscription's queue as its last entry: why the socket is closed (a code of RFC 6455, 4000-4999)."""

    code: int
    reason: str


OVERFLOW = Ended(4008, "realtime.too_slow")
RESET = Ended(4009, "realtime.reset")
REVOKED = Ended(4001, "realtime.session_ended")
CHANGED = Ended(4010, "realtime.rights_changed")
CROWDED = Ended(4011, "realtime.too_many_screens")


@dataclass(eq=False)
class Subscription:
    """One socket: what waits to be sent to it, bounded; past the bound it is closed and comes back by its ring."""

    tenant_id: TenantId
    address: str
    credential: str
    told: int
    waiting: asyncio.Queue[str | Ended] = field(default_factory=lambda: asyncio.Queue(QUEUE))
    over: bool = False

    def give(self, sequence: int, body: str) -> None:
        """Queue a frame after the last one told, or end the subscription when its reader is too slow."""
        if self.over:
            return
        try:
            self.waiting.put_nowait(_frame(sequence, self.told, body))
        except asyncio.QueueFull:
            self.end(OVERFLOW)
        self.told = sequence

    def end(self, why: Ended) -> None:
        """Make this the last thing that the socket hears of."""
        if self.over:
            return
        self.over = True
        while self.waiting.full():
            self.waiting.get_nowait()
        self.waiting.put_nowait(why)


class _Kept(msgspec.Struct, gc=False):
    sequence: int
    addressees: tuple[str, ...]
    body: str


def _frame(sequence: int, previous: int, body: str) -> str:
    return f'{{"sequence":{sequence},"previous":{previous},{body}'


class _Ring:
    """One tenant's recent events, and who follows them; nobody can while the domain has no owner here."""

    def __init__(self, floor: int, size: int) -> None:
        self.floor = floor
        self.last = floor
        self.is_open = True
        self.kept: deque[_Kept] = deque()
        self.subscriptions: dict[str, list[Subscription]] = {}
        self.reached = asyncio.Event()
        self._size = size

    def advance(self, last: int) -> None:
        """Stand at a sequence, and wake whoever waits for one."""
        self.last = last
        self.reached.set()
        self.reached = asyncio.Event()

    def keep(self, entry: _Kept) -> None:
        self.kept.append(entry)
        if len(self.kept) > self._size:
            self.floor = self.kept.popleft().sequence

    def start_at(self, floor: int) -> None:
        self.floor = self.last = floor
        self.kept.clear()

    def since(self, address: str, after: int) -> list[_Kept]:
        if not self.is_open or after < self.floor or after > self.last:
            raise GapError
        newer: list[_Kept] = []
        for entry in reversed(self.kept):
            if entry.sequence <= after:
                break
            if address in entry.addressees:
                newer.append(entry)
        newer.reverse()
        return newer


class Hub:
    """All sockets of this process."""

    def __init__(self, ring: int = RING) -> None:
        self._rings: dict[TenantId, _Ring] = {}
        self._size = ring

    def opened(self, tenant_id: TenantId, sequence: int) -> None:
        """Begin a tenant's ring where its journal stands; screens that know less must take a snapshot."""
        ring = self._rings.get(tenant_id)
        if ring is None:
            self._rings[tenant_id] = _Ring(sequence, self._size)
            return
        ring.is_open = True
        if ring.last != sequence:
            self._restart(ring, sequence)

    def closed(self, tenant_id: TenantId) -> None:
        """End a tenant's screens, as their domain is owned here no more: they come back to whoever owns it next.

        The next owner counts every screen as lost, so none may stay that it does not hear of.
        """
        ring = self._rings.get(tenant_id)
        if ring is not None:
            ring.is_open = False
            self._reset(ring)

    def heard(self, acked: Acked) -> None:
        """Tell each screen what concerns it, once it is durable."""
        ring = self._rings.setdefault(acked.tenant_id, _Ring(acked.first - 1, self._size))
        if acked.last <= ring.last:
            return
        if acked.first != ring.last + 1:
            log.info("realtime.ring_restarted", tenant_id=acked.tenant_id)
            self._restart(ring, acked.first - 1)
        for decision in acked.decisions:
            for sequence, event, addressees in decision.addressed():
                if addressees:
                    self._tell(ring, _Kept(sequence, addressees, self._body(decision.at, event)))
        ring.advance(acked.last)

    def _body(self, at: object, event: object) -> str:
        return f'"at":{_encode(at).decode()},"event":{_encode(event).decode()}}}'

    def _tell(self, ring: _Ring, entry: _Kept) -> None:
        ring.keep(entry)
        for address in entry.addressees:
            for subscription in ring.subscriptions.get(address, ()):
                subscription.give(entry.sequence, entry.body)

    def _restart(self, ring: _Ring, floor: int) -> None:
        ring.start_at(floor)
        self._reset(ring)

    def _reset(self, ring: _Ring) -> None:
        for listening in ring.subscriptions.values():
            for subscription in listening:
                subscription.end(RESET)

    async def reach(self, tenant_id: TenantId, sequence: int, patience_s: float = 2.0) -> None:
        """Wait until the ring stands at a sequence: a snapshot may have read it before this hub heard of it."""
        ring = self._rings.get(tenant_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while ring is not None and ring.last < sequence:
                    await ring.reached.wait()

    def attach(self, tenant_id: TenantId, address: str, after: int, credential: str = "") -> Subscription:
        """Follow an address from just after a sequence; raises `GapError` when the ring does not reach back so far.

        Nobody needs more than `SCREENS` sockets: past that the oldest goes, as somebody opens them and forgets.
        """
        ring = self._rings.get(tenant_id)
        if ring is None:
            raise GapError
        subscription = Subscription(tenant_id, address, credential, after)
        for entry in ring.since(address, after):
            subscription.give(entry.sequence, entry.body)
        listening = ring.subscriptions.setdefault(address, [])
        listening.append(subscription)
        screens = [each for each in listening if not each.over]
        for oldest in screens[:-SCREENS]:
            oldest.end(CROWDED)
        return subscription

    def since(self, tenant_id: TenantId, address: str, after: int) -> tuple[int, list[str]]:
        """Return the tenant's last sequence and the frames of an address after one; raises `GapError` as `attach`."""
        ring = self._rings.get(tenant_id)
        if ring is None:
            raise GapError
        frames, previous = [], after
        for entry in ring.since(address, after):
            frames.append(_frame(entry.sequence, previous, entry.body))
            previous = entry.sequence
        return ring.last, frames

    def detach(self, subscription: Subscription) -> None:
        """Forget a socket that has gone."""
        ring = self._rings.get(subscription.tenant_id)
        listening = ring.subscriptions.get(subscription.address) if ring else None
        if ring and listening and subscription in listening:
            listening.remove(subscription)
            if not listening:
                del ring.subscriptions[subscription.address]

    def end(self, tenant_id: TenantId, credential: str | None) -> None:
        """Close the sockets of a credential that no longer holds, or all of a tenant's so that they come anew."""
        ring = self._rings.get(tenant_id)
        for listening in list(ring.subscriptions.values()) if ring else ():
            for subscription in listening:
                if credential is None:
                    subscription.end(CHANGED)
                elif subscription.credential == credential:
                    subscription.end(REVOKED)

    @property
    def sockets(self) -> int:
        """How many sockets are attached, for the metrics."""
        return sum(len(each) for ring in self._rings.values() for each in ring.subscriptions.values())
