"""The shape of every secret we hand out: the tenant is read before any look-up, so that row security stays on."""

import base64
import hashlib
import re
from enum import StrEnum

import msgspec

from intercanal.kernel.ids import TenantId

SECRET_BYTES = 32
_SHAPE = re.compile(r"ic_(key|agent|session|ticket|reset)_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


class Kind(StrEnum):
    """What a token opens; it is part of the token, so that one kind is never taken for another."""

    KEY = "key"
    AGENT = "agent"
    SESSION = "session"
    TICKET = "ticket"
    RESET = "reset"


class Token(msgspec.Struct, frozen=True):
    """A token as we keep it: the hash of a 256-bit secret is enough to recognise it and useless to a thief."""

    kind: Kind
    tenant_id: TenantId
    digest: bytes


def digest(text: str) -> bytes:
    """Hash a whole token; a slow hash would bring nothing against 256 random bits."""
    return hashlib.sha256(text.encode()).digest()


def compose(kind: Kind, tenant_id: TenantId, secret: bytes) -> str:
    """Write a token around its secret bytes."""
    tail = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return f"ic_{kind}_{tenant_id.replace('-', '')}_{tail}"


def parse(text: str) -> Token | None:
    """Read a token from outside; None when it cannot be one of ours."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    plain = found[2]
    tenant = f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    return Token(Kind(found[1]), TenantId(tenant), digest(text))
