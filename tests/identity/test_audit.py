import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from intercanal.identity import service
from intercanal.identity.adapters.heads import FolderHeads
from intercanal.identity.consumers import CONSUMERS
from intercanal.identity.domain.chain import Fault
from intercanal.identity.jobs import JOBS, export_head
from intercanal.infra.bus.memory import matches
from intercanal.infra.db.database import Database
from intercanal.kernel.ids import CustomerId, TenantId
from tests.fixtures.servers import Urls
from tests.identity.api import Installation, sign_in
from tests.identity.conftest import House

pytestmark = pytest.mark.server

CUSTOMER = CustomerId("01890000-0000-7000-8000-0000000000cc")


class Services:
    """What `apps` gives to consumers and jobs."""

    def __init__(self, database: Database, heads: FolderHeads) -> None:
        self.database = database
        self.heads = heads


@pytest.fixture
async def superuser(database: Urls) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.superuser)
    yield connection
    await connection.close()


async def some_lines(house: House, count: int = 10) -> None:
    async with house.write("somebody") as uow:
        for number in range(count):
            service.record(uow, "test.done", f"thing-{number}", number=number, word="code", nothing=None, yes=True)
    await house.chained()


async def fault(house: House, archive: FolderHeads) -> Fault | None:
    async with house.read() as uow:
        return (await service.audit_verify(uow, archive)).fault


async def test_lines_keep_the_order_in_which_things_were_done_across_transactions(house: House) -> None:
    for part in range(3):
        async with house.write(f"person {part}") as uow:
            for number in range(4):
                service.record(uow, f"test.{part}_{number}", "thing")
    assert await house.chained() == [f"test.{part}_{number}" for part in range(3) for number in range(4)]


async def test_words_are_refused_because_the_audit_cannot_forget_them(house: House) -> None:
    async with house.write() as uow:
        for subject, fact in (("Camille Durand", "x"), ("x", "camille@example.org"), ("x", "two words"), ("", "x")):
            with pytest.raises(ValueError, match="never words"):
                service.record(uow, "test.done", subject, fact=fact)
    assert await house.chained() == []


async def test_two_chainers_at_once_lose_and_double_nothing(house: House, archive: FolderHeads) -> None:
    async with house.write() as uow:
        for number in range(50):
            service.record(uow, "test.done", str(number))
    await asyncio.gather(*(house.chained() for _ in range(4)))
    assert len(await house.chained()) == 50
    assert await fault(house, archive) is None


async def test_what_was_undone_leaves_no_line(house: House) -> None:
    async with house.database.unit_of_work(house.tenant_id, "somebody") as uow:
        service.record(uow, "test.undone", "thing")
        await uow.session.flush()
    assert await house.chained() == []


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        ("UPDATE identity_audit SET actor = 'other' WHERE tenant_id = $1 AND sequence = 4", Fault(4, "altered")),
        ("UPDATE identity_audit SET facts = '{}' WHERE tenant_id = $1 AND sequence = 7", Fault(7, "altered")),
        (
            "UPDATE identity_audit SET at = at + interval '1 s' WHERE tenant_id = $1 AND sequence = 1",
            Fault(1, "altered"),
        ),
        ("DELETE FROM identity_audit WHERE tenant_id = $1 AND sequence = 5", Fault(5, "missing")),
        ("DELETE FROM identity_audit WHERE tenant_id = $1 AND sequence = 1", Fault(1, "missing")),
        ("DELETE FROM identity_audit WHERE tenant_id = $1 AND sequence > 8", Fault(9, "truncated")),
        ("DELETE FROM identity_audit WHERE tenant_id = $1", Fault(1, "truncated")),
        (
            "UPDATE identity_audit SET sequence = -sequence WHERE tenant_id = $1 AND sequence IN (3, 6)",
            Fault(3, "missing"),
        ),
    ],
)
async def test_what_a_superuser_does_to_the_table_is_named_by_its_first_bad_line(
    house: House, archive: FolderHeads, superuser: asyncpg.Connection, damage: str, wanted: Fault
) -> None:
    await some_lines(house)
    await export_head(house.database, archive, house.tenant_id)
    assert await fault(house, archive) is None
    await superuser.execute(damage, house.tenant_id)
    assert await fault(house, archive) == wanted


async def test_two_lines_swapped_are_found(house: House, archive: FolderHeads, superuser: asyncpg.Connection) -> None:
    await some_lines(house)
    for step in (
        "UPDATE identity_audit SET sequence = -3 WHERE tenant_id = $1 AND sequence = 3",
        "UPDATE identity_audit SET sequence = 3 WHERE tenant_id = $1 AND sequence = 6",
        "UPDATE identity_audit SET sequence = 6 WHERE tenant_id = $1 AND sequence = -3",
    ):
        await superuser.execute(step, house.tenant_id)
    assert await fault(house, archive) == Fault(3, "not_linked")


