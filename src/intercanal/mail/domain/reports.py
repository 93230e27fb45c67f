"""What a delivery status notification says of a mail of ours, so that a failure is shown and never silent."""

from email.message import Message

from intercanal.mail.domain.headers import Headers
from intercanal.mail.domain.mime import Part, content_type, headers_of, parse_tree, payload
from intercanal.mail.domain.model import DeliveryReport, Limits
from intercanal.mail.errors import MailRefused

_BAD_TO_GOOD = ("failed", "delayed", "relayed", "expanded", "delivered")


def delivery_report(root: Part, limits: Limits) -> DeliveryReport | None:
    """Read a notification (RFC 3464): its worst action, its status code, and the id of the mail it speaks of."""
    if content_type(root) != "multipart/report":
        return None
    blocks: list[Headers] = []
    original: str | None = None
    for part in _inner(root):
        kind = content_type(part)
        if kind in {"message/delivery-status", "message/global-delivery-status"}:
            blocks.extend(headers_of(block) for block in _inner(part))
        elif kind in {"message/rfc822", "message/global"}:
            original = next((headers_of(inner).own_id() for inner in _inner(part)), None)
        elif kind in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}:
            original = _own_id(payload(part), limits)
    actions = {block.token("action"): block.token("status") or None for block in blocks if block.token("action")}
    worst = next((action for action in _BAD_TO_GOOD if action in actions), None)
    if worst is None:
        return None
    return DeliveryReport(action=worst, status=actions[worst], original_message_id=original)


def _inner(part: Part) -> list[Part]:
    found = part.get_payload()
    return [inner for inner in found if isinstance(inner, Message)] if isinstance(found, list) else []


def _own_id(raw: bytes, limits: Limits) -> str | None:
    try:
        return headers_of(parse_tree(raw, limits)).own_id()
    except MailRefused:
        return None
