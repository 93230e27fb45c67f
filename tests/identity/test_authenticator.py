import asyncio

import pytest
from nats.aio.client import Client

from intercanal.identity import service
from intercanal.identity.domain.tokens import Kind, compose
from intercanal.identity.endpoints.authenticator import FRESH_S, TokenAuthenticator
from intercanal.infra.bus.memory import MemoryBus
from intercanal.infra.bus.nats import NatsBus, NatsStreams, connect
from intercanal.infra.bus.port import Handler, Subscription
from intercanal.infra.http.principal import Principal
from intercanal.kernel.ids import AgentId, TenantId, new_id
from tests.fixtures.servers import NatsServer
from tests.identity.api import Installation, cookie_of, sign_in
from tests.identity.conftest import CATALOGUE, House

pytestmark = pytest.mark.server


class Door:
    """An authenticator whose seconds pass when told."""

    def __init__(self, house: House, size: int = 1000) -> None:
        self.seconds = 0.0
        self.authenticator = TokenAuthenticator(house.database, CATALOGUE, size, monotonic=lambda: self.seconds)

    async def __call__(self, token: str) -> Principal | None:
        return await self.authenticator(token, "cookie" if token.startswith("ic_session") else "bearer")


class TellingBus(MemoryBus):
    """A bus that says when somebody has heard something."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        async def handle(heard: str, body: bytes) -> None:
            await handler(heard, body)
            self.heard.set()

        return await super().subscribe(subject, handle)


class TellingNatsBus(NatsBus):
    """The same over NATS."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.heard = asyncio.Event()

    async def subscribe(self, subject: str, handler: Handler) -> Subscription:
        async def handle(heard: str, body: bytes) -> None:
            await handler(heard, body)
            self.heard.set()

        return await super().subscribe(subject, handle)


async def agent_tokens(house: House, count: int) -> list[str]:
    async with house.write() as uow:
        return [await service.issue_agent_token(uow, AgentId(new_id(house.clock.now()))) for _ in range(count)]


async def test_a_thousand_requests_within_five_seconds_cost_one_query(house: House) -> None:
    _, key = await house.admin()
    door = Door(house)
    for _ in range(1000):
        assert await door(key) is not None
        door.seconds += FRESH_S / 1001
    assert door.authenticator.lookups == 1


async def test_tokens_that_arrive_together_are_looked_up_together(house: House) -> None:
    tokens = await agent_tokens(house, 300)
    door = Door(house)
    found = await asyncio.gather(*(door(token) for token in tokens))
    assert len({principal.id for principal in found if principal}) == 300
    assert door.authenticator.lookups <= 2


async def test_tokens_in_use_are_verified_again_together_and_idle_ones_are_let_go(house: House) -> None:
    tokens = await agent_tokens(house, 20)
    door = Door(house)
    for token in tokens[:10]:
        assert await door(token) is not None
    for round_number in range(1, 4):
        door.seconds += FRESH_S
        for token in tokens[:10]:
            assert await door(token) is not None
        assert door.authenticator.lookups == 10 + round_number
    await asyncio.gather(*(door(token) for token in tokens[10:]))
    door.seconds += FRESH_S
    await door(tokens[0])
    door.seconds += FRESH_S
    await door(tokens[0])
    assert len(door.authenticator) <= 2


async def test_a_revocation_is_seen_within_five_seconds_without_any_word_of_it(house: House) -> None:
    admin = await house.principal((await house.admin())[1])
    async with house.write(admin.id) as uow:
        made = await service.create_key(uow, admin, "reports", "agent", CATALOGUE)
    door = Door(house)
    assert await door(str(made.key)) is not None
    async with house.write(admin.id) as uow:
        await service.revoke_key(uow, made.id)
    door.seconds += FRESH_S - 0.001
    await door(str(made.key))
    door.seconds += 0.002
    assert await door(str(made.key)) is None


async def test_a_word_on_the_bus_makes_it_immediate_in_every_process(installation: Installation) -> None:
    await installation.tenant("One")
    bus = TellingBus()
    subscriptions = await installation.authenticator.listen(bus)
    async with installation.client() as browser:
        await sign_in(browser)
        kept = cookie_of(browser)
        assert (await browser.get("/api/identity/me")).status_code == 200
        await browser.post("/api/identity/sign-out")
        browser.cookies.set("__Host-session", str(kept))
        assert (await browser.get("/api/identity/me")).status_code == 200
        for subject, body in list(installation.stream.kept.values()):
            await bus.publish(subject, body)
        await asyncio.wait_for(bus.heard.wait(), 10)
        assert (await browser.get("/api/identity/me")).status_code == 401
    for subscription in subscriptions:
        await subscription.stop()


