"""Blobs as files of a folder, on the disk before they are acknowledged; all file work leaves the event loop."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from intercanal.infra.blobs.port import CHUNK, BlobNotFoundError, check_key, pieces

DRAFTS: Final = ".drafts"


class FolderBlobs:
    """One file for each blob; a draft becomes the blob by a rename, so nobody ever reads a half of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drafts = folder / DRAFTS

    async def put(self, key: str, content: bytes | AsyncIterable[bytes]) -> int:
        """Keep a blob durably."""
        path = self._path(key)
        draft = self._drafts / secrets.token_hex(16)
        size = 0
        file = await asyncio.to_thread(self._begin, draft)
        try:
            with file:
                async for piece in pieces(content):
                    size += await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_settle, file)
            await asyncio.to_thread(_publish, draft, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()
            raise
        return size

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """Return the content in pieces."""
        try:
            return _read(await asyncio.to_thread(self._path(key).open, "rb"))
        except FileNotFoundError:
            raise BlobNotFoundError(key) from None

    async def delete(self, key: str) -> None:
        """Forget a blob; its folder stays."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    async def exists(self, key: str) -> bool:
        """Say whether there is a blob under this key."""
        return await asyncio.to_thread(self._path(key).is_file)

    async def walk(self, prefix: str = "") -> AsyncIterator[str]:
        """Walk the keys below a prefix."""
        for key in await asyncio.to_thread(lambda: list(self._walk(prefix.rstrip("/")))):
            yield key

    def _path(self, key: str) -> Path:
        return self._folder / check_key(key)

    def _begin(self, draft: Path) -> BinaryIO:
        self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
        return draft.open("xb")

    def _walk(self, prefix: str) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self._folder / prefix):
            subfolders[:] = sorted(name for name in subfolders if name != DRAFTS)
            for name in sorted(files):
                yield Path(folder, name).relative_to(self._folder).as_posix()


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _publish(draft: Path, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.replace(path)
    # The name is durable once its folder is, and a new folder once the one above it is.
    for folder in (path.parent, path.parent.parent):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
