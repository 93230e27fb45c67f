"""A repeated request under the same key gets the first answer again, and is never carried out twice."""

import hmac
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from intercanal.infra.db.own_tables import Idempotency
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.errors import ConflictError, InvalidError

KEPT = timedelta(hours=24)
MAX_KEY = 255


class RequestKey(msgspec.Struct, frozen=True):
    """What identifies one wish of one caller: the route holds the real path, so that two offers are two wishes."""

    principal: str
    route: str
    key: str
    body_hash: str


class Kept(msgspec.Struct, frozen=True):
    """A first answer, as it was given, without its secrets; `owed` are the intents that left with it."""

    status: int
    answer: bytes
    owed: tuple[str, ...]


def hash_body(secret: bytes, tenant_id: str, body: bytes, query: bytes) -> str:
    """Return what tells two bodies of a tenant apart, and tells nothing to who guesses at one without the key."""
    key = hmac.digest(secret, f"idempotency/{tenant_id}".encode(), "sha256")
    return hmac.new(key, query + b"\0" + body, "sha256").hexdigest()


def check_key(key: str) -> str:
    """Refuse a key that no careful caller would send."""
    if not key.isprintable() or not 0 < len(key) <= MAX_KEY:
        raise InvalidError("idempotency.key_invalid")
    return key


async def claim(uow: UnitOfWork, key: RequestKey) -> Kept | None:
    """Take a key for this unit of work, waiting for a twin still at work; returns the answer it left, if any."""
    names = {"tenant_id": uow.tenant_id, "principal": key.principal, "route": key.route, "key": key.key}
    fresh = {"body_hash": key.body_hash, "expires_at": uow.now + KEPT, "status": None, "answer": None, "owed": []}
    statement = (
        insert(Idempotency)
        .values(**names, **fresh)
        .on_conflict_do_update(
            index_elements=[Idempotency.tenant_id, Idempotency.principal, Idempotency.route, Idempotency.key],
            set_=fresh,
            where=Idempotency.expires_at <= uow.now,
        )
        .returning(Idempotency.key)
    )
    if (await uow.session.execute(statement)).first() is not None:
        return None
    columns = (Idempotency.body_hash, Idempotency.status, Idempotency.answer, Idempotency.owed)
    row = (await uow.session.execute(select(*columns).filter_by(**names))).one()
    if not hmac.compare_digest(row.body_hash, key.body_hash):
        raise ConflictError("idempotency.other_body")
    return Kept(row.status, row.answer.encode(), tuple(row.owed))


async def keep(uow: UnitOfWork, key: RequestKey, status: int, answer: bytes) -> None:
    """Keep the answer in the transaction of what it answers."""
    statement = (
        update(Idempotency)
        .filter_by(tenant_id=uow.tenant_id, principal=key.principal, route=key.route, key=key.key)
        .values(status=status, answer=answer.decode(), owed=[waiting.id for waiting in uow.waiting])
    )
    await uow.session.execute(statement)


def without_secrets(value: object, secrets: Collection[str]) -> bytes:
    """Encode an answer with its secrets nulled: they are shown once, and never stored."""
    plain: Any = msgspec.to_builtins(value)
    if secrets:
        if not isinstance(plain, dict) or not plain.keys() >= set(secrets):
            raise TypeError("a secret can be left out of an answer only where the answer names it")
        plain = {name: None if name in secrets else kept for name, kept in plain.items()}
    return msgspec.json.encode(plain)
