"""Message-IDs: one for a mail that brings none, and ours, which nobody else can make."""

import hashlib
import hmac
import re

from intercanal.mail.domain.headers import Headers

_OURS = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.([0-9a-f]{32})@[^<>\s@]+>")
_SAME_ON_EVERY_TRY = ("from", "to", "cc", "subject", "date", "in-reply-to", "references")
_SEAL_BYTES = 16


def content_id(raw: bytes, headers: Headers) -> str:
    """Make an id from what stays the same when the same mail is sent again; trace headers differ on each try."""
    digest = hashlib.sha256()
    for name in _SAME_ON_EVERY_TRY:
        for value in headers.every(name):
            digest.update(f"{name}:{value}\n".encode("utf-8", "surrogateescape"))
    body = raw.partition(b"\r\n\r\n")[2] or raw.partition(b"\n\n")[2]
    digest.update(body)
    return f"<{digest.hexdigest()[:40]}@missing.invalid>"


def our_id(secret: bytes, tenant_id: str, message_id: str, domain: str) -> str:
    """Make the Message-ID of an outgoing message: the same on each try, and impossible to guess from outside."""
    return f"<{message_id}.{_seal(secret, tenant_id, message_id)}@{domain}>"


def opened(secret: bytes, tenant_id: str, external_id: str) -> str | None:
    """Return the message that a Message-ID of ours names, or None when it is not ours or not this tenant's."""
    match = _OURS.fullmatch(external_id)
    if match is None or not hmac.compare_digest(match[2], _seal(secret, tenant_id, match[1])):
        return None
    return match[1]


def _seal(secret: bytes, tenant_id: str, message_id: str) -> str:
    return hmac.new(secret, f"{tenant_id}/{message_id}".encode(), hashlib.sha256).digest()[:_SEAL_BYTES].hex()
