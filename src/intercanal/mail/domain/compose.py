"""Writing an answer: in its thread, from the mailbox, as text with a plain HTML alternative."""

import hashlib
import html
import re
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

import msgspec

from intercanal.mail.domain.charsets import clean, one_line

_REPLY = re.compile(r"^(?:(?:re|aw|antw|sv|réf?)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_LONGEST_SUBJECT = 500
_FIRST, _LAST = 1, 20


class File(msgspec.Struct, frozen=True):
    """A file that leaves with an answer."""

    name: str
    content_type: str
    content: bytes


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an answer is written from."""

    external_id: str
    from_address: str
    from_name: str | None
    to_address: str
    to_name: str | None
    subject: str
    text: str
    signature: str | None
    in_reply_to: str | None
    chain: tuple[str, ...]
    date: datetime
    files: tuple[File, ...] = ()

    @property
    def needs_utf8(self) -> bool:
        """Say whether only mail servers with SMTPUTF8 (RFC 6531) can carry it: an address is not plain ASCII."""
        return not (self.to_address + self.from_address).isascii()


def reply_subject(subject: str) -> str:
    """Return the subject of an answer: one `Re: `, however often the mail went to and fro."""
    bare = _REPLY.sub("", one_line(subject, _LONGEST_SUBJECT)).strip()
    return f"Re: {bare}".strip()


def chain_of(references: tuple[str, ...], external_id: str | None) -> tuple[str, ...]:
    """Return the References of an answer (RFC 5322, 3.6.4): those of its parent, and it; too many lose their middle."""
    whole = tuple(dict.fromkeys((*references, *((external_id,) if external_id else ()))))
    return whole if len(whole) <= _FIRST + _LAST else (*whole[:_FIRST], *whole[-_LAST:])


def write(letter: Letter) -> bytes:
    """Write the mail as it leaves; the same letter gives the same bytes on each try."""
    message = EmailMessage(policy=SMTPUTF8 if letter.needs_utf8 else SMTP)
    message["Message-ID"] = letter.external_id
    message["Date"] = format_datetime(letter.date)
    message["From"] = _person(letter.from_name, letter.from_address)
    message["To"] = _person(letter.to_name, letter.to_address)
    message["Subject"] = one_line(letter.subject, _LONGEST_SUBJECT)
    text = clean(letter.text).replace("\r\n", "\n").rstrip("\n")
    signature = clean(letter.signature or "").replace("\r\n", "\n").strip("\n")
    whole = f"{text}\n\n-- \n{signature}\n" if signature else f"{text}\n"
    message.set_content(whole, cte="quoted-printable")
    message.add_alternative(_as_html(text, signature), subtype="html", cte="quoted-printable")
    for file in letter.files:
        main, _, sub = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub or "octet-stream", filename=file.name)
    _mark_parts(message, letter.external_id)
    return _thread(letter) + message.as_bytes()


def _mark_parts(message: EmailMessage, external_id: str) -> None:
    seed = hashlib.sha256(external_id.encode()).hexdigest()[:24]
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            # neither quoted-printable nor base64 can hold `=_`
            part.set_boundary(f"=_{seed}_{number}")


def _thread(letter: Letter) -> bytes:
    # the standard writer encodes a long message id as if it were words, and no mail program knows it then
    lines = []
    if letter.in_reply_to is not None:
        lines.append(f"In-Reply-To: {letter.in_reply_to}\r\n")
    if letter.chain:
        lines.append("References: " + "\r\n ".join(letter.chain) + "\r\n")
    return "".join(lines).encode("ascii")


def _person(name: str | None, address: str) -> HeaderAddress:
    local, _, domain = address.rpartition("@")
    return HeaderAddress(display_name=one_line(name or "", 200), username=local, domain=domain)


def _as_html(text: str, signature: str) -> str:
    body = _paragraphs(text)
    sign = f'<p style="color:#666">{html.escape(signature).replace(chr(10), "<br>")}</p>' if signature else ""
    return f"<!doctype html><html><body>{body}{sign}</body></html>\n"


def _paragraphs(text: str) -> str:
    blocks = re.split(r"\n{2,}", text)
    return "".join(f"<p>{html.escape(block).replace(chr(10), '<br>')}</p>" for block in blocks if block.strip())
