"""The way of the log to the stream: in order, without a gap, and in messages that the stream takes."""

import asyncio
from datetime import UTC, datetime
from typing import Any, cast

import asyncpg
import pytest

from intercanal.infra.live import feed
from intercanal.infra.live.core import LiveCore
from intercanal.infra.live.feed import Acked, Decision
from intercanal.infra.live.relay import Relay
from intercanal.kernel.ids import DomainId, TenantId
from tests.live import toy

TENANT = TenantId("01900000-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
CORE = LiveCore([toy.component])
TAKEN = 1024 * 1024


class Narrow:
    """A stream that takes a megabyte at once, as NATS does."""

    def __init__(self) -> None:
        self.kept: list[Acked] = []
        self.ids: set[str] = set()

    async def append(self, _subject: str, body: bytes, message_id: str) -> None:
        if len(body) > TAKEN:
            raise ValueError(len(body))
        if message_id not in self.ids:
            self.ids.add(message_id)
            self.kept.append(feed.decode(CORE, body))

    async def consume(self, *_: Any) -> Any:
        raise NotImplementedError


class Positions:
    """The relay's own table, empty."""

    async def fetchval(self, *_: Any) -> int:
        return 0

    async def execute(self, *_: Any) -> None:
        return None


def decision(last: int, count: int, note: str) -> Decision:
    events = tuple(toy.Added("a", last - count + 1 + n, note) for n in range(count))
    return Decision(last, AT, "t", events, tuple(("me",) for _ in events))


def batch(first: int, *decisions: Decision) -> Acked:
    return Acked(TENANT, DomainId(TENANT), first, decisions[-1].sequence, decisions)


@pytest.mark.parametrize("whole", [True, False], ids=["one decision", "many decisions"])
async def test_what_is_too_large_for_one_message_leaves_in_several(whole: bool) -> None:
    stream, note = Narrow(), "x" * 1000
    relay = Relay(cast("asyncpg.Pool[asyncpg.Record]", Positions()), stream, CORE)
    many = [decision(n, 1, note) for n in range(1, 5001)]
    relay.heard(batch(1, decision(5000, 5000, note)) if whole else batch(1, *many))
    relay.start()
    await asyncio.wait_for(relay.stop(), 20)
    numbered = [(n, event) for acked in stream.kept for d in acked.decisions for n, event in d.numbered()]
    assert [n for n, _ in numbered] == list(range(1, 5001))
    assert all(isinstance(event, toy.Added) and event.amount == n for n, event in numbered)
    assert [acked.first for acked in stream.kept] == [1, *(acked.last + 1 for acked in stream.kept[:-1])]


async def test_a_late_word_of_the_owner_before_holds_nothing_up() -> None:
    stream = Narrow()
    relay = Relay(cast("asyncpg.Pool[asyncpg.Record]", Positions()), stream, CORE)
    relay.opened(TENANT, 0)
    relay.heard(batch(1, decision(400, 400, "")))
    relay.heard(batch(401, decision(800, 400, "")))
    relay.heard(batch(1, decision(400, 400, "")))
    relay.start()
    await asyncio.wait_for(relay.stop(), 20)
    assert [d.sequence for acked in stream.kept for d in acked.decisions] == [400, 800]
