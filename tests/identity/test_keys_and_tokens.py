import asyncpg
import msgspec
import pytest

from intercanal.identity import service
from intercanal.identity.domain.roles import ADMIN, SUPERVISOR
from intercanal.identity.errors import BeyondOwnRightsError, UnknownRoleError, UnknownTokenError
from intercanal.identity.service import NewUser
from intercanal.kernel.ids import AgentId
from tests.fixtures.servers import Urls
from tests.identity.conftest import CATALOGUE, House

pytestmark = pytest.mark.server

ROBOT = AgentId("01890000-0000-7000-8000-0000000000aa")


async def test_the_bootstrap_key_may_do_everything_the_features_declare(house: House) -> None:
    admin_id, key = await house.admin()
    principal = await house.principal(key)
    assert principal.kind == "key"
    assert principal.permissions == CATALOGUE
    assert principal.tenant_id == house.tenant_id
    assert admin_id != principal.id


async def test_a_made_key_opens_what_its_role_says_and_nothing_after_it_was_revoked(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write(admin.id) as uow:
        made = await service.create_key(uow, admin, "reports", SUPERVISOR, CATALOGUE)
    assert (await house.principal(str(made.key))).permissions == {"people.read", "routing.supervise", "mail.work"}
    async with house.write(admin.id) as uow:
        await service.revoke_key(uow, made.id)
        events = [type(waiting.content).__name__ for waiting in uow.waiting]
    assert "SessionEnded" in events
    assert await house.who(str(made.key)) is None
    async with house.read() as uow:
        listed = await service.list_keys(uow, None, None)
    assert {key.name: key.revoked_at is None for key in listed.items} == {"bootstrap": True, "reports": False}


async def test_nobody_makes_a_key_stronger_than_themselves(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write(admin.id) as uow:
        made = await service.create_key(uow, admin, "weak", SUPERVISOR, CATALOGUE)
    weak = await house.principal(str(made.key))
    async with house.write(weak.id) as uow:
        with pytest.raises(BeyondOwnRightsError):
            await service.create_key(uow, weak, "strong", ADMIN, CATALOGUE)
    async with house.write(admin.id) as uow:
        with pytest.raises(UnknownRoleError):
            await service.create_key(uow, admin, "none", "01890000-0000-7000-8000-0000000000ff", CATALOGUE)


async def test_an_agent_token_works_as_the_agent_until_the_agent_leaves(house: House) -> None:
    async with house.write() as uow:
        token = await service.issue_agent_token(uow, ROBOT)
    principal = await house.principal(token)
    assert (principal.kind, principal.agent_id, principal.id) == ("agent", ROBOT, ROBOT)
    assert principal.permissions == {"people.read", "mail.work"}
    async with house.write() as uow:
        assert await service.revoke_agent_tokens(uow, ROBOT) == 1
    assert await house.who(token) is None


async def test_another_tenant_cannot_use_revoke_or_see_a_key(house: House) -> None:
    _, key = await house.admin()
    other = house.other_tenant()
    await other.admin()
    key_id = (await house.principal(key)).id
    assert await other.who(key) is None
    async with other.write() as uow:
        with pytest.raises(UnknownTokenError):
            await service.revoke_key(uow, key_id)
    async with other.read() as uow:
        assert key_id not in [each.id for each in (await service.list_keys(uow, None, None)).items]
    assert await house.who(key) is not None


async def test_no_secret_is_in_the_database(house: House, database: Urls) -> None:
    user_id, key = await house.admin()
    secrets = [key, await house.sign_in(user_id)]
    async with house.write() as uow:
        secrets.append(await service.issue_agent_token(uow, ROBOT))
        secrets.append(await service.issue_ticket(uow, await house.principal(key)))
    connection = await asyncpg.connect(database.superuser)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            rows = await connection.fetch('SELECT t::text AS words FROM "' + table["tablename"] + '" t')  # noqa: S608 - the catalogue's own names
            for secret in secrets:
                tail = secret[-43:]  # the secret bytes themselves, which may hold an underscore
                assert not any(secret in row["words"] or tail in row["words"] for row in rows), table["tablename"]
    finally:
        await connection.close()


async def test_who_leaves_takes_along_every_key_and_token_they_made_also_through_their_keys(house: House) -> None:
    first = await house.principal((await house.admin())[1])
    async with house.write(first.id) as uow:
        leaver = await service.create_user(uow, first, NewUser("l@example.org", "Leaver", ADMIN), CATALOGUE)
        own = await service.issue_agent_token(uow, ROBOT)
    async with house.write(leaver.id) as uow:
        by = msgspec.structs.replace(first, id=leaver.id)
        key = await service.create_key(uow, by, "theirs", ADMIN, CATALOGUE)
        token = await service.issue_agent_token(uow, ROBOT)
    async with house.write(key.id) as uow:
        second = await service.create_key(uow, await house.principal(str(key.key)), "through it", ADMIN, CATALOGUE)
        through = await service.issue_agent_token(uow, ROBOT)
    async with house.write(first.id) as uow:
        await service.deactivate_user(uow, first, leaver.id, CATALOGUE)
    gone = [await house.who(str(each)) for each in (key.key, token, second.key, through)]
    assert gone == [None] * 4
    assert await house.who(own) is not None
