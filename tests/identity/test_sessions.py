import pytest

from intercanal.identity import service
from intercanal.identity.domain.roles import SUPERVISOR
from intercanal.identity.errors import BadTokenError, LastAdminError
from intercanal.identity.service.accounts import NewUser
from tests.identity.conftest import CATALOGUE, House

pytestmark = pytest.mark.server


async def add_supervisor(house: House, by_key: str, email: str = "supervisor@example.org") -> str:
    admin = await house.principal(by_key)
    async with house.write(admin.id) as uow:
        return (await service.create_user(uow, admin, NewUser(email, "Sam", SUPERVISOR), CATALOGUE)).id


async def test_a_session_ends_when_it_stays_unused_and_use_keeps_it(house: House) -> None:
    user_id, _ = await house.admin()
    used, unused = await house.sign_in(user_id), await house.sign_in(user_id)
    for _ in range(4):
        house.clock.advance(20 * 60)
        assert await house.who(used) is not None
    assert await house.who(unused) is None


async def test_a_session_ends_at_its_length_however_much_it_is_used(house: House) -> None:
    user_id, _ = await house.admin()
    token = await house.sign_in(user_id)
    for _ in range(27):
        house.clock.advance(30 * 60)
        assert await house.who(token) is not None
    house.clock.advance(30 * 60)
    assert await house.who(token) is None


async def test_each_sign_in_has_its_own_id_and_signing_out_ends_that_one(house: House) -> None:
    user_id, _ = await house.admin()
    one, two = await house.sign_in(user_id), await house.sign_in(user_id)
    assert one != two
    first = await house.principal(one)
    assert first.credential_id is not None
    async with house.write(user_id) as uow:
        assert await service.end_session(uow, user_id, first.credential_id)
    assert await house.who(one) is None
    assert await house.who(two) is not None


async def test_signing_out_everywhere_ends_all_and_tells_each(house: House) -> None:
    user_id, _ = await house.admin()
    tokens = [await house.sign_in(user_id) for _ in range(3)]
    ids = {(await house.principal(token)).credential_id for token in tokens}
    async with house.write(user_id) as uow:
        assert await service.end_all_sessions(uow, user_id) == 3
        told = {getattr(waiting.content, "credential_id", None) for waiting in uow.waiting}
    assert ids <= told
    assert [await house.who(token) for token in tokens] == [None, None, None]


async def test_a_changed_role_ends_the_sessions_so_that_rights_come_with_a_new_one(house: House) -> None:
    _, key = await house.admin()
    admin = await house.principal(key)
    user_id = await add_supervisor(house, key)
    before = await house.sign_in(user_id)
    async with house.write(admin.id) as uow:
        await service.set_user_role(uow, admin, user_id, "agent", CATALOGUE)
    assert await house.who(before) is None
    after = await house.principal(await house.sign_in(user_id))
    assert "routing.supervise" not in after.permissions


async def test_who_leaves_loses_sessions_keys_and_tickets_at_once(house: House) -> None:
    _, key = await house.admin()
    admin = await house.principal(key)
    user_id = await add_supervisor(house, key)
    session = await house.sign_in(user_id)
    leaver = await house.principal(session)
    async with house.write(user_id) as uow:
        made = await service.create_key(uow, leaver, "mine", SUPERVISOR, CATALOGUE)
        ticket = await service.issue_ticket(uow, leaver)
    async with house.write(admin.id) as uow:
        await service.deactivate_user(uow, admin, user_id, CATALOGUE)
    assert await house.who(session) is None
    assert await house.who(str(made.key)) is None
    async with house.write(None) as uow:
        with pytest.raises(BadTokenError):
            await service.redeem_ticket(uow, ticket, CATALOGUE)
    async with house.read() as uow:
        assert await service.account_by_email(uow, "supervisor@example.org") is None


async def test_the_last_administrator_cannot_be_shut_out(house: House) -> None:
    admin_id, key = await house.admin()
    admin = await house.principal(key)
    async with house.write(admin.id) as uow:
        with pytest.raises(LastAdminError):
            await service.deactivate_user(uow, admin, admin_id, CATALOGUE)
        with pytest.raises(LastAdminError):
            await service.set_user_role(uow, admin, admin_id, SUPERVISOR, CATALOGUE)


async def test_a_ticket_opens_once_within_a_minute_in_any_process(house: House) -> None:
    _, key = await house.admin()
    principal = await house.principal(key)
    async with house.write() as uow:
        tickets = [await service.issue_ticket(uow, principal) for _ in range(2)]
    async with house.write(None) as uow:
        assert await service.redeem_ticket(uow, tickets[0], CATALOGUE) == principal
    async with house.write(None) as uow:
        with pytest.raises(BadTokenError):
            await service.redeem_ticket(uow, tickets[0], CATALOGUE)
    house.clock.advance(60)
    async with house.write(None) as uow:
        with pytest.raises(BadTokenError):
            await service.redeem_ticket(uow, tickets[1], CATALOGUE)


async def test_a_ticket_is_no_session_and_a_key_is_no_ticket(house: House) -> None:
    _, key = await house.admin()
    principal = await house.principal(key)
    async with house.write() as uow:
        ticket = await service.issue_ticket(uow, principal)
    assert await house.who(ticket) is None
    async with house.write(None) as uow:
        with pytest.raises(BadTokenError):
            await service.redeem_ticket(uow, key, CATALOGUE)


async def test_an_open_socket_is_told_when_its_credential_is_gone(house: House) -> None:
    user_id, _ = await house.admin()
    principal = await house.principal(await house.sign_in(user_id))
    assert principal.credential_id is not None
    async with house.write(None) as uow:
        assert await service.recheck(uow, principal.kind, principal.credential_id, CATALOGUE) == principal
        await service.end_all_sessions(uow, user_id)
        assert await service.recheck(uow, principal.kind, principal.credential_id, CATALOGUE) is None


async def test_what_has_expired_is_swept_away(house: House) -> None:
    user_id, key = await house.admin()
    await house.sign_in(user_id)
    async with house.write() as uow:
        await service.issue_ticket(uow, await house.principal(key))
        await service.request_reset(uow, "admin@example.org")
    house.clock.advance(2 * 3600)
    async with house.write(None) as uow:
        await service.sweep(uow)
    async with house.read() as uow:
        assert await service.list_sessions(uow, user_id, "") == []
        assert await service.waiting_reset_mails(uow) == []
