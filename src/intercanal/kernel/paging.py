"""Cursor paging: an opaque cursor names the last row seen, so that pages stay right while rows are added."""

import base64
import binascii
from typing import Generic, TypeVar

import msgspec

from intercanal.kernel.errors import InvalidError
from intercanal.kernel.ids import is_id

Item = TypeVar("Item")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_NUMBER = 2**63 - 1


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """One page of a list; `next_cursor` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def clamp(limit: int | None) -> int:
    """Bring an asked page size inside the bounds."""
    return max(1, min(limit or DEFAULT_LIMIT, MAX_LIMIT))


def encode_cursor(*parts: str) -> str:
    """Make an opaque cursor of the sort key of the last row of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def decode_cursor(cursor: str, parts: int) -> tuple[str, ...]:
    """Read a cursor back; anything else than what `encode_cursor` made raises `InvalidError`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.json.decode(raw, type=tuple[str, ...])
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise InvalidError("request.cursor") from error
    if len(found) != parts:
        raise InvalidError("request.cursor")
    return found


def id_cursor(cursor: str | None) -> str | None:
    """Read a cursor that holds the id of the last row; None before the first page."""
    if not cursor:
        return None
    (found,) = decode_cursor(cursor, 1)
    if not is_id(found):
        raise InvalidError("request.cursor")
    return found


def number_cursor(cursor: str | None) -> int:
    """Read a cursor that holds the number of the last row; 0 before the first page."""
    if not cursor:
        return 0
    (found,) = decode_cursor(cursor, 1)
    # The length first: to read a number of a million digits takes its time.
    if len(found) > len(str(MAX_NUMBER)) or not (found.isascii() and found.isdecimal()) or int(found) > MAX_NUMBER:
        raise InvalidError("request.cursor")
    return int(found)
