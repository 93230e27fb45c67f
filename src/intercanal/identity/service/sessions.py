"""Sessions on the server's side: the browser holds a random token, the table its hash, and ending one is immediate."""

import os
from collections.abc import Sequence
from typing import Any

from intercanal.identity.domain.rules import SESSION_IDLE, SESSION_LENGTH
from intercanal.identity.domain.tokens import SECRET_BYTES, Kind, compose, digest, parse
from intercanal.identity.events import SessionEnded
from intercanal.identity.repository import credentials
from intercanal.identity.schemas import SessionView
from intercanal.identity.service.audit import record
from intercanal.identity.tables import Session
from intercanal.infra.db.unit_of_work import UnitOfWork


def open_session(uow: UnitOfWork, user_id: str, network: str) -> str:
    """Begin a session and return its token; never an id that existed before the sign-in."""
    token = compose(Kind.SESSION, uow.tenant_id, os.urandom(SECRET_BYTES))
    session = Session(
        tenant_id=uow.tenant_id,
        id=uow.new_id(),
        digest=digest(token),
        user_id=user_id,
        network=network,
        created_at=uow.now,
        seen_at=uow.now,
        expires_at=uow.now + SESSION_LENGTH,
    )
    uow.session.add(session)
    return token


async def end_session(uow: UnitOfWork, user_id: str, session_id: str, reason: str = "signed_out") -> bool:
    """End one session of a user; says whether there was one."""
    return bool(await _end(uow, (Session.user_id == user_id) & (Session.id == session_id), reason))


async def end_all_sessions(uow: UnitOfWork, user_id: str, reason: str = "signed_out_everywhere") -> int:
    """End every session of a user; returns how many there were."""
    return len(await _end(uow, Session.user_id == user_id, reason))


async def list_sessions(uow: UnitOfWork, user_id: str, this_one: str) -> list[SessionView]:
    """Return where a user is signed in."""
    return [
        SessionView(row.id, row.network, row.created_at, row.seen_at, row.id == this_one)
        for row in await credentials.sessions_of(uow.session, uow.tenant_id, user_id)
    ]


def note_sign_in(uow: UnitOfWork, user_id: str, network: str) -> None:
    """Note a sign-in."""
    record(uow, "identity.signed_in", user_id, network=network)


async def end_session_of(uow: UnitOfWork, text: str, reason: str) -> None:
    """End the session that a browser still holds, whoever it was of: its next one has another id."""
    token = parse(text)
    if token is not None and token.kind is Kind.SESSION and token.tenant_id == uow.tenant_id:
        await _end(uow, Session.digest == token.digest, reason)


def note_failed_sign_in(uow: UnitOfWork, user_id: str | None, network: str) -> None:
    """Note a refused password; the e-mail that was tried is not kept."""
    record(uow, "identity.sign_in_failed", user_id or "unknown", network=network)


async def sweep(uow: UnitOfWork) -> None:
    """Remove what has expired."""
    await credentials.drop_expired(uow.session, uow.tenant_id, uow.now, uow.now - SESSION_IDLE)


async def _end(uow: UnitOfWork, which: Any, reason: str) -> Sequence[str]:
    ended = await credentials.end_sessions(uow.session, uow.tenant_id, which)
    for session_id, user_id in ended:
        uow.publish(SessionEnded(session_id, user_id, reason))
        record(uow, "identity.session_ended", user_id, reason=reason)
    return [session_id for session_id, _ in ended]
