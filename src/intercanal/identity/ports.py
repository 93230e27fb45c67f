"""What identity needs from outside: a slow password hash, and a place for signed heads."""

from typing import Protocol

from intercanal.identity.domain.chain import Head, SignedHead
from intercanal.kernel.ids import TenantId


class Passwords(Protocol):
    """Hashes passwords slowly, off the event loop, through a bounded queue."""

    async def hash(self, password: str) -> str:
        """Return the encoded hash to keep."""
        ...

    async def verify(self, encoded: str | None, password: str, tenant_id: TenantId) -> bool:
        """Say whether a password fits; without a hash (unknown user) it works as long and says no."""
        ...


class HeadArchive(Protocol):
    """Signs and keeps the heads of the audit chains out of reach of the database."""

    def append(self, head: Head) -> SignedHead:
        """Sign a head and keep it."""
        ...

    def heads(self, tenant_id: TenantId) -> list[SignedHead]:
        """Return the kept heads of a tenant, oldest first."""
        ...

    def verify(self, message: bytes, signature: str) -> bool:
        """Say whether a signature was made with our key."""
        ...
