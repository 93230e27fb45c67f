"""Idempotency keys over HTTP: a repeat is answered as the first try was, and nothing is done twice."""

import asyncio

import pytest

from tests.journeys.people import Caller, Centre

pytestmark = pytest.mark.server


async def test_live_work_posted_twice_at_once_is_done_once(centre: Centre) -> None:
    queue = await centre.queue()
    body = {"queue_id": queue, "text": "once"}
    answers = await asyncio.gather(*(centre.admin.ask("POST", "/api/interactions", body, "k1") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len((await centre.admin.get("/api/interactions"))["items"]) == 1


async def test_settings_posted_twice_at_once_are_made_once(centre: Centre) -> None:
    body = {"name": "Help"}
    answers = await asyncio.gather(*(centre.admin.ask("POST", "/api/routing/queues", body, "k1") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len((await centre.admin.get("/api/routing/queues"))["items"]) == 1


@pytest.mark.parametrize("path", ["/api/routing/queues", "/api/interactions"])
async def test_another_body_under_the_same_key_is_a_conflict(centre: Centre, path: str) -> None:
    queue = await centre.queue()
    first, other = {"name": "Help"}, {"name": "Hilfe"}
    if path == "/api/interactions":
        first, other = {"queue_id": queue, "text": "a"}, {"queue_id": queue, "text": "b"}
    await centre.admin.post(path, first, "k1")
    assert await centre.admin.refused("POST", path, other, "k1") == (409, "idempotency.other_body")


async def test_a_key_belongs_to_one_caller_and_one_path(centre: Centre) -> None:
    queue = await centre.queue()
    ana, bob = await centre.agent(), await centre.agent()
    works = [await centre.work(queue), await centre.work(queue)]
    for agent in (ana, bob):
        held = await agent.accept()
        await agent.post(f"/api/interactions/{held}/close", {}, "k1")
    states = [(await centre.look(work))["state"] for work in works]
    assert states == ["closed", "closed"]


async def test_secrets_are_shown_once_and_never_again(centre: Centre) -> None:
    ana = await centre.agent()
    path = f"/api/people/agents/{ana.id}/token"
    first = await centre.admin.post(path, {}, "k1")
    again = await centre.admin.post(path, {}, "k1")
    assert first["token"]
    assert again["token"] is None
    kept = await centre.product.query(
        "SELECT 1 FROM infra_idempotency i WHERE i::text LIKE '%' || $1 || '%'", first["token"]
    )
    assert kept == []


async def test_a_decline_repeated_after_a_new_offer_declines_nothing_more(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    await centre.work(queue)
    offer = await ana.shown()
    path = f"/api/routing/offers/{offer['id']}/decline"
    first = await ana.post(path, {}, "k1")
    await ana.be("available")
    shown = await ana.shown()
    assert await ana.post(path, {}, "k1") == first
    assert (await ana.shown())["id"] == shown["id"]


async def test_a_bad_key_is_refused(centre: Centre) -> None:
    status, code = await centre.admin.refused("POST", "/api/routing/queues", {"name": "Help"}, "k" * 300)
    assert (status, code) == (422, "idempotency.key_invalid")


async def test_every_refusal_is_a_problem_with_a_stable_code(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent()
    stranger, nobody = await Centre.make(centre.product), Caller(centre.product, None)
    missing = "0190a0a0-0000-7000-8000-000000000000"
    work = await centre.work(queue)
    cases: list[tuple[Caller, str, str, object, int]] = [
        (nobody, "GET", "/api/interactions", None, 401),
        (Caller(centre.product, "ic_wrong"), "GET", "/api/interactions", None, 401),
        (ana, "POST", "/api/routing/queues", {"name": "mine"}, 403),
        (centre.admin, "GET", "/api/interactions/no-id", None, 404),
        (centre.admin, "GET", f"/api/interactions/{missing}", None, 404),
        (stranger.admin, "GET", f"/api/interactions/{work}", None, 404),
        (stranger.admin, "POST", "/api/interactions", {"queue_id": queue, "text": "x"}, 409),
        (centre.admin, "POST", "/api/interactions", {"queue_id": queue, "text": "a\x00b"}, 400),
        (centre.admin, "POST", "/api/interactions", {"queue_id": queue, "text": ""}, 400),
        (centre.admin, "POST", "/api/interactions", {"queue_id": queue, "no_such": 1}, 400),
        (centre.admin, "POST", "/api/routing/queues", {"name": 5}, 400),
        (centre.admin, "POST", "/api/routing/queues", [], 400),
        (centre.admin, "GET", "/api/interactions?limit=0", None, 400),
        (centre.admin, "GET", "/api/interactions?cursor=rubbish", None, 400),
        (centre.admin, "GET", "/api/no/such/path", None, 404),
        (centre.admin, "DELETE", "/api/interactions", None, 405),
        (ana, "POST", f"/api/routing/offers/{missing}/accept", {}, 404),
        (ana, "POST", f"/api/interactions/{missing}/close", {}, 404),
        (ana, "PUT", "/api/people/me/presence", {"state": "asleep"}, 400),
    ]
    codes = {}
    for caller, method, path, body, status in cases:
        seen, code = await caller.refused(method, path, body)
        codes[method, path] = code
        assert seen == status, (method, path, body, seen, code)
        assert code != "internal"
    document = str(await centre.admin.get("/api/openapi.json"))
    assert [code for code in codes.values() if code not in document] == []
    assert (await centre.look(work))["state"] in {"queued", "offered"}


async def test_a_body_that_is_no_json_is_refused(centre: Centre) -> None:
    for content in (b"{", b"\xff\xfe", b'{"name": "\\ud800"}', b'{"name": "\xff"}', b"[" * 100_000):
        answer = await centre.admin.http.post(
            "/api/routing/queues", content=content, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")
    answer = await centre.admin.http.post(
        "/api/routing/queues", content=b" " * 20_000_000, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413, answer.text
    assert answer.json()["code"] == "request.too_large"
