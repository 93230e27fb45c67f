"""The tree of a MIME message, taken apart within bounds: the parser stops at the first part too deep or too many."""

import re
import unicodedata
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from email.utils import collapse_rfc2231_value
from mimetypes import guess_extension
from typing import TYPE_CHECKING, Any, TypeAlias

from intercanal.mail.domain.charsets import one_line, unescape
from intercanal.mail.domain.headers import Headers, decode_words
from intercanal.mail.domain.model import Attachment, Limits
from intercanal.mail.errors import MailRefused

Part: TypeAlias = "Message[str, str]"
if TYPE_CHECKING:
    _Feed = BytesFeedParser[Part]  # generic for the type checker alone
else:
    _Feed = BytesFeedParser

_LONGEST_NAME = 200
_LONGEST_PARAMETERS = 8 * 1024
_CHUNK = 64 * 1024
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n|\r\r")


class _Node(Message):
    """A part whose parameters are read in bounded time: the standard reader is quadratic in their length."""

    def get_param(self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True) -> Any:
        """Return a parameter, unless the header is longer than any honest one."""
        if len(str(self.get(header, ""))) > _LONGEST_PARAMETERS:
            return failobj
        return super().get_param(param, failobj, header, unquote)

    def get_boundary(self, failobj: Any = None) -> Any:
        """Return the boundary, unless its encoding (RFC 2231) makes no sense."""
        try:
            return super().get_boundary(failobj)
        except (ValueError, TypeError, LookupError):
            return failobj


class _BoundedParser(_Feed):
    """The standard parser, which by itself goes as deep as a sender likes."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(_Node, policy=compat32)
        self._limits = limits
        self._count = 0

    def _new_message(self) -> None:
        stack: list[Part] = self._msgstack  # type: ignore[attr-defined]  # the parser's own, of every Python 3
        self._count += 1
        if self._count > self._limits.parts:
            raise MailRefused("mail.too_many_parts", limit=self._limits.parts)
        if len(stack) > self._limits.depth:
            raise MailRefused("mail.nested_too_deep", limit=self._limits.depth)
        super()._new_message()  # type: ignore[misc]  # see above


def parse_tree(raw: bytes, limits: Limits) -> Part:
    """Parse a message into its tree, or refuse it with a typed reason."""
    if len(raw) > limits.size:
        raise MailRefused("mail.too_large", limit=limits.size)
    blank = _BLANK_LINE.search(raw, 0, limits.header_bytes)
    if blank is None and len(raw) > limits.header_bytes:
        raise MailRefused("mail.headers_too_large", limit=limits.header_bytes)
    parser = _BoundedParser(limits)
    for start in range(0, len(raw), _CHUNK):
        parser.feed(raw[start : start + _CHUNK])
    return parser.close()


def headers_of(part: Part) -> Headers:
    """Return the header fields of a part."""
    return Headers(part.raw_items())


def content_type(part: Part) -> str:
    """Return a part's media type, `application/octet-stream` when it is none."""
    try:
        found = part.get_content_type()
    except (ValueError, TypeError, IndexError, AttributeError):
        return "application/octet-stream"
    return found if _TYPE.fullmatch(found) else "application/octet-stream"


def parameter(part: Part, name: str, header: str = "content-type") -> str | None:
    """Return a parameter of a header, its RFC 2231 pieces joined and decoded."""
    try:
        value: Any = part.get_param(name, None, header)
        if value is None:
            return None
        return collapse_rfc2231_value(value)
    except (ValueError, TypeError, IndexError, AttributeError, LookupError):
        return None


def disposition(part: Part) -> str:
    """Return `inline`, `attachment` or nothing."""
    return headers_of(part).token("content-disposition")


def file_name(part: Part) -> str | None:
    """Return the name a sender gave a part, made safe to show and to save, or None."""
    for name, header in (("filename", "content-disposition"), ("name", "content-type")):
        value = parameter(part, name, header)
        if value:
            safe = safe_name(decode_words(unescape(value)))
            if safe:
                return safe
    return None


def safe_name(name: str) -> str:
    """Keep of a file name what can neither leave a folder nor pretend to be another type."""
    base = one_line(name, 2000).replace("\\", "/").rpartition("/")[2]
    # format characters can turn a name around on screen, so that `cod.exe` reads as `exe.doc`
    shown = "".join(character for character in base if unicodedata.category(character)[0] != "C").strip(" .")
    if len(shown) <= _LONGEST_NAME:
        return shown
    stem, dot, extension = shown.rpartition(".")
    return f"{stem[: _LONGEST_NAME - 21]}.{extension}" if dot and len(extension) <= 20 else shown[:_LONGEST_NAME]  # noqa: PLR2004 - no extension is longer


def payload(part: Part) -> bytes:
    """Return a leaf's content, decoded as far as it can be; never raises."""
    try:
        found = part.get_payload(decode=True)
    except (ValueError, TypeError, AssertionError, LookupError, AttributeError):
        found = None
    if isinstance(found, bytes):
        return found
    raw = part.get_payload()
    return raw.encode("utf-8", "replace") if isinstance(raw, str) else b""


def enclosed(part: Part) -> bytes:
    """Return a message that lies inside a part, as it travelled; nothing when it cannot be written out."""
    inner = part.get_payload()
    if not isinstance(inner, list):
        return payload(part)
    written = []
    for message in inner:
        try:
            written.append(message.as_bytes() if isinstance(message, Message) else b"")
        except (ValueError, TypeError, LookupError, AttributeError, KeyError):
            written.append(b"")
    return b"\n".join(written)


def attachment(part: Part, number: int) -> Attachment:
    """Turn a part into a file, with a name even when its sender gave none."""
    kind = content_type(part)
    headers = headers_of(part)
    name = file_name(part)
    if kind.startswith("message/") and part.is_multipart():
        content = enclosed(part)
        if name is None and kind in {"message/rfc822", "message/global"}:
            name = safe_name(f"{_inner_subject(part)[:100]}.eml")
    else:
        content = payload(part)
    content_id = headers.raw("content-id").strip("<> ")
    return Attachment(
        name=name or f"attachment-{number}{guess_extension(kind, strict=False) or '.bin'}",
        content_type=kind,
        content=content,
        content_id=one_line(unescape(content_id), 500) or None,
        is_inline=disposition(part) == "inline",
    )


def _inner_subject(part: Part) -> str:
    inner = part.get_payload()
    first = inner[0] if isinstance(inner, list) and inner else None
    return (headers_of(first).text("subject") if isinstance(first, Message) else "") or "message"
