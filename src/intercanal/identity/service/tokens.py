"""API keys and agent tokens: shown once, kept as hashes, revoked at once."""

import os
from collections.abc import Sequence

from intercanal.identity.domain.people import normal_name
from intercanal.identity.domain.roles import ADMIN, AGENT
from intercanal.identity.domain.tokens import SECRET_BYTES, Kind, compose, digest
from intercanal.identity.errors import UnknownTokenError
from intercanal.identity.events import SessionEnded
from intercanal.identity.repository import credentials
from intercanal.identity.schemas import KeyView, NewKey
from intercanal.identity.service.audit import record
from intercanal.identity.service.roles import require_role, require_within
from intercanal.identity.tables import AccessToken
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal
from intercanal.kernel.ids import AgentId
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor


async def create_key(uow: UnitOfWork, by: Principal, name: str, role: str, catalogue: frozenset[str]) -> NewKey:
    """Make an API key; nobody can make one that may do more than themselves."""
    require_within(by, await require_role(uow, role, catalogue))
    key_id, secret = add_key(uow, name, role, by.id)
    return NewKey(key_id, normal_name(name), role, secret)


def add_key(uow: UnitOfWork, name: str, role: str = ADMIN, created_by: str | None = None) -> tuple[str, str]:
    """Make an API key without asking who wants it, for the bootstrap of a tenant; returns its id and secret."""
    row, secret = _add(uow, Kind.KEY, normal_name(name), role, created_by=created_by)
    record(uow, "identity.key_created", row.id, role=role)
    return row.id, secret


async def list_keys(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[KeyView]:
    """Return the API keys of the tenant, revoked ones too."""
    after = id_cursor(cursor)
    size = clamp(limit)
    rows = await credentials.keys_after(uow.session, uow.tenant_id, after, size + 1)
    more = encode_cursor(rows[size - 1].id) if len(rows) > size else None
    return Page([_view(row) for row in rows[:size]], more)


async def revoke_key(uow: UnitOfWork, key_id: str) -> None:
    """Make an API key open nothing from now on; doing it twice is no error."""
    which = (AccessToken.id == key_id) & (AccessToken.kind == Kind.KEY)
    if not await credentials.token_exists(uow.session, uow.tenant_id, which):
        raise UnknownTokenError
    _tell(uow, await credentials.revoke(uow.session, uow.tenant_id, which, uow.now), "revoked")


async def revoke_all_made_by(uow: UnitOfWork, user_id: str) -> None:
    """Revoke the keys and tokens that somebody made, and those made with these keys, when they leave."""
    makers = [user_id]
    while makers:
        which = AccessToken.created_by.in_(makers)
        revoked = await credentials.revoke(uow.session, uow.tenant_id, which, uow.now)
        _tell(uow, revoked, "maker_left")
        makers = [token.id for token in revoked]


async def issue_agent_token(uow: UnitOfWork, agent_id: AgentId, name: str = "agent") -> str:
    """Make a token with which a robot works as an agent; the caller has checked that the agent exists."""
    row, secret = _add(uow, Kind.AGENT, name, AGENT, agent_id=agent_id, created_by=uow.actor)
    record(uow, "identity.agent_token_created", row.id, agent_id=agent_id)
    return secret


async def revoke_agent_tokens(uow: UnitOfWork, agent_id: AgentId) -> int:
    """Revoke every token of an agent, when they leave; returns how many were still good."""
    revoked = await credentials.revoke(uow.session, uow.tenant_id, AccessToken.agent_id == agent_id, uow.now)
    _tell(uow, revoked, "revoked")
    return len(revoked)


def _add(
    uow: UnitOfWork, kind: Kind, name: str, role: str, *, agent_id: AgentId | None = None, created_by: str | None
) -> tuple[AccessToken, str]:
    secret = compose(kind, uow.tenant_id, os.urandom(SECRET_BYTES))
    row = AccessToken(
        tenant_id=uow.tenant_id,
        id=uow.new_id(),
        kind=kind.value,
        digest=digest(secret),
        name=name,
        role=role,
        agent_id=agent_id,
        created_by=created_by,
        created_at=uow.now,
    )
    uow.session.add(row)
    return row, secret


def _tell(uow: UnitOfWork, revoked: Sequence[AccessToken], reason: str) -> None:
    for token in revoked:
        uow.publish(SessionEnded(token.id, token.agent_id or token.id, reason))
        record(uow, "identity.token_revoked", token.id, kind=token.kind, reason=reason)


def _view(row: AccessToken) -> KeyView:
    return KeyView(row.id, row.name, row.role, row.created_by, row.created_at, row.revoked_at)
