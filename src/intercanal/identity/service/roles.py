"""Roles that a tenant makes, beside the three built-in ones."""

from collections.abc import Sequence

from intercanal.identity.domain.people import normal_name
from intercanal.identity.domain.roles import BUILT_IN, permissions_of, unknown
from intercanal.identity.errors import BeyondOwnRightsError, PermissionsUnknownError, RoleInUseError, UnknownRoleError
from intercanal.identity.events import RightsChanged
from intercanal.identity.repository import users
from intercanal.identity.schemas import RoleBody, RoleView
from intercanal.identity.service.audit import record
from intercanal.identity.service.sessions import end_all_sessions
from intercanal.identity.tables import Role
from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal


async def list_roles(uow: UnitOfWork, catalogue: frozenset[str]) -> list[RoleView]:
    """Return the built-in roles, then the tenant's own."""
    own = await versions.all_current(uow, Role)
    built_in = [RoleView(role, role, sorted(permissions_of(role, catalogue)), True) for role in BUILT_IN]
    return built_in + [_view(role) for role in own]


async def permissions_by_role(uow: UnitOfWork, roles: set[str], catalogue: frozenset[str]) -> dict[str, frozenset[str]]:
    """Return what each role may do now; one that was retired may do nothing."""
    own = roles - set(BUILT_IN)
    found = {role: permissions_of(role, catalogue) for role in roles}
    if own:
        for row in await versions.all_current(uow, Role, Role.id.in_(own)):
            found[row.id] = frozenset(row.permissions) & catalogue
    return found


async def require_role(uow: UnitOfWork, role: str, catalogue: frozenset[str]) -> frozenset[str]:
    """Return what a role may do; one that does not exist is refused."""
    if role not in BUILT_IN and await versions.current(uow, Role, role) is None:
        raise UnknownRoleError
    return (await permissions_by_role(uow, {role}, catalogue))[role]


async def create_role(uow: UnitOfWork, by: Principal, body: RoleBody, catalogue: frozenset[str]) -> RoleView:
    """Make a role, with no more rights than its maker has."""
    _require_known(by, body.permissions, catalogue)
    values = {"name": normal_name(body.name), "permissions": sorted(set(body.permissions)), "retired": False}
    role = versions.first(uow, Role, values, body.reason)
    record(uow, "identity.role_created", role.id)
    return _view(role)


async def change_role(
    uow: UnitOfWork, by: Principal, role_id: str, body: RoleBody, catalogue: frozenset[str]
) -> RoleView:
    """Change what a role may do; its holders are looked at again, and their sessions begin anew."""
    _require_known(by, body.permissions, catalogue)
    role = await _own(uow, role_id)
    require_within(by, frozenset(role.permissions) & catalogue)
    values = {"name": normal_name(body.name), "permissions": sorted(set(body.permissions))}
    changed = versions.next_of(uow, role, values, body.reason)
    record(uow, "identity.role_changed", role_id, version=changed.version)
    uow.publish(RightsChanged(role_id))
    for user_id in await users.users_with_role(uow.session, uow.tenant_id, role_id):
        await end_all_sessions(uow, user_id, "rights_changed")
    return _view(changed)


async def retire_role(uow: UnitOfWork, role_id: str, reason: str) -> None:
    """Take a role away that nobody holds any more."""
    role = await _own(uow, role_id)
    if await users.is_role_held(uow.session, uow.tenant_id, role_id):
        raise RoleInUseError
    versions.next_of(uow, role, {"retired": True}, reason)
    record(uow, "identity.role_retired", role_id)


async def _own(uow: UnitOfWork, role_id: str) -> Role:
    role = await versions.current(uow, Role, role_id)
    if role is None:
        raise UnknownRoleError
    return role


def require_within(by: Principal, permissions: frozenset[str]) -> None:
    """Refuse to give, take or touch rights that the caller does not have."""
    beyond = permissions - by.permissions
    if beyond:
        raise BeyondOwnRightsError(sorted(beyond))


def _require_known(by: Principal, permissions: Sequence[str], catalogue: frozenset[str]) -> None:
    wrong = unknown(permissions, catalogue)
    if wrong:
        raise PermissionsUnknownError(wrong)
    require_within(by, frozenset(permissions))


def _view(role: Role) -> RoleView:
    return RoleView(role.id, role.name, list(role.permissions), False)
