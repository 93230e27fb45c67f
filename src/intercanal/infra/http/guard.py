"""Who may pass: the credential is recognised, its origin and permission checked, before anything is parsed."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import Empty

from intercanal.infra.http.limits import Limits
from intercanal.infra.http.origin import SAFE_METHODS, Origins
from intercanal.infra.http.principal import SESSION_COOKIE, Authenticator, CredentialScope, leave_principal
from intercanal.kernel.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from intercanal.kernel.ids import TenantId, is_id

PUBLIC, SELF = "public", "self"
STRANGERS = TenantId("strangers")

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def _is_socket(connection: Connection) -> bool:
    return connection.scope["type"] == ScopeType.WEBSOCKET


def _method(connection: Connection) -> str:
    return str(connection.scope.get("method", ""))


def permission_of(handler: BaseRouteHandler) -> str | None:
    """Return what a handler asks of its caller, or None when it was forgotten."""
    stated = handler.opt.get("permission")
    return stated if isinstance(stated, str) else None


def credential_of(connection: Connection) -> tuple[str, CredentialScope] | None:
    """Find the credential: a bearer token first, then a socket's ticket, then the session cookie."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise UnauthenticatedError("request.unauthenticated")
        return token.strip(), "bearer"
    if _is_socket(connection) and (ticket := connection.query_params.get("ticket")):
        return str(ticket), "ticket"
    if cookie := connection.cookies.get(SESSION_COOKIE):
        return cookie, "cookie"
    return None


def _check_origin(connection: Connection, origins: Origins, found: tuple[str, CredentialScope] | None) -> None:
    header = connection.headers.get
    scope = None if found is None else found[1]
    if _is_socket(connection):
        origins.check_socket(header("origin"), header("host"), by_cookie=scope == "cookie")
    elif _method(connection) not in SAFE_METHODS and scope != "bearer":
        # A token is never sent by a browser on its own, so a page that has one may call from anywhere.
        origins.check_change(header("origin"), header("host"), header("sec-fetch-site"), by_cookie=scope == "cookie")


def _check_ids(connection: Connection) -> None:
    for name, value in connection.path_params.items():
        if (name == "id" or name.endswith("_id")) and isinstance(value, str) and not is_id(value):
            raise NotFoundError("request.unknown_id")


def make_guard(authenticate: Authenticator, origins: Origins, limits: Limits) -> Guard:
    """Make the one guard of the application."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        permission = permission_of(handler)
        if _method(connection) == "OPTIONS" or (permission == PUBLIC and _method(connection) in SAFE_METHODS):
            return
        found = credential_of(connection)
        _check_origin(connection, origins, found)
        if permission == PUBLIC:
            # Strangers have a share as a tenant has one: however many come, those we know still get in.
            limits.count_for(connection.scope, STRANGERS)  # type: ignore[arg-type]  # a typed dict is a mapping
            return
        principal = None if found is None else await authenticate(*found)
        if principal is None:
            raise UnauthenticatedError("request.unauthenticated")
        limits.count_for(connection.scope, principal.tenant_id)  # type: ignore[arg-type]  # a typed dict is a mapping
        if permission is None or (permission != SELF and not principal.may(permission)):
            raise ForbiddenError("request.not_permitted", permission=permission)
        leave_principal(connection.scope, principal)  # type: ignore[arg-type]  # a typed dict is a mapping
        connection.scope["user"] = principal
        connection.scope["auth"] = found[1] if found else Empty
        _check_ids(connection)

    return guard
