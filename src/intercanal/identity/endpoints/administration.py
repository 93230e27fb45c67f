"""Users, roles, keys and the audit, for those who administer."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import Parameter

from intercanal.identity import service
from intercanal.identity.endpoints.desk import Desk
from intercanal.identity.schemas import (
    AuditView,
    GivenPassword,
    KeyBody,
    KeyView,
    NewKey,
    Reason,
    RoleBody,
    RoleChoice,
    RoleView,
    UserBody,
    UserView,
)
from intercanal.identity.service import NewUser
from intercanal.identity.service.hashing import require_strong
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page

MANAGE = {"permission": "identity.manage"}
Limit = Annotated[int | None, Parameter(ge=1)]


@get("/users", opt=MANAGE)
async def list_users(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[UserView]:
    """Return the users of the tenant."""
    return await door.read(lambda uow: service.list_users(uow, cursor, limit))


@post("/users", opt=MANAGE)
async def create_user(door: Door, identity: Desk, data: UserBody) -> UserView:
    """Give somebody an account, and send them the mail that lets them choose a password."""

    async def create(uow: UnitOfWork) -> UserView:
        new = NewUser(data.email, data.name, data.role, data.language)
        user = await service.create_user(uow, door.principal, new, identity.catalogue)
        if data.invite:
            await service.request_reset(uow, user.email)
        return user

    return await door.write(create)


@put("/users/{user_id:str}/role", opt=MANAGE)
async def set_user_role(door: Door, identity: Desk, user_id: str, data: RoleChoice) -> UserView:
    """Change what a user is; their sessions end."""
    by = door.principal
    return await door.write(lambda uow: service.set_user_role(uow, by, user_id, data.role, identity.catalogue))


@put("/users/{user_id:str}/password", status_code=204, opt=MANAGE)
async def give_password(door: Door, identity: Desk, user_id: str, data: GivenPassword) -> None:
    """Give a user a password; their sessions end."""
    by = door.principal
    account = await door.read(lambda uow: service.require_power_over(uow, by, user_id, identity.catalogue))
    require_strong(data.password, account.email, account.name)
    hashed = await identity.passwords.hash(data.password)

    async def give(uow: UnitOfWork) -> None:
        await service.require_power_over(uow, by, user_id, identity.catalogue)
        await service.change_password(uow, user_id, hashed, how="given")

    # Not `write`: it would keep a fast hash of the body, which holds the password, beside the Idempotency-Key.
    await door.write_as(by.tenant_id, by.id, give)


@post("/users/{user_id:str}/deactivate", status_code=204, opt=MANAGE)
async def deactivate_user(door: Door, identity: Desk, user_id: str) -> None:
    """Shut a user out of everything at once."""
    by = door.principal
    await door.write(lambda uow: service.deactivate_user(uow, by, user_id, identity.catalogue))


@get("/roles", opt=MANAGE)
async def list_roles(door: Door, identity: Desk) -> Page[RoleView]:
    """Return the built-in roles and the tenant's own."""
    return Page(await door.read(lambda uow: service.list_roles(uow, identity.catalogue)))


@post("/roles", opt=MANAGE)
async def create_role(door: Door, identity: Desk, data: RoleBody) -> RoleView:
    """Make a role."""
    by = door.principal
    return await door.write(lambda uow: service.create_role(uow, by, data, identity.catalogue))


@put("/roles/{role_id:str}", opt=MANAGE)
async def change_role(door: Door, identity: Desk, role_id: str, data: RoleBody) -> RoleView:
    """Change what a role may do; the sessions of its holders end."""
    by = door.principal
    return await door.write(lambda uow: service.change_role(uow, by, role_id, data, identity.catalogue))


@delete("/roles/{role_id:str}", opt=MANAGE)
async def retire_role(door: Door, role_id: str, reason: Reason = "") -> None:
    """Take away a role that nobody holds."""
    await door.write(lambda uow: service.retire_role(uow, role_id, reason))


@get("/keys", opt=MANAGE)
async def list_keys(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[KeyView]:
    """Return the API keys, revoked ones too."""
    return await door.read(lambda uow: service.list_keys(uow, cursor, limit))


@post("/keys", opt=MANAGE)
async def create_key(door: Door, identity: Desk, data: KeyBody) -> NewKey:
    """Make an API key; its secret is in this answer and nowhere else."""
    by = door.principal
    return await door.write(
        lambda uow: service.create_key(uow, by, data.name, data.role, identity.catalogue), secrets=("key",)
    )


@delete("/keys/{key_id:str}", opt=MANAGE)
async def revoke_key(door: Door, key_id: str) -> None:
    """Make an API key open nothing any more."""
    await door.write(lambda uow: service.revoke_key(uow, key_id))


@get("/audit", opt={"permission": "identity.audit"})
async def list_audit(
    door: Door, cursor: str | None = None, limit: Limit = None, action: str | None = None
) -> Page[AuditView]:
    """Return the chained audit in order."""
    return await door.read(lambda uow: service.list_audit(uow, cursor, limit, action))


HANDLERS = (
    list_users, create_user, set_user_role, give_password, deactivate_user, list_roles, create_role, change_role,
    retire_role, list_keys, create_key, revoke_key, list_audit,
)  # fmt: skip
