"""What the doors of identity are made of, handed to them by `apps` under the name `identity`."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from intercanal.identity import service
from intercanal.identity.domain.limits import Buckets, network
from intercanal.identity.domain.people import normal_email
from intercanal.identity.domain.rules import (
    PER_ACCOUNT_AND_NETWORK,
    PER_NETWORK,
    RESETS_PER_ACCOUNT,
    SESSION_LENGTH,
)
from intercanal.identity.errors import SignInBusyError
from intercanal.identity.ports import Passwords
from intercanal.identity.service import Account
from intercanal.infra.db.database import Database
from intercanal.infra.http.principal import SESSION_COOKIE
from intercanal.kernel.ids import TenantId
from intercanal.tenancy.service import all_tenant_ids, tenant_by_slug

AnyRequest = Request[Any, Any, Any]


class Desk:
    """Where people sign in: passwords, the count of tries, and the way to a tenant nobody has proved yet."""

    def __init__(self, database: Database, passwords: Passwords, catalogue: frozenset[str]) -> None:
        self.database = database
        self.passwords = passwords
        self.catalogue = catalogue
        self._by_account = Buckets(PER_ACCOUNT_AND_NETWORK)
        self._by_network = Buckets(PER_NETWORK)
        self._resets = Buckets(RESETS_PER_ACCOUNT)

    def take_try(self, account: str, address: str) -> None:
        """Count a try of an account from an address, or refuse it."""
        now = self.database.clock.now()
        wait = self._by_network.take((address,), now) or self._by_account.take((account, address), now)
        if wait:
            raise SignInBusyError(wait)

    def give_back(self, account: str, address: str) -> None:
        """Give an honest try back."""
        now = self.database.clock.now()
        self._by_network.give_back((address,), now)
        self._by_account.give_back((account, address), now)

    def take_reset(self, account: str) -> bool:
        """Say whether one more reset mail may go to an account; those already sent stay good."""
        return not self._resets.take((account,), self.database.clock.now())

    async def find_tenant(self, slug: str | None) -> TenantId | None:
        """Find the tenant of a sign-in: the one named, or the only one there is."""
        if slug is not None:
            return await tenant_by_slug(self.database, slug)
        tenants = await all_tenant_ids(self.database)
        return tenants[0] if len(tenants) == 1 else None

    async def find_account(self, tenant_id: TenantId | None, email: str) -> Account | None:
        """Find whom a sign-in names."""
        if tenant_id is None:
            return None
        async with self.database.unit_of_work(tenant_id, read_only=True) as uow:
            return await service.account_by_email(uow, email)


def address_of(request: AnyRequest) -> str:
    """Return where a request came from, as one subscriber."""
    return network(request.client.host) if request.client else "unknown"


def account_key(tenant: str | None, email: str) -> str:
    """Name an account for counting, whether it exists or not."""
    return f"{tenant or ''}/{normal_email(email)}"


def session_cookie(token: str) -> Cookie:
    """Carry a session: only to us, only over TLS (browsers take localhost for that), never read by scripts."""
    return _cookie(token, int(SESSION_LENGTH.total_seconds()))


def no_session_cookie() -> Cookie:
    """Make the browser forget its session."""
    return _cookie("", 0)


def presented_session(request: AnyRequest) -> str:
    """Return the session cookie that came with a request, if any."""
    return request.cookies.get(SESSION_COOKIE, "")


def _cookie(value: str, max_age: int) -> Cookie:
    return Cookie(
        key=SESSION_COOKIE, value=value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax"
    )
