"""How doors give commands to the live core, wherever its owner runs."""

import zlib
from collections.abc import Sequence
from typing import Protocol

import msgspec

from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Command, Event, Words

SHARDS = 8


def shard_of(tenant_id: TenantId) -> int:
    """Place a tenant's domain on a shard, the same in every process; a shard is what an owner holds a lease on."""
    return zlib.crc32(tenant_id.encode()) % SHARDS


class Key(msgspec.Struct, frozen=True, gc=False):
    """An idempotency key: its scope (principal and route), the key itself, and the hash of the body it came with."""

    scope: str
    key: str
    body_hash: str


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What became of a command, after the durable ack: the domain's sequence after it, and its events."""

    sequence: int
    events: tuple[Event, ...]


class Live(Protocol):
    """The live core as doors see it."""

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        """Have a command decided and return once its events are durable.

        Raises `Refused`/`NotFoundError` and their like as decided, `ConflictError("idempotency.other_body")`,
        `TooManyError("live.full")` when the domain's queue is full, and `UnavailableError` when no owner answers.
        """
        ...
