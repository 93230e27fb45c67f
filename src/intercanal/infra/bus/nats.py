"""The bus over NATS: core messages, JetStream for the durable stream, a key-value bucket for leases."""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, KeyValueConfig, StorageType, StreamConfig
from nats.js.kv import KeyValue

from intercanal.infra.bus.port import Answer, Handler, LeaseLostError, NoResponderError, Subscription

log = structlog.get_logger(__name__)

STREAM = "LOG"
STREAM_SUBJECTS = ["log.>"]
STREAM_AGE_S = 3 * 86_400.0
LEASE_TTL_S = 2.0
# One message a fetch: nats-py waits for a full batch or the whole time, and each message already is a batch.
_FETCH_WAIT_S = 30.0
_ACK_WAIT_S = 5  # after a kill the unacknowledged message comes again this soon
_AT_ONCE = 256


async def open_client(client: Client, servers: Sequence[str], token: str | None, name: str) -> None:
    """Connect a client that then keeps reconnecting for ever; nats-py's traces to stderr become log lines."""

    async def on_error(error: Exception) -> None:
        log.info("bus.error", kind=type(error).__name__)

    await client.connect(
        list(servers),
        token=token,
        name=name,
        error_cb=on_error,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        allow_reconnect=True,
    )


async def connect(servers: Sequence[str], token: str | None, name: str) -> Client:
    """Make and connect a client."""
    client = Client()
    await open_client(client, servers, token, name)
    return client


@dataclass
class _Tasks:
    """Running answers, bounded, so that a flood waits in the subscription's own bounded inbox."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    running: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, work: Coroutine[Any, Any, None]) -> None:
        await self.room.acquire()
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        self.room.release()


@dataclass
class _NatsSubscription:
    subscription: NatsSubscription

    async def stop(self) -> None:
        with contextlib.suppress(nats.errors.Error):
            await self.subscription.unsubscribe()


class NatsBus:
    """Messages and requests over a NATS connection."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks = _Tasks()

    async def publish(self, subject: str, body: bytes) -> None:
        """Send to whoever listens now; while the server is away the message is dropped, as the journal has it."""
        with contextlib.suppress(nats.errors.Error):
            await self._client.publish(subject, body)

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        """Hear a subject, in order."""

        async def heard(message: Msg) -> None:
            await handler(message.subject, message.data)

        return _NatsSubscription(await self._client.subscribe(subject, cb=heard))

    async def serve(self, subject: str, answer: Answer) -> Subscription:
        """Answer requests on a subject, several at a time."""

        async def reply(message: Msg) -> None:
            body = await answer(message.data)
            with contextlib.suppress(nats.errors.Error):
                await message.respond(body)

        async def asked(message: Msg) -> None:
            await self._tasks.start(reply(message))

        return _NatsSubscription(await self._client.subscribe(subject, cb=asked))

    async def request(self, subject: str, body: bytes, timeout_s: float) -> bytes:
        """Ask whoever serves the subject."""
        if not self._client.is_connected:
            raise NoResponderError(subject)
        try:
            message = await self._client.request(subject, body, timeout=timeout_s)
        except nats.errors.NoRespondersError as error:
            raise NoResponderError(subject) from error
        except nats.errors.TimeoutError as error:
            raise TimeoutError(subject) from error
        return message.data


@dataclass
class _Consumer:
    """A running consumer; nats-py may swallow a cancellation, hence the flag that its loop looks at too."""

    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    subscription: JetStreamContext.PullSubscription | None = None

    async def stop(self) -> None:
        """End; without interest in its inbox the server forgets the open request, which else takes the next message."""
        self.stopping.set()
        await self.forget()
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task], timeout=5)

    async def forget(self) -> None:
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