async def test_the_doors_can_add_lines_and_neither_change_nor_remove_any(house: House, database: Urls) -> None:
    await some_lines(house)
    async with house.write() as uow:
        service.record(uow, "test.waiting", "thing")
    connection = await asyncpg.connect(database.app)
    try:
        for table in ("identity_audit", "identity_audit_pending"):
            for change in (f"UPDATE {table} SET actor = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table}"):  # noqa: S608 - our own names
                async with connection.transaction():
                    await connection.execute("SELECT set_config('intercanal.tenant', $1, true)", house.tenant_id)
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        async with connection.transaction():
                            await connection.execute(change)
                    await connection.execute("SELECT identity_audit_drop_chained()")
                    left = await connection.fetchval("SELECT count(*) FROM identity_audit_pending")
                    assert left == 1
    finally:
        await connection.close()


async def test_another_tenants_audit_is_out_of_sight(house: House, archive: FolderHeads) -> None:
    await some_lines(house)
    other = house.other_tenant()
    assert await other.chained() == []
    await some_lines(other, 3)
    assert len(await other.chained()) == 3
    assert await fault(other, archive) is None


async def test_the_consumer_chains_on_word_of_it_and_the_job_keeps_one_signed_head_per_growth(
    installation: Installation, archive: FolderHeads
) -> None:
    tenant_id, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        await robot.post("/api/identity/keys", json={"name": "x"})
    noted = [(subject, body) for subject, body in installation.stream.kept.values() if "audit_noted" in subject]
    services = Services(installation.database, archive)
    (consumer,), (job,) = CONSUMERS, JOBS
    assert matches(consumer.subject, noted[0][0])
    handle = consumer.make(services)
    for _ in range(2):
        for subject, body in noted:
            await handle(subject, body)
    assert await actions(installation, tenant_id) == [
        "identity.user_created",
        "identity.key_created",
        "settings.changed",
        "identity.key_created",
    ]
    for _ in range(3):
        await job.run(services)
    assert [signed.head.sequence for signed in archive.heads(tenant_id)] == [4]


async def test_what_matters_is_in_the_audit_and_no_address_or_name_is(installation: Installation) -> None:
    tenant_id, key = await installation.tenant("One")
    async with installation.client() as browser, installation.client(key) as robot:
        await sign_in(browser)
        await sign_in(browser, password="not the pass phrase")
        await sign_in(browser, "nobody@example.org")
        await browser.post("/api/identity/sign-out")
        made = (await robot.post("/api/identity/keys", json={"name": "Secretname"})).json()
        await robot.delete(f"/api/identity/keys/{made['id']}")
        role = {"name": "Rolename", "permissions": ["people.read"], "reason": "Reasonwords"}
        role_id = (await robot.post("/api/identity/roles", json=role)).json()["id"]
        user = {"email": "private@example.org", "name": "Privatename", "role": "agent"}
        user_id = (await robot.post("/api/identity/users", json=user)).json()["id"]
        await robot.put(f"/api/identity/users/{user_id}/role", json={"role": role_id})
    async with installation.database.unit_of_work(tenant_id, user_id) as uow:
        service.record_timeline_opened(uow, CUSTOMER)
        await uow.commit()
    found = await actions(installation, tenant_id)
    assert {
        "identity.signed_in", "identity.sign_in_failed", "identity.session_ended", "identity.key_created",
        "identity.token_revoked", "identity.role_created", "settings.changed", "identity.user_created",
        "identity.user_role_changed", "customers.timeline_opened",
    } <= set(found)  # fmt: skip
    assert found.count("identity.sign_in_failed") == 2
    async with installation.client(key) as robot:
        text = (await robot.get("/api/identity/audit", params={"limit": "200"})).text
        opened = (await robot.get("/api/identity/audit", params={"action": "customers.timeline_opened"})).json()
    assert [(line["actor"], line["subject"]) for line in opened["items"]] == [(user_id, CUSTOMER)]
    for word in ("example.org", "Secretname", "Rolename", "Reasonwords", "Privatename", '192.0.2.1"'):
        assert word not in text


async def actions(installation: Installation, tenant_id: TenantId) -> list[str]:
    async with installation.database.unit_of_work(tenant_id) as uow:
        await service.chain_pending(uow)
        await uow.commit()
    async with installation.database.unit_of_work(tenant_id, read_only=True) as uow:
        return [line.action for line in (await service.list_audit(uow, None, 200)).items]
