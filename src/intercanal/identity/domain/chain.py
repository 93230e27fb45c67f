"""The audit chain: each line seals the one before it, and signed heads kept elsewhere betray a cut tail."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from intercanal.kernel.ids import TenantId


class Line(msgspec.Struct, frozen=True):
    """One thing that was done: who, what, on what, when; ids and codes only, for it can never be erased."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    facts: Mapping[str, object]


NOTHING = Line("", datetime.min.replace(tzinfo=UTC), "", "", "", {})
GENESIS = bytes(32)


class Sealed(msgspec.Struct, frozen=True):
    """A line in its place in the chain."""

    sequence: int
    line: Line
    prev_hash: bytes
    hash: bytes


class Head(msgspec.Struct, frozen=True):
    """How far the chain of a tenant reached at an instant."""

    tenant_id: TenantId
    sequence: int
    hash: str
    at: datetime


class SignedHead(msgspec.Struct, frozen=True):
    """A head as exported: without the private key nobody can make another for a shortened chain."""

    head: Head
    signature: str


class Fault(msgspec.Struct, frozen=True):
    """The first line that is not as it was written, and what is wrong with it."""

    sequence: int
    code: str


class Report(msgspec.Struct, frozen=True):
    """What a verification found: how many lines and heads were read, and the first fault if any."""

    tenant_id: TenantId
    lines: int
    heads: int
    fault: Fault | None


class Verifies(Protocol):
    """Something that knows our public key."""

    def __call__(self, message: bytes, signature: str) -> bool:
        """Say whether the signature of a message is ours."""
        ...


def start(tenant_id: TenantId) -> Sealed:
    """Return what the first line of a tenant is linked to, so that two tenants never share a chain."""
    return seal(tenant_id, 0, GENESIS, NOTHING)


def seal(tenant_id: TenantId, sequence: int, prev_hash: bytes, line: Line) -> Sealed:
    """Give a line its place; its hash covers the line, its place, its tenant and the line before."""
    body = msgspec.json.encode([tenant_id, sequence, line], order="deterministic")
    return Sealed(sequence, line, prev_hash, hashlib.sha256(prev_hash + body).digest())


def head_bytes(head: Head) -> bytes:
    """Return what is signed of a head."""
    return b"intercanal audit head\n" + msgspec.json.encode(head, order="deterministic")


class Walk:
    """A verification under way: feed the lines in order of their sequence, then ask for the report."""

    def __init__(self, tenant_id: TenantId, heads: Iterable[SignedHead], verify: Verifies) -> None:
        self._tenant_id = tenant_id
        self._heads: dict[int, str] = {}
        self._last = start(tenant_id)
        self._read = 0
        self._signed = 0
        self._is_broken = False
        self._fault: Fault | None = None
        for signed in heads:
            self._take_head(signed, verify)

    def feed(self, sealed: Sealed) -> None:
        """Check one line; nothing after the first bad one says anything more."""
        self._read += 1
        if self._is_broken:
            return
        code = self._wrong(sealed)
        if code is not None:
            self._is_broken = True
            self._blame(self._last.sequence + 1 if code == "missing" else sealed.sequence, code)
        self._last = sealed

    def report(self) -> Report:
        """Say what was found; a signed head beyond the last line means that the tail was cut off."""
        if not self._is_broken and any(sequence > self._last.sequence for sequence in self._heads):
            self._blame(self._last.sequence + 1, "truncated")
        return Report(self._tenant_id, self._read, self._signed, self._fault)

    def _wrong(self, sealed: Sealed) -> str | None:
        if sealed.sequence != self._last.sequence + 1:
            return "missing"
        if sealed.prev_hash != self._last.hash:
            return "not_linked"
        if seal(self._tenant_id, sealed.sequence, sealed.prev_hash, sealed.line).hash != sealed.hash:
            return "altered"
        if self._heads.get(sealed.sequence, sealed.hash.hex()) != sealed.hash.hex():
            return "not_as_signed"
        return None

    def _take_head(self, signed: SignedHead, verify: Verifies) -> None:
        head = signed.head
        if head.tenant_id != self._tenant_id:
            return
        self._signed += 1
        if not verify(head_bytes(head), signed.signature):
            self._blame(head.sequence, "head_not_ours")
        elif self._heads.setdefault(head.sequence, head.hash) != head.hash:
            self._blame(head.sequence, "heads_disagree")

    def _blame(self, sequence: int, code: str) -> None:
        if self._fault is None or sequence < self._fault.sequence:
            self._fault = Fault(sequence, code)
