"""Argon2id in threads: the event loop never waits for a password, and a crowd meets a short queue and then a 429."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from intercanal.identity.errors import SignInBusyError
from intercanal.identity.service.hashing import hash_password, password_fits
from intercanal.kernel.ids import TenantId

Result = TypeVar("Result")

SECONDS_PER_TRY = 0.1  # what one verification takes on a small machine: the base of Retry-After


class Argon2Passwords:
    """At most `waiting` tries stand in line; no tenant has more than half of the places, so none shuts others out."""

    def __init__(self, threads: int = 2, waiting: int = 16) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._limit = threads + waiting
        self._share = max(1, self._limit // 2)
        self._inside: Counter[str] = Counter()
        self._decoy = hash_password(secrets.token_urlsafe(32))
        self.verified = 0

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a new password."""
        return await self._run(lambda: hash_password(password))

    async def verify(self, encoded: str | None, password: str, tenant_id: TenantId) -> bool:
        """Check a password; an unknown user costs the same work, against a hash that nothing fits."""
        async with self._place(tenant_id):
            fits = await self._run(lambda: self._fits(encoded or self._decoy, password))
        return fits and encoded is not None

    def close(self) -> None:
        """Let the threads go; tries still in line are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def _place(self, tenant_id: TenantId) -> AsyncIterator[None]:
        if self._inside.total() >= self._limit or self._inside[tenant_id] >= self._share:
            raise SignInBusyError(self._limit * SECONDS_PER_TRY)
        self._inside[tenant_id] += 1
        try:
            yield
        finally:
            self._inside[tenant_id] -= 1
            if not self._inside[tenant_id]:
                del self._inside[tenant_id]

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _fits(self, encoded: str, password: str) -> bool:
        self.verified += 1  # told to tests: an unknown user must cost one too
        return password_fits(encoded, password)
