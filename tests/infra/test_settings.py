"""A setting keeps every value it had, with who, when and why, and the nearest one holds."""

import json
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from intercanal.infra.feature import Feature
from intercanal.infra.http.settings import CHANGE, READ, router
from intercanal.infra.settings import service
from intercanal.infra.settings.manual import manual
from intercanal.infra.settings.model import Registry, Setting
from intercanal.kernel.errors import InvalidError
from intercanal.kernel.ids import AgentId
from tests.infra.sample import ONE, PRINCIPALS, TWO, AddNote, Bench, bearer

pytestmark = pytest.mark.server

SECONDS = Setting("sample.seconds", int, 20, "How long a thing may take, in seconds.", bounds=(5, 120))
COLOUR = Setting("sample.colour", str, "blue", "The colour | of things.", choices=("blue", "red"))
TOLD = Setting("sample.told", int, 1, "Something the live core wants to know.", tell_live=lambda n: AddNote(str(n)))
AGENT = AgentId("01900000-0000-7000-8000-00000000a9e1")
FEATURE = Feature(name="settings", routers=(router,), permissions=(READ, CHANGE), settings=(SECONDS, COLOUR, TOLD))


@pytest.fixture(autouse=True)
def administrator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        may = PRINCIPALS[name].permissions | {READ, CHANGE}
        monkeypatch.setitem(PRINCIPALS, name, msgspec.structs.replace(PRINCIPALS[name], permissions=may))


async def put(bench: Bench, value: object, reason: str = "tried", agent: AgentId | None = None) -> None:
    async with bench.database.unit_of_work(ONE, "author") as uow:
        await service.put(uow, SECONDS, value, reason=reason, agent_id=agent)
        await uow.commit()


async def holds(bench: Bench, agent: AgentId | None = None) -> int:
    async with bench.database.unit_of_work(ONE) as uow:
        return await service.effective(uow, SECONDS, agent)


async def test_the_nearest_value_holds(bench: Bench) -> None:
    assert await holds(bench) == 20
    await put(bench, 30)
    assert (await holds(bench), await holds(bench, AGENT)) == (30, 30)
    await put(bench, 40, agent=AGENT)
    assert (await holds(bench), await holds(bench, AGENT)) == (30, 40)
    await put(bench, None, agent=AGENT)
    assert await holds(bench, AGENT) == 30
    await put(bench, None)
    assert (await holds(bench), await holds(bench, AGENT)) == (20, 20)


async def test_a_value_of_one_tenant_is_nothing_to_another(bench: Bench) -> None:
    await put(bench, 30)
    async with bench.database.unit_of_work(TWO) as uow:
        assert await service.effective(uow, SECONDS) == 20


@pytest.mark.parametrize(("value", "code"), [("30", "wrong_type"), (4, "out_of_bounds"), (121, "out_of_bounds")])
async def test_a_value_that_is_not_allowed_is_refused(bench: Bench, value: object, code: str) -> None:
    with pytest.raises(InvalidError, match=f"settings.{code}"):
        await put(bench, value)
    assert await holds(bench) == 20


async def test_a_change_without_a_reason_is_refused(bench: Bench) -> None:
    async with bench.client(FEATURE) as client:
        for body in ({"value": 30}, {"value": 30, "reason": "  "}):
            answer = await client.put("/api/settings/sample.seconds", json=body, headers=bearer("one"))
            assert (answer.status_code, answer.json()["code"]) == (422, "settings.reason_missing")
    assert await holds(bench) == 20


async def test_a_change_tells_who_when_and_why(bench: Bench) -> None:
    async with bench.client(FEATURE) as client:
        body = {"value": 45, "reason": "calls are longer in winter"}
        changed = await client.put("/api/settings/sample.seconds", json=body, headers=bearer("one"))
        again = {"value": None, "reason": "spring"}
        await client.put("/api/settings/sample.seconds", json=again, headers=bearer("one"))
        listed = (await client.get("/api/settings", headers=bearer("one"))).json()
        history = (await client.get("/api/settings/sample.seconds/history", headers=bearer("one"))).json()
    assert changed.json()["value"] == 45
    items = {item["key"]: item for item in listed["items"]}
    assert list(items) == ["sample.colour", "sample.seconds", "sample.told"]
    assert (items["sample.seconds"]["value"], items["sample.seconds"]["version"]) == (20, 2)
    assert [(row["version"], row["value"], row["reason"]) for row in history["items"]] == [
        (2, None, "spring"), (1, 45, "calls are longer in winter"),
    ]  # fmt: skip
    assert {row["author_id"] for row in history["items"]} == {PRINCIPALS["one"].id}
    assert all(row["at"].endswith("Z") for row in history["items"])


async def test_unknown_settings_and_strangers_are_refused(bench: Bench) -> None:
    async with bench.client(FEATURE) as client:
        unknown = await client.put("/api/settings/sample.none", json={"value": 1, "reason": "x"}, headers=bearer("one"))
        stranger = await client.get("/api/settings", headers=bearer("reader"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "settings.unknown")
    assert stranger.status_code == 403


async def test_the_live_core_learns_a_new_value_of_the_tenant(bench: Bench) -> None:
    async with bench.client(FEATURE) as client:
        for value in (7, None):
            body = {"value": value, "reason": "tried"}
            answer = await client.put("/api/settings/sample.told", json=body, headers=bearer("one"))
            assert answer.status_code == 200
    assert [command for _, command, _ in bench.live.taken] == [AddNote("7"), AddNote("1")]
    assert [json.loads(body)["event"]["key"] for _, body in bench.stream.kept.values()] == ["sample.told"] * 2


async def test_kept_values_cannot_be_rewritten(bench: Bench) -> None:
    await put(bench, 30)
    for statement in ("UPDATE infra_settings SET reason = 'better'", "DELETE FROM infra_settings"):
        async with bench.database.unit_of_work(ONE) as uow:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await uow.session.execute(text(statement))


def test_the_manual_names_every_setting_with_its_bounds() -> None:
    page = manual(Registry([SECONDS, COLOUR, TOLD]))
    assert "| `sample.seconds` | How long a thing may take, in seconds. | `20` | 5 to 120 |" in page
    assert '| `sample.colour` | The colour \\| of things. | `"blue"` | `"blue"`, `"red"` |' in page


@pytest.mark.parametrize(
    "settings",
    [
        [SECONDS, SECONDS],
        [Setting("sample.wrong", int, 3, "Out of its own bounds.", bounds=(5, 9))],
        [Setting("sample.odd", str, "green", "Not among its choices.", choices=("blue",))],
    ],
)
def test_a_setting_declared_wrongly_fails_at_start(settings: list[Setting[Any]]) -> None:
    with pytest.raises((ValueError, InvalidError)):
        Registry(settings)
