"""Blobs in memory, for tests and trials."""

from collections.abc import AsyncIterable, AsyncIterator

from intercanal.infra.blobs.port import CHUNK, BlobNotFoundError, check_key, pieces


class MemoryBlobs:
    """Forgets everything with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> int:
        """Keep a blob."""
        check_key(key)
        whole = b"".join([piece async for piece in pieces(content)])
        self._kept[key] = whole
        return len(whole)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces."""
        try:
            return _cut(self._kept[check_key(key)])
        except KeyError:
            raise BlobNotFoundError(key) from None

    async def delete(self, key: str) -> None:
        """Forget a blob."""
        self._kept.pop(check_key(key), None)

    async def exists(self, key: str) -> bool:
        """Say whether there is a blob under this key."""
        return check_key(key) in self._kept

    async def walk(self, prefix: str = "") -> AsyncIterator[str]:
        """Walk the keys below a prefix."""
        for key in sorted(self._kept):
            if not prefix or key.startswith(prefix.rstrip("/") + "/"):
                yield key


async def _cut(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]
