"""Search: by parts of names and addresses, with and without accents or mistakes, through the index, in one tenant."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.tenancy.api import Caller, House

pytestmark = pytest.mark.server

CUSTOMERS = "/api/customers"
PEOPLE = (
    ("Zoé Müller", "zoe@example.org", "06 12 34 56 78"),
    ("Camille Durand", "camille.durand@example.net", "+32 470 12 34 56"),
    ("Camille Dupont", "dupont_camille@example.org", "01 40 20 50 50"),
    ("李 明", "li.ming@example.cn", None),
    ("100% O'Neil", "o'neil@example.ie", None),
)


@pytest.fixture
async def crowd(admin: Caller) -> dict[str, str]:
    """Everybody's name by id."""
    names = {}
    for name, mail, phone in PEOPLE:
        identities = [{"kind": "mail", "value": mail}]
        if phone is not None:
            identities.append({"kind": "phone", "value": phone})
        made = await admin.post(CUSTOMERS, {"name": name, "identities": identities})
        names[made["id"]] = name
    return names


async def found(caller: Caller, search: str) -> list[str]:
    return [view["name"] for view in (await caller.get(CUSTOMERS, search=search))["items"]]


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("zoe", {"Zoé Müller"}),
        ("ZOÉ MULLER", {"Zoé Müller"}),
        ("muller zoe", {"Zoé Müller"}),
        ("camille", {"Camille Durand", "Camille Dupont"}),
        ("camille dur", {"Camille Durand"}),
        ("durand@example", {"Camille Durand"}),
        ("example.net", {"Camille Durand"}),
        ("06 12 34 56 78", {"Zoé Müller"}),
        ("+33612345678", {"Zoé Müller"}),
        ("0470/12.34.56", {"Camille Durand"}),
        ("+33470123456", set()),
        ("470123456", {"Camille Durand"}),
        ("345678", {"Zoé Müller"}),
        ("李", {"李 明"}),
        ("o'", {"100% O'Neil"}),
        ("100%", {"100% O'Neil"}),
        ("%", set()),
        ("_", set()),
        ("\\", set()),
        ("dupont_", {"Camille Dupont"}),
        ("'; DROP TABLE customers_customers; --", set()),
        ("nobody", set()),
    ],
)
async def test_a_search_finds_those_whose_words_fit(
    admin: Caller, crowd: dict[str, str], search: str, names: set[str]
) -> None:
    assert set(await found(admin, search)) == names


async def test_a_mistake_still_finds_and_exact_words_find_no_other(admin: Caller, crowd: dict[str, str]) -> None:
    assert (await found(admin, "camile durant"))[0] == "Camille Durand"
    assert await found(admin, "camille dupont") == ["Camille Dupont"]
    assert await found(admin, "+33612345679") == []


async def test_whose_name_begins_with_it_comes_first(admin: Caller) -> None:
    for name in ("Anne Martine", "Carl Martin", "Kilmartin", "Martin Weber"):
        await admin.post(CUSTOMERS, {"name": name})
    names = await found(admin, "martin")
    assert names[0] == "Martin Weber"
    assert set(names[1:3]) == {"Anne Martine", "Carl Martin"}
    assert names[3] == "Kilmartin"


async def test_likeness_gives_one_page(admin: Caller) -> None:
    for number in range(4):
        await admin.post(CUSTOMERS, {"name": f"Lovelace {number}"})
    page = await admin.get(CUSTOMERS, search="lovelaze", limit=2)
    assert (len(page["items"]), page["next_cursor"]) == (2, None)


async def test_a_search_follows_every_change(admin: Caller, crowd: dict[str, str]) -> None:
    zoe = next(each for each, name in crowd.items() if name == "Zoé Müller")
    await admin.patch(f"{CUSTOMERS}/{zoe}", {"name": "Ada Lovelace"})
    assert await found(admin, "muller") == []
    assert await found(admin, "lovelace") == ["Ada Lovelace"]
    await admin.post(f"{CUSTOMERS}/{zoe}/identities", {"kind": "mail", "value": "countess@example.org"})
    assert await found(admin, "countess") == ["Ada Lovelace"]


