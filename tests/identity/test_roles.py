import pytest

from intercanal.identity import service
from intercanal.identity.errors import (
    BeyondOwnRightsError,
    EmailTakenError,
    PermissionsUnknownError,
    RoleInUseError,
    UnknownRoleError,
)
from intercanal.identity.schemas import RoleBody
from intercanal.identity.service.accounts import NewUser
from tests.identity.conftest import CATALOGUE, House

pytestmark = pytest.mark.server


async def test_a_role_of_ones_own_gives_exactly_its_permissions_and_a_change_ends_sessions(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write(admin.id) as uow:
        role = await service.create_role(uow, admin, RoleBody("Auditor", ["identity.audit"], "yearly audit"), CATALOGUE)
        user = await service.create_user(uow, admin, NewUser("a@example.org", "Ada", role.id), CATALOGUE)
    token = await house.sign_in(user.id)
    assert (await house.principal(token)).permissions == {"identity.audit"}
    async with house.write(admin.id) as uow:
        await service.change_role(
            uow, admin, role.id, RoleBody("Auditor", ["identity.audit", "people.read"], "sees names"), CATALOGUE
        )
    assert await house.who(token) is None
    assert (await house.principal(await house.sign_in(user.id))).permissions == {"identity.audit", "people.read"}
    async with house.read() as uow:
        listed = await service.list_roles(uow, CATALOGUE)
    assert [each.name for each in listed] == ["admin", "supervisor", "agent", "Auditor"]


async def test_permissions_that_no_feature_declares_are_refused(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write() as uow:
        with pytest.raises(PermissionsUnknownError) as refused:
            await service.create_role(
                uow, admin, RoleBody("Odd", ["people.read", "people.pause_others"], "x"), CATALOGUE
            )
    assert refused.value.facts == {"permissions": ["people.pause_others"]}


async def test_a_role_somebody_holds_stays_and_a_retired_one_gives_nothing(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write(admin.id) as uow:
        role = await service.create_role(uow, admin, RoleBody("Guest", ["people.read"], "visit"), CATALOGUE)
        user = await service.create_user(uow, admin, NewUser("g@example.org", "Guest", role.id), CATALOGUE)
    async with house.write(admin.id) as uow:
        with pytest.raises(RoleInUseError):
            await service.retire_role(uow, role.id, "over")
        await service.set_user_role(uow, admin, user.id, "agent", CATALOGUE)
        await service.retire_role(uow, role.id, "over")
    async with house.write(admin.id) as uow:
        with pytest.raises(UnknownRoleError):
            await service.set_user_role(uow, admin, user.id, role.id, CATALOGUE)


async def test_somebody_with_few_rights_cannot_raise_or_lower_an_administrator(house: House) -> None:
    admin_id, key = await house.admin()
    admin = await house.principal(key)
    async with house.write(admin.id) as uow:
        role = await service.create_role(uow, admin, RoleBody("Desk", ["identity.manage"], "first line"), CATALOGUE)
        desk = await service.create_user(uow, admin, NewUser("d@example.org", "Desk", role.id), CATALOGUE)
    weak = await house.principal(await house.sign_in(desk.id))
    async with house.write(weak.id) as uow:
        for attempt in (
            service.set_user_role(uow, weak, desk.id, "admin", CATALOGUE),
            service.set_user_role(uow, weak, admin_id, "agent", CATALOGUE),
            service.deactivate_user(uow, weak, admin_id, CATALOGUE),
            service.create_user(uow, weak, NewUser("n@example.org", "N", "admin"), CATALOGUE),
            service.create_role(uow, weak, RoleBody("Mine", ["people.manage"]), CATALOGUE),
            service.change_role(uow, weak, role.id, RoleBody("Desk", ["identity.manage", "people.read"]), CATALOGUE),
        ):
            with pytest.raises(BeyondOwnRightsError):
                await attempt


async def test_one_address_is_one_account_however_it_is_written(house: House) -> None:
    admin = await house.principal((await house.admin("Admin@Example.org"))[1])
    async with house.write(admin.id) as uow:
        with pytest.raises(EmailTakenError):
            await service.create_user(uow, admin, NewUser(" ADMIN@example.ORG ", "Twin", "agent"), CATALOGUE)
    other = house.other_tenant()
    await other.admin("admin@example.org")
