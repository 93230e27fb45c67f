"""Who is asking: what an authenticator answers, and where the guard leaves it for doors and sockets."""

from collections.abc import MutableMapping
from typing import Any, Literal, Protocol

import msgspec

from intercanal.kernel.errors import UnauthenticatedError
from intercanal.kernel.ids import AgentId, TenantId

CredentialScope = Literal["bearer", "cookie", "ticket"]

SESSION_COOKIE = "__Host-session"

_PLACE = "intercanal.principal"


class Principal(msgspec.Struct, frozen=True):
    """A known caller in its tenant; `kind` is what it signed in as, `agent_id` the agent it works as, if any."""

    tenant_id: TenantId
    id: str
    kind: str
    permissions: frozenset[str]
    agent_id: AgentId | None = None
    credential_id: str | None = None

    def may(self, permission: str) -> bool:
        """Say whether a permission is among those given."""
        return permission in self.permissions


class Authenticator(Protocol):
    """Turns a credential into who it stands for; None when it is not, or no longer, good."""

    async def __call__(self, credential: str, scope: CredentialScope) -> Principal | None:
        """Recognise a bearer token, a session cookie, or the one-time ticket of a WebSocket."""
        ...


def leave_principal(scope: MutableMapping[str, Any], principal: Principal) -> None:
    """Put the caller where `find_principal` looks."""
    scope[_PLACE] = principal


def find_principal(scope: MutableMapping[str, Any]) -> Principal | None:
    """Return the caller of this connection, or None on a public endpoint."""
    found = scope.get(_PLACE)
    return found if isinstance(found, Principal) else None


def principal_of(scope: MutableMapping[str, Any]) -> Principal:
    """Return the caller of this connection; raises `UnauthenticatedError` on a public endpoint without one."""
    found = find_principal(scope)
    if found is None:
        raise UnauthenticatedError("request.unauthenticated")
    return found
