"""What the product needs of a store of blobs; adapters: folder, S3 and memory, one contract suite for all three."""

import re
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, Protocol

from intercanal.kernel.ids import TenantId, is_id

PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
FEWEST_PARTS: Final = 2
CHUNK: Final = 256 * 1024


class BlobNotFoundError(Exception):
    """There is nothing under this key."""


class BlobKeyError(ValueError):
    """No blob can have this key: it is a tenant's id and more parts, of letters, digits, dots, underscores, dashes."""


class Blobs(Protocol):
    """A store of blobs; a key's first part is the tenant it belongs to."""

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> int:
        """Keep a blob durably and return its size; a content that breaks off leaves what was there before."""
        ...

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces; raises `BlobNotFoundError` before the first."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a blob; one that is not there is forgotten already."""
        ...

    async def exists(self, key: str) -> bool:
        """Say whether there is a blob under this key."""
        ...

    def walk(self, prefix: str = "") -> AsyncIterator[str]:
        """Walk the keys below a prefix, such as a tenant's id."""
        ...


def blob_key(tenant_id: TenantId, *parts: str) -> str:
    """Make the key of a blob; names given by customers are never part of it."""
    return check_key("/".join((tenant_id, *parts)))


def check_key(key: str) -> str:
    """Return the key when it may be one; nothing else ever reaches a path or an address."""
    parts = key.split("/")
    if len(parts) < FEWEST_PARTS or not is_id(parts[0]) or not all(map(PART.fullmatch, parts)):
        raise BlobKeyError(key)
    return key


async def read(blobs: Blobs, key: str) -> bytes:
    """Return a whole blob; only for those known to be small."""
    return b"".join([piece async for piece in await blobs.get(key)])


async def pieces(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Bring both forms of a content to pieces."""
    if isinstance(content, bytes):
        yield content
    else:
        async for piece in content:
            yield piece