async def test_pages_of_a_search_show_each_customer_once(admin: Caller) -> None:
    made = {(await admin.post(CUSTOMERS, {"name": f"Twin {number % 3}"}))["id"] for number in range(7)}
    seen: list[str] = []
    page = await admin.get(CUSTOMERS, search="twin", limit=2)
    while True:
        seen += [view["id"] for view in page["items"]]
        if page["next_cursor"] is None:
            break
        page = await admin.get(CUSTOMERS, search="twin", limit=2, cursor=page["next_cursor"])
    assert len(seen) == len(made)
    assert set(seen) == made
    assert (await admin.refused(400, "GET", CUSTOMERS, search="twin", cursor="WyIxIiwieCJd"))[
        "code"
    ] == "request.cursor"


async def test_a_search_too_long_to_be_one_is_refused(admin: Caller) -> None:
    assert (await admin.refused(400, "GET", CUSTOMERS, search="a" * 201))["code"] == "request.invalid"


async def test_a_search_sees_one_tenant_alone(house: House, admin: Caller, crowd: dict[str, str]) -> None:
    stranger = await house.tenant("Two")
    for search in ("zoe", "example", "camille", "06 12 34 56 78", "li"):
        assert await found(stranger, search) == []
    await stranger.post(CUSTOMERS, {"name": "Zoé of Two"})
    assert await found(stranger, "zoe") == ["Zoé of Two"]
    assert await found(admin, "zoe") == ["Zoé Müller"]


async def test_the_function_answers_nothing_about_another_tenant(
    house: House, admin: Caller, crowd: dict[str, str]
) -> None:
    stranger = await house.tenant("Two")
    ask = text("SELECT count(*) FROM customers_find(:tenant, 'camille', NULL, NULL, 10)")
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        assert await uow.session.scalar(ask, {"tenant": admin.tenant_id}) == 2
    async with house.database.unit_of_work(stranger.tenant_id) as uow:
        assert await uow.session.scalar(ask, {"tenant": admin.tenant_id}) == 0
        assert await uow.session.scalar(ask, {"tenant": None}) == 0
    assert (await house.database.lookup(ask, tenant=admin.tenant_id))[0][0] == 0
    assert (await house.database.lookup(ask, tenant=None))[0][0] == 0


async def test_merges_of_another_tenant_cannot_be_followed(house: House, admin: Caller, crowd: dict[str, str]) -> None:
    stranger = await house.tenant("Two")
    one, two, *_ = crowd
    await admin.post(f"{CUSTOMERS}/{one}/merge", {"into_id": two})
    values = {"tenant": admin.tenant_id, "one": one, "all": [two]}
    root = text("SELECT customers_root(:tenant, :one)::text")
    members = text("SELECT count(*) FROM customers_members(:tenant, :all)")
    for caller, expected in ((admin, (two, 2)), (stranger, (one, 1))):
        async with house.database.unit_of_work(caller.tenant_id) as uow:
            assert (await uow.session.scalar(root, values), await uow.session.scalar(members, values)) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT words FROM customers_search",
        "DELETE FROM customers_search",
        "SELECT customers_reindex(gen_random_uuid(), gen_random_uuid())",
    ],
)
async def test_the_words_are_out_of_reach_of_the_doors(house: House, admin: Caller, statement: str) -> None:
    async with house.database.unit_of_work(admin.tenant_id) as uow:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await uow.session.execute(text(statement))


async def test_the_function_reads_the_words_through_the_trigram_index(owner: asyncpg.Connection) -> None:
    async def plans() -> list[bool]:
        """Say of both ways to search whether they use the index."""
        found = [
            await owner.fetchval("EXPLAIN (FORMAT JSON) SELECT FROM customers_search WHERE words LIKE '%camille%'"),
            await owner.fetchval("EXPLAIN (FORMAT JSON) SELECT FROM customers_search WHERE 'camille' <% words"),
        ]
        return ["ix_customers_search_words" in plan for plan in found]

    await owner.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert await plans() == [True, True]
    # What the policy of any other table would do.
    await owner.execute("ALTER POLICY lookups ON customers_search USING (tenant_id = gen_random_uuid())")
    assert await plans() == [False, False]
