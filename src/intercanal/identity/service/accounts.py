"""Users: who may sign in, as what, with which password."""

import asyncio

import msgspec

from intercanal.identity.domain.people import normal_email, normal_name
from intercanal.identity.domain.roles import ADMIN
from intercanal.identity.errors import EmailTakenError, LastAdminError, UnknownUserError
from intercanal.identity.repository import users
from intercanal.identity.schemas import UserView
from intercanal.identity.service.audit import record
from intercanal.identity.service.hashing import hash_password, is_outdated, require_strong
from intercanal.identity.service.roles import permissions_by_role, require_role, require_within
from intercanal.identity.service.sessions import end_all_sessions
from intercanal.identity.service.tokens import add_key, revoke_agent_tokens, revoke_all_made_by
from intercanal.identity.tables import User
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal
from intercanal.kernel.ids import AgentId
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor


class NewUser(msgspec.Struct, frozen=True):
    """Somebody to be given an account; without a password they choose one through the reset mail."""

    email: str
    name: str
    role: str
    language: str = "en"
    agent_id: AgentId | None = None


class Account(msgspec.Struct, frozen=True):
    """What a sign-in needs to know of a user."""

    id: str
    email: str
    name: str
    password_hash: str | None

    @property
    def needs_rehash(self) -> bool:
        """Say whether the password should be hashed again with today's parameters."""
        return self.password_hash is not None and is_outdated(self.password_hash)


async def account_by_email(uow: UnitOfWork, email: str) -> Account | None:
    """Find whom a sign-in names; somebody who may not sign in is as unknown as a stranger."""
    found = await users.user_by_email(uow.session, uow.tenant_id, normal_email(email))
    return _account(found) if found is not None and found.is_active else None


async def account(uow: UnitOfWork, user_id: str) -> Account:
    """Return a user's account."""
    return _account(await _active(uow, user_id))


async def create_user(
    uow: UnitOfWork, by: Principal, new: NewUser, catalogue: frozenset[str], password_hash: str | None = None
) -> UserView:
    """Give somebody an account, with no more rights than the giver has."""
    require_within(by, await require_role(uow, new.role, catalogue))
    return _view(await _add(uow, new, password_hash))


async def create_admin(uow: UnitOfWork, email: str, name: str, password: str) -> tuple[str, str]:
    """Make the first administrator of a tenant and an API key for it; there is no default password."""
    require_strong(password, email, name)
    encoded = await asyncio.to_thread(hash_password, password)
    user = await _add(uow, NewUser(email, name, ADMIN), encoded)
    _, key = add_key(uow, "bootstrap", ADMIN, created_by=user.id)
    return user.id, key


async def link_agent(uow: UnitOfWork, user_id: str, agent_id: AgentId | None) -> UserView:
    """Say as which agent a user works, or as none; their sessions end, as what they may see changes."""
    user = await _active(uow, user_id)
    user.agent_id = agent_id
    record(uow, "identity.user_linked", user_id, agent_id=agent_id)
    await end_all_sessions(uow, user_id, "rights_changed")
    return _view(user)


async def require_power_over(uow: UnitOfWork, by: Principal, user_id: str, catalogue: frozenset[str]) -> Account:
    """Return a user's account to somebody who has at least that user's rights."""
    user = await _active(uow, user_id)
    require_within(by, (await permissions_by_role(uow, {user.role}, catalogue))[user.role])
    return _account(user)


async def list_users(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[UserView]:
    """Return the users of the tenant."""
    after = id_cursor(cursor)
    size = clamp(limit)
    rows = await users.users_after(uow.session, uow.tenant_id, after, size + 1)
    more = encode_cursor(rows[size - 1].id) if len(rows) > size else None
    return Page([_view(row) for row in rows[:size]], more)


async def set_user_role(uow: UnitOfWork, by: Principal, user_id: str, role: str, catalogue: frozenset[str]) -> UserView:
    """Change what a user is; their sessions end, so that new rights always come with a new session."""
    user = await _active(uow, user_id)
    rights = await require_role(uow, role, catalogue)
    before = await permissions_by_role(uow, {user.role}, catalogue)
    require_within(by, rights | before[user.role])
    if user.role == ADMIN and role != ADMIN:
        await _require_another_admin(uow, user_id)
    user.role = role
    record(uow, "identity.user_role_changed", user_id, role=role)
    await end_all_sessions(uow, user_id, "rights_changed")
    return _view(user)


async def deactivate_user(uow: UnitOfWork, by: Principal, user_id: str, catalogue: frozenset[str]) -> None:
    """Shut a user out: sessions, agent tokens, whatever they made that opens a door, and waiting resets all end now."""
    user = await _active(uow, user_id)
    require_within(by, (await permissions_by_role(uow, {user.role}, catalogue))[user.role])
    if user.role == ADMIN:
        await _require_another_admin(uow, user_id)
    user.is_active = False
    record(uow, "identity.user_deactivated", user_id)
    await end_all_sessions(uow, user_id, "deactivated")
    await revoke_all_made_by(uow, user_id)
    await users.drop_resets(uow.session, uow.tenant_id, user_id)
    if user.agent_id is not None:
        await revoke_agent_tokens(uow, user.agent_id)


async def change_password(uow: UnitOfWork, user_id: str, password_hash: str, how: str = "changed") -> None:
    """Keep a new password and end every session: whoever knew the old one is out."""
    user = await _active(uow, user_id)
    user.password_hash = password_hash
    record(uow, "identity.password_changed", user_id, how=how)
    await users.drop_resets(uow.session, uow.tenant_id, user_id)
    await end_all_sessions(uow, user_id, "password_changed")


async def renew_hash(uow: UnitOfWork, account: Account, new_hash: str) -> None:
    """Replace the hash of an unchanged password by one with today's parameters."""
    if account.password_hash is not None:
        await users.keep_hash(uow.session, uow.tenant_id, account.id, account.password_hash, new_hash)


async def _add(uow: UnitOfWork, new: NewUser, password_hash: str | None) -> User:
    email = normal_email(new.email)
    if await users.user_by_email(uow.session, uow.tenant_id, email) is not None:
        raise EmailTakenError
    user = User(
        tenant_id=uow.tenant_id,
        id=uow.new_id(),
        email=email,
        name=normal_name(new.name),
        language=new.language,
        role=new.role,
        agent_id=new.agent_id,
        password_hash=password_hash,
        is_active=True,
        created_at=uow.now,
    )
    uow.session.add(user)
    await uow.session.flush()
    record(uow, "identity.user_created", user.id, role=new.role)
    return user


async def _active(uow: UnitOfWork, user_id: str) -> User:
    user = await users.user(uow.session, uow.tenant_id, user_id)
    if user is None or not user.is_active:
        raise UnknownUserError
    return user


async def _require_another_admin(uow: UnitOfWork, user_id: str) -> None:
    if await users.lock_active_admins(uow.session, uow.tenant_id, ADMIN) == [user_id]:
        raise LastAdminError


def _account(user: User) -> Account:
    return Account(user.id, user.email, user.name, user.password_hash)


def _view(user: User) -> UserView:
    return UserView(user.id, user.email, user.name, user.role, user.language, user.agent_id, user.is_active)
