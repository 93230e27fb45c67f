"""Typed identifiers: UUIDv7 (RFC 9562) as canonical lower-case text, so that ids sort by creation time."""

import hashlib
import os
import re
from datetime import datetime
from typing import NewType

TenantId = NewType("TenantId", str)
DomainId = NewType("DomainId", str)
AgentId = NewType("AgentId", str)
CustomerId = NewType("CustomerId", str)
InteractionId = NewType("InteractionId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
QueueId = NewType("QueueId", str)
SkillId = NewType("SkillId", str)
OfferId = NewType("OfferId", str)

_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(text: str) -> bool:
    """Say whether a text from outside can be an id at all; anything else is simply not found."""
    return _CANONICAL.fullmatch(text) is not None


def _format(milliseconds: int, entropy: bytes) -> str:
    tail = int.from_bytes(entropy[:10], "big")
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | (tail >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | tail & 0x3FFF_FFFF_FFFF_FFFF
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_id(now: datetime) -> str:
    """Make a fresh id at a door; `decide` takes its ids from its context instead, so that a replay gives the same."""
    return _format(int(now.timestamp() * 1000), os.urandom(10))


def seeded_id(now: datetime, seed: str, number: int) -> str:
    """Make the `number`-th id of a journaled command: the same seed always gives the same ids."""
    digest = hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=10).digest()
    return _format(int(now.timestamp() * 1000), digest)
