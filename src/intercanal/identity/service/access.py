"""What a session, key or token opens at this moment, and for whom."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from intercanal.identity.domain.rules import SEEN_EVERY, SESSION_IDLE
from intercanal.identity.domain.tokens import Kind, Token, parse
from intercanal.identity.errors import BadTokenError
from intercanal.identity.repository import credentials
from intercanal.identity.service.roles import permissions_by_role
from intercanal.identity.tables import AccessToken, Session, User
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal
from intercanal.kernel.ids import TenantId


class Access(msgspec.Struct, frozen=True):
    """A principal, and until when nothing but a revocation can change that."""

    principal: Principal
    until: datetime | None


def tenant_of(text: str) -> TenantId | None:
    """Read the tenant out of a token, without knowing whether the token is any good."""
    token = parse(text)
    return token.tenant_id if token else None


async def open_digests(uow: UnitOfWork, tokens: Iterable[Token], catalogue: frozenset[str]) -> dict[bytes, Access]:
    """Look up many tokens of the tenant at once; those that open nothing are left out."""
    asked = list(tokens)
    sessions = [token.digest for token in asked if token.kind is Kind.SESSION]
    others = [token.digest for token in asked if token.kind in {Kind.KEY, Kind.AGENT}]
    return await _open(
        uow,
        Session.digest.in_(sessions) if sessions else None,
        AccessToken.digest.in_(others) if others else None,
        catalogue,
    )


async def principal_of_session(uow: UnitOfWork, text: str, catalogue: frozenset[str]) -> Principal:
    """Return whom a session just begun is of."""
    token = parse(text)
    found = await open_digests(uow, [token], catalogue) if token else {}
    if token is None or token.digest not in found:
        raise BadTokenError
    return found[token.digest].principal


async def recheck(uow: UnitOfWork, kind: str, credential_id: str, catalogue: frozenset[str]) -> Principal | None:
    """Look at a credential again (an open socket does it every minute); None when it opens nothing any more."""
    is_session = kind == "user"
    found = await _open(
        uow,
        Session.id == credential_id if is_session else None,
        None if is_session else AccessToken.id == credential_id,
        catalogue,
    )
    return next((access.principal for access in found.values()), None)


async def _open(
    uow: UnitOfWork, which_sessions: Any | None, which_tokens: Any | None, catalogue: frozenset[str]
) -> dict[bytes, Access]:
    signed_in: Sequence[Any] = ()
    tokens: Sequence[AccessToken] = ()
    if which_sessions is not None:
        idle = uow.now - SESSION_IDLE
        signed_in = await credentials.live_sessions(uow.session, uow.tenant_id, uow.now, idle, which_sessions)
        await _touch(uow, [session for session, _ in signed_in])
    if which_tokens is not None:
        tokens = await credentials.live_tokens(uow.session, uow.tenant_id, uow.now, which_tokens)
    roles = {user.role for _, user in signed_in} | {token.role for token in tokens}
    rights = await permissions_by_role(uow, roles, catalogue)
    opened = {session.digest: _of_user(session, user, rights[user.role]) for session, user in signed_in}
    return opened | {token.digest: _of_token(token, rights[token.role]) for token in tokens}


async def _touch(uow: UnitOfWork, sessions: list[Session]) -> None:
    used = [session.id for session in sessions if session.seen_at < uow.now - SEEN_EVERY]
    if used:
        await credentials.touch(uow.session, uow.tenant_id, used, uow.now)


def _of_user(session: Session, user: User, permissions: frozenset[str]) -> Access:
    principal = Principal(
        tenant_id=session.tenant_id,
        id=user.id,
        kind="user",
        permissions=permissions,
        agent_id=user.agent_id,
        credential_id=session.id,
    )
    return Access(principal, session.expires_at)


def _of_token(token: AccessToken, permissions: frozenset[str]) -> Access:
    principal = Principal(
        tenant_id=token.tenant_id,
        id=token.agent_id or token.id,
        kind="agent" if token.agent_id else "key",
        permissions=permissions,
        agent_id=token.agent_id,
        credential_id=token.id,
    )
    return Access(principal, token.expires_at)