async def test_a_revocation_in_one_process_reaches_another_over_nats(
    installation: Installation, nats_server: NatsServer
) -> None:
    tenant_id, key = await installation.tenant("One")
    client = await connect([nats_server.url], nats_server.token, "test")
    streams, bus = NatsStreams(client), TellingNatsBus(client)
    await streams.prepare()
    elsewhere = TokenAuthenticator(installation.database, installation.catalogue, monotonic=lambda: 0.0)
    subscriptions = await elsewhere.listen(bus)
    assert await elsewhere(key, "bearer") is not None
    async with installation.client(key) as robot:
        own = (await robot.get("/api/identity/keys")).json()["items"][0]["id"]
        await robot.delete(f"/api/identity/keys/{own}")
    for number, (subject, body) in enumerate(installation.stream.kept.values()):
        await streams.append(subject, body, f"{tenant_id}-{number}")
    await asyncio.wait_for(bus.heard.wait(), 10)
    assert await elsewhere(key, "bearer") is None
    for subscription in subscriptions:
        await subscription.stop()
    await client.close()


async def test_what_was_revoked_while_it_was_looked_up_is_not_believed_again(house: House) -> None:
    user_id, _ = await house.admin()
    token = await house.sign_in(user_id)
    door = Door(house)
    looking = asyncio.create_task(door(token))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert door.authenticator.lookups == 1
    door.authenticator.forget(house.tenant_id)
    await looking
    assert len(door.authenticator) == 0


async def test_the_memory_is_bounded(house: House) -> None:
    tokens = await agent_tokens(house, 40)
    door = Door(house, size=25)
    for token in tokens:
        await door(token)
    assert len(door.authenticator) == 25
    assert all([await door(token) for token in tokens])


async def test_each_kind_of_token_opens_its_own_way_in_alone(house: House) -> None:
    user_id, key = await house.admin()
    door = Door(house)
    session = await house.sign_in(user_id)
    principal = await house.principal(key)
    async with house.write() as uow:
        ticket = await service.issue_ticket(uow, principal)
    ask = door.authenticator
    assert await ask(session, "bearer") is None
    assert await ask(key, "cookie") is None
    assert await ask(key, "ticket") is None
    assert await ask(ticket, "bearer") is None
    assert await ask(ticket, "ticket") == principal
    assert await ask(ticket, "ticket") is None
    assert await ask("rubbish", "bearer") is None


async def test_a_token_of_a_tenant_that_is_not_there_opens_nothing(house: House) -> None:
    door = Door(house)
    stranger = TenantId(new_id(house.clock.now()))
    assert await door(compose(Kind.KEY, stranger, bytes(32))) is None
    assert len(door.authenticator) == 0


async def test_a_key_put_under_another_tenants_name_opens_nothing(house: House) -> None:
    _, key = await house.admin()
    other = house.other_tenant()
    await other.admin()
    forged = key.replace(house.tenant_id.replace("-", ""), other.tenant_id.replace("-", ""))
    assert forged != key
    door = Door(house)
    assert await door(key) is not None
    assert await door(forged) is None


async def test_a_database_that_is_away_is_told_to_each_who_waits_and_forgotten(house: House) -> None:
    _, key = await house.admin()
    door = Door(house)
    good = house.database.clock
    house.database.clock = None  # type: ignore[assignment]  # any failure inside the look-up will do
    answers = await asyncio.gather(door(key), door(key), return_exceptions=True)
    assert all(isinstance(answer, AttributeError) for answer in answers)
    house.database.clock = good
    assert await door(key) is not None


async def test_an_open_socket_is_looked_at_again_with_todays_rights(house: House) -> None:
    user_id, _ = await house.admin()
    door = Door(house)
    principal = await door(await house.sign_in(user_id))
    assert principal is not None
    for _ in range(5):
        house.clock.advance(50 * 60)
        assert await door.authenticator.still_good(principal) == principal
    async with house.write(user_id) as uow:
        await service.end_all_sessions(uow, user_id)
    assert await door.authenticator.still_good(principal) is None
