"""Raw bytes into a `Mail`: whatever they are, the outcome is a mail or one typed refusal."""

from intercanal.mail.domain.bodies import Words, collect
from intercanal.mail.domain.classify import classify
from intercanal.mail.domain.html import sanitise, to_text
from intercanal.mail.domain.message_ids import content_id
from intercanal.mail.domain.mime import headers_of, parse_tree
from intercanal.mail.domain.model import Body, Classification, Limits, Mail
from intercanal.mail.domain.replies import reply_text
from intercanal.mail.domain.reports import delivery_report
from intercanal.mail.errors import MailRefused

MOST_HOPS = 100  # RFC 5321, 6.3


def parse(raw: bytes, limits: Limits, envelope_from: str | None = None) -> Mail:
    """Read a mail, or raise `MailRefused` and nothing else."""
    try:
        return _parse(raw, limits, envelope_from)
    except RecursionError as error:
        raise MailRefused("mail.nested_too_deep", limit=limits.depth) from error
    except (ValueError, TypeError, LookupError, AttributeError, AssertionError) as error:
        # the standard library breaks on mail in ways nobody has listed: one such mail must not stop the others
        raise MailRefused("mail.unreadable") from error


def _parse(raw: bytes, limits: Limits, envelope_from: str | None) -> Mail:
    root = parse_tree(raw, limits)
    headers = headers_of(root)
    if len(headers.every("received")) > MOST_HOPS:
        raise MailRefused("mail.loop", limit=MOST_HOPS)
    words = collect(root)
    kind = classify(root, headers, envelope_from)
    own_id = headers.own_id()
    senders = headers.addresses("from") or headers.addresses("sender")
    return Mail(
        external_id=own_id or content_id(raw, headers),
        has_own_id=own_id is not None,
        in_reply_to=headers.message_ids("in-reply-to"),
        references=headers.message_ids("references"),
        sender=senders[0] if senders else None,
        reply_to=next(iter(headers.addresses("reply-to")), None),
        to=headers.addresses("to"),
        cc=headers.addresses("cc"),
        subject=headers.text("subject"),
        date=headers.date(),
        body=_body(words, limits),
        attachments=tuple(words.files),
        classification=kind,
        report=delivery_report(root, limits) if kind is Classification.BOUNCE else None,
    )


def _body(words: Words, limits: Limits) -> Body:
    markup = "\n<hr>\n".join(words.htmls)
    text = "\n\n".join(text.strip("\n") for text in words.texts)
    if not text.strip() and markup:
        text = to_text(markup)
    safe = sanitise(markup) if markup else None
    cut = text[: limits.text_chars]
    return Body(
        text=cut,
        reply_text=reply_text(cut),
        html=safe.html if safe else None,
        is_cut=len(text) > len(cut) or (safe is not None and safe.is_cut),
        blocked_images=safe.blocked_images if safe else 0,
    )