class NatsStreams:
    """The durable stream in JetStream; PostgreSQL stays the truth, so a lost stream is filled again by the relay."""

    def __init__(self, client: Client) -> None:
        self._jetstream: JetStreamContext = client.jetstream(timeout=10)

    async def prepare(self) -> None:
        """Make the stream when it is not there."""
        wanted = StreamConfig(
            name=STREAM,
            subjects=STREAM_SUBJECTS,
            storage=StorageType.FILE,
            max_age=STREAM_AGE_S,
            duplicate_window=120,
        )
        with contextlib.suppress(nats.js.errors.BadRequestError):
            await self._jetstream.add_stream(wanted)

    async def append(self, subject: str, body: bytes, message_id: str) -> None:
        """Store a message once."""
        await self._jetstream.publish(subject, body, stream=STREAM, headers={"Nats-Msg-Id": message_id})

    async def consume(self, name: str, subject: str, handler: Handler) -> Subscription:
        """Handle messages in order under a durable name."""
        consumer = _Consumer()
        consumer.task = asyncio.create_task(self._follow(consumer, name, subject, handler), name=f"consume-{name}")
        return consumer

    async def _follow(self, consumer: _Consumer, name: str, subject: str, handler: Handler) -> None:
        while not consumer.stopping.is_set():
            try:
                if consumer.subscription is None:
                    config = ConsumerConfig(ack_wait=_ACK_WAIT_S, max_ack_pending=1, max_deliver=-1)
                    consumer.subscription = await self._jetstream.pull_subscribe(
                        subject, name, stream=STREAM, config=config
                    )
                messages = await consumer.subscription.fetch(1, timeout=_FETCH_WAIT_S)
                await self._handle(name, messages, handler)
            except TimeoutError:
                continue
            except Exception as error:  # noqa: BLE001 - a consumer that ended unheard would stop a whole feature
                log.info("bus.consumer_waits", consumer=name, kind=type(error).__name__)
                await consumer.forget()
                await consumer.pause(1.0)
                with contextlib.suppress(nats.errors.Error, OSError):
                    await self.prepare()

    async def _handle(self, name: str, messages: list[Msg], handler: Handler) -> None:
        for message in messages:
            try:
                await handler(message.subject, message.data)
                await message.ack()
            except Exception as error:
                log.exception("bus.consumer_failed", consumer=name, kind=type(error).__name__)
                await message.nak(delay=1)


class NatsLeases:
    """Leases in a key-value bucket whose entries live two seconds; kept in memory, as they mean nothing later.

    The bucket's TTL is used, not one per key: with nats-py an expired key with its own TTL can never be made again.
    """

    def __init__(self, client: Client, bucket: str = "leases") -> None:
        self._jetstream: JetStreamContext = client.jetstream(timeout=1)
        self._bucket = bucket
        self._kv: KeyValue | None = None

    async def _open(self) -> KeyValue:
        if self._kv is None:
            config = KeyValueConfig(bucket=self._bucket, ttl=LEASE_TTL_S, storage=StorageType.MEMORY, history=1)
            self._kv = await self._jetstream.create_key_value(config)
        return self._kv

    async def acquire(self, name: str, holder: str) -> int | None:
        """Take a free lease."""
        try:
            kv = await self._open()
            return await kv.create(name, holder.encode())
        except nats.js.errors.KeyWrongLastSequenceError:
            return await self._take_back(kv, name, holder)
        except (nats.js.errors.NoStreamResponseError, nats.js.errors.NotFoundError):
            self._kv = None
            return None

    async def _take_back(self, kv: KeyValue, name: str, holder: str) -> int | None:
        try:
            entry = await kv.get(name)
            if entry.value != holder.encode():
                return None
            return await kv.update(name, holder.encode(), last=entry.revision)
        except (nats.js.errors.KeyNotFoundError, nats.js.errors.KeyWrongLastSequenceError):
            return None

    async def renew(self, name: str, holder: str, revision: int) -> int:
        """Keep a lease."""
        try:
            kv = await self._open()
            return await kv.update(name, holder.encode(), last=revision)
        except nats.js.errors.KeyWrongLastSequenceError as error:
            raise LeaseLostError(name) from error
        except (nats.js.errors.NoStreamResponseError, nats.js.errors.NotFoundError) as error:
            self._kv = None
            raise LeaseLostError(name) from error

    async def release(self, name: str, revision: int) -> None:
        """Give a lease back."""
        with contextlib.suppress(nats.errors.Error, nats.js.errors.Error):
            kv = await self._open()
            await kv.delete(name, last=revision) if revision else None
