"""One contract for every bus: the memory one and NATS itself."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from intercanal.infra.bus.memory import MemoryBus, MemoryLeases, MemoryStreams
from intercanal.infra.bus.nats import NatsBus, NatsLeases, NatsStreams, connect
from intercanal.infra.bus.port import Bus, LeaseLostError, Leases, NoResponderError, Streams
from tests.fixtures.servers import NatsServer

pytestmark = pytest.mark.server


@dataclass
class Carrier:
    bus: Bus
    streams: Streams
    leases: Leases


@pytest.fixture(params=["memory", "nats"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    if request.param == "memory":
        yield Carrier(MemoryBus(), MemoryStreams(), MemoryLeases())
        return
    server: NatsServer = request.getfixturevalue("nats_server")
    client = await connect([server.url], server.token, "test")
    streams = NatsStreams(client)
    await streams.prepare()
    yield Carrier(NatsBus(client), streams, NatsLeases(client))
    await client.close()


class Inbox:
    def __init__(self, expected: int) -> None:
        self.bodies: list[bytes] = []
        self._expected = expected
        self.full = asyncio.Event()

    async def take(self, _subject: str, body: bytes) -> None:
        self.bodies.append(body)
        if len(self.bodies) >= self._expected:
            self.full.set()


async def test_listeners_hear_their_subject_in_order(carrier: Carrier) -> None:
    inbox, deaf = Inbox(50), Inbox(1)
    await carrier.bus.subscribe("t.*.live", inbox.take)
    await carrier.bus.subscribe("t.other.live", deaf.take)
    for n in range(50):
        await carrier.bus.publish("t.one.live", str(n).encode())
    await asyncio.wait_for(inbox.full.wait(), 5)
    assert inbox.bodies == [str(n).encode() for n in range(50)]
    assert deaf.bodies == []


async def test_requests_are_answered_and_nobody_there_is_told_at_once(carrier: Carrier) -> None:
    async def echo(body: bytes) -> bytes:
        return body.upper()

    with pytest.raises(NoResponderError):
        await carrier.bus.request("ask.me", b"x", 2)
    serving = await carrier.bus.serve("ask.me", echo)
    answers = await asyncio.gather(*(carrier.bus.request("ask.me", f"n{n}".encode(), 2) for n in range(20)))
    assert answers == [f"N{n}".encode() for n in range(20)]
    await serving.stop()
    with pytest.raises(NoResponderError):
        await carrier.bus.request("ask.me", b"x", 2)


async def test_a_silent_server_is_a_timeout(carrier: Carrier) -> None:
    async def mute(_body: bytes) -> bytes:
        await asyncio.get_running_loop().create_future()
        return b""

    await carrier.bus.serve("ask.mute", mute)
    with pytest.raises(TimeoutError):
        await carrier.bus.request("ask.mute", b"x", 0.2)


async def test_a_stream_keeps_a_message_once_and_repeats_what_failed(carrier: Carrier) -> None:
    inbox, refusals = Inbox(3), [True]

    async def fragile(subject: str, body: bytes) -> None:
        if body == b"two" and refusals.pop():
            refusals.append(False)
            raise ValueError
        await inbox.take(subject, body)

    for number, body in enumerate((b"one", b"one", b"two", b"three")):
        await carrier.streams.append("log.c1", body, body.decode() + "-c1" if number else "one-c1")
    following = await carrier.streams.consume("reader-c1", "log.c1", fragile)
    await asyncio.wait_for(inbox.full.wait(), 15)
    await following.stop()
    assert inbox.bodies == [b"one", b"two", b"three"]


async def test_a_named_reader_goes_on_where_it_stopped(carrier: Carrier) -> None:
    first, second = Inbox(1), Inbox(1)
    await carrier.streams.append("log.c2", b"one", "one-c2")
    following = await carrier.streams.consume("reader-c2", "log.c2", first.take)
    await asyncio.wait_for(first.full.wait(), 10)
    await asyncio.sleep(0.2)
    await following.stop()
    await carrier.streams.append("log.c2", b"two", "two-c2")
    following = await carrier.streams.consume("reader-c2", "log.c2", second.take)
    await asyncio.wait_for(second.full.wait(), 10)
    await following.stop()
    assert (first.bodies, second.bodies) == ([b"one"], [b"two"])


async def test_a_reader_of_nats_outlives_what_its_driver_did_not_foresee(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connect([nats_server.url], nats_server.token, "test")
    streams, inbox = NatsStreams(client), Inbox(1)
    await streams.prepare()
    fetch, tries = JetStreamContext.PullSubscription.fetch, []

    async def confused(self: JetStreamContext.PullSubscription, batch: int, **_: float) -> list[Msg]:
        tries.append(batch)
        if len(tries) == 1:
            raise AttributeError
        return await fetch(self, batch, timeout=1)

    monkeypatch.setattr(JetStreamContext.PullSubscription, "fetch", confused)
    reader = await streams.consume("steady", "log.steady", inbox.take)
    await streams.append("log.steady", b"1", "steady-1")
    await asyncio.wait_for(inbox.full.wait(), 15)
    await reader.stop()
    await client.close()


async def test_a_lease_has_one_holder_who_may_take_it_back(carrier: Carrier) -> None:
    one = await carrier.leases.acquire("shard.c", "a")
    assert one is not None
    assert await carrier.leases.acquire("shard.c", "b") is None
    again = await carrier.leases.acquire("shard.c", "a")
    assert again is not None
    with pytest.raises(LeaseLostError):
        await carrier.leases.renew("shard.c", "a", one)
    newest = await carrier.leases.renew("shard.c", "a", again)
    await carrier.leases.release("shard.c", newest)
    assert await carrier.leases.acquire("shard.c", "b") is not None


async def test_a_lease_that_others_have_by_now_cannot_be_given_back(carrier: Carrier) -> None:
    old = await carrier.leases.acquire("shard.d", "a")
    assert old
    newest = await carrier.leases.renew("shard.d", "a", old)
    await carrier.leases.release("shard.d", old)
    assert await carrier.leases.acquire("shard.d", "b") is None
    await carrier.leases.release("shard.d", newest)
    again = await carrier.leases.acquire("shard.d", "b")
    assert again
    await carrier.leases.renew("shard.d", "b", again)


async def test_a_lease_of_nats_ends_by_itself(nats_server: NatsServer) -> None:
    client = await connect([nats_server.url], nats_server.token, "test")
    leases = NatsLeases(client, "short")
    assert await leases.acquire("shard.9", "a") is not None
    async with asyncio.timeout(6):
        while await leases.acquire("shard.9", "b") is None:  # noqa: ASYNC110 - time itself is what is tried
            await asyncio.sleep(0.1)
    await client.close()
