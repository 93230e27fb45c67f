"""Blobs in a bucket that speaks S3, through obstore; keys and endpoint come from the usual AWS_* variables."""

from collections.abc import AsyncIterable, AsyncIterator

import obstore
from obstore.store import S3Store

from intercanal.infra.blobs.port import CHUNK, BlobNotFoundError, check_key, pieces


class S3Blobs:
    """One object for each blob; a large one is sent in parts and appears only when all have arrived."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> int:
        """Keep a blob; the bucket acknowledges it once it is durable."""
        check_key(key)
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for piece in pieces(content):
                size += len(piece)
                yield piece

        await obstore.put_async(self._store, key, counted())
        return size

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces."""
        try:
            found = await obstore.get_async(self._store, check_key(key))
        except FileNotFoundError:
            raise BlobNotFoundError(key) from None
        return _bytes(found.stream(min_chunk_size=CHUNK))

    async def delete(self, key: str) -> None:
        """Forget a blob."""
        try:
            await obstore.delete_async(self._store, check_key(key))
        except FileNotFoundError:
            return

    async def exists(self, key: str) -> bool:
        """Say whether there is a blob under this key."""
        try:
            await obstore.head_async(self._store, check_key(key))
        except FileNotFoundError:
            return False
        return True

    async def walk(self, prefix: str = "") -> AsyncIterator[str]:
        """Walk the keys below a prefix."""
        async for found in obstore.list(self._store, prefix=prefix or None):
            for item in found:
                yield item["path"]


async def _bytes(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield bytes(piece)
