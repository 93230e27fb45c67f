"""Header fields read in linear time; the standard library's structured parser raises on hostile ones, or takes minutes.

Fields come raw from the `compat32` policy, with 8-bit bytes as surrogates; everything returned is storable text.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime

from intercanal.mail.domain.charsets import decode, one_line, unescape
from intercanal.mail.domain.model import Address

LONGEST_VALUE = 64 * 1024
LONGEST_NAME = 200
LONGEST_LINE = 998
MOST_ADDRESSES = 500
MOST_IDS = 100

_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=")
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@[^\s@<>(),;:\\\"\x00-\x1f\x7f]{1,253}")
_MESSAGE_ID = re.compile(r"<([^<>\s\x00-\x1f\x7f]{1,500})>")
_BARE_ID = re.compile(r"[^<>\s@,;()\"\x00-\x1f\x7f]{1,250}@[^<>\s@,;()\"\x00-\x1f\x7f]{1,250}")


class Headers:
    """The header fields of a message or part, by name, unfolded."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            unfolded = str(value).replace("\r", "").replace("\n", "")
            self._values.setdefault(name.lower(), []).append(unfolded[:LONGEST_VALUE].strip())

    def raw(self, name: str) -> str:
        """Return the first field of a name as it came, or nothing."""
        return self._values.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        """Return all fields of a name as they came."""
        return self._values.get(name, [])

    def token(self, name: str) -> str:
        """Return a field's leading word in lower case, without parameters or comments."""
        return re.split(r"[;\s(]", one_line(unescape(self.raw(name)), LONGEST_LINE).lower(), maxsplit=1)[0]

    def text(self, name: str) -> str:
        """Return a field as people write it: encoded words (RFC 2047) decoded, on one line."""
        return one_line(decode_words(self.raw(name)), LONGEST_LINE)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """Return who is named in the fields of a name; what does not look like an address is left out."""
        found: dict[str, Address] = {}
        for value in self.every(name):
            for address in _addresses(value):
                found.setdefault(address.email.lower(), address)
                if len(found) >= MOST_ADDRESSES:
                    return tuple(found.values())
        return tuple(found.values())

    def message_ids(self, name: str) -> tuple[str, ...]:
        """Return the message ids in a field, each in its angle brackets; the newest ones when there are too many."""
        ids = [f"<{match}>" for value in self.every(name) for match in _MESSAGE_ID.findall(value) if match.isascii()]
        return tuple(dict.fromkeys(ids[-MOST_IDS:]))

    def own_id(self) -> str | None:
        """Return the message's own id, or None when it is missing or malformed."""
        value = self.raw("message-id")
        if not value.isascii():
            return None
        whole = _MESSAGE_ID.fullmatch(value)
        if whole is not None:
            return whole[0]
        return f"<{value}>" if _BARE_ID.fullmatch(value) else None

    def date(self) -> datetime | None:
        """Return the date its sender claims, in UTC, or None when it is missing or absurd."""
        try:
            found = parsedate_to_datetime(self.raw("date"))
            aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None


def decode_words(value: str) -> str:
    """Decode encoded words (RFC 2047), also where a character was cut between two of them."""
    pieces: list[str] = []
    pending = b""
    charset = ""
    position = 0
    for match in _WORD.finditer(value):
        between = value[position : match.start()]
        position = match.end()
        is_next_word = bool(charset) and not between.strip()
        if not is_next_word or match[1].lower() != charset:
            pieces.append(decode(pending, charset))
            pending = b""
        if not is_next_word:
            pieces.append(unescape(between))
        charset = match[1].lower()
        pending += _word_bytes(match[2], match[3])
    pieces.append(decode(pending, charset or None))
    pieces.append(unescape(value[position:]))
    return "".join(pieces)


def _word_bytes(encoding: str, text: str) -> bytes:
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def _addresses(value: str) -> list[Address]:
    try:
        pairs = getaddresses([unescape(value)])
    except (ValueError, TypeError, IndexError, AttributeError, RecursionError):
        pairs = [("", found) for found in _ADDRESS.findall(unescape(value))]
    found = []
    for name, spec in pairs:
        email = address(spec)
        if email is not None:
            found.append(Address(email=email, name=one_line(decode_words(name), LONGEST_NAME)))
    return found


def address(text: str) -> str | None:
    """Return an address with its domain in lower case, or None when the text is none."""
    if _ADDRESS.fullmatch(text) is None or ".." in text.rpartition("@")[2]:
        return None
    local, _, domain = text.rpartition("@")
    return f"{local}@{domain.lower()}"
