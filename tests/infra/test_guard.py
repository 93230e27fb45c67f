"""Nobody passes unknown, and a foreign page cannot act through a signed-in browser."""

import asyncio
from typing import Any

import pytest
from litestar import Request, Router, WebSocket, get, post, websocket
from litestar.testing import TestClient

from intercanal.infra.feature import Feature
from intercanal.infra.http.app import PermissionMistakeError
from intercanal.infra.http.principal import principal_of
from tests.infra.sample import Bench, bearer

pytestmark = pytest.mark.server

BODY = b'{"text": "x"}'
COOKIE = {"cookie": "__Host-session=one"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (COOKIE | {"origin": "http://desk.test"}, 201),
        (COOKIE | {"sec-fetch-site": "same-origin"}, 201),
        (COOKIE | {"origin": "http://evil.test"}, 403),
        (COOKIE | {"origin": "null"}, 403),
        (COOKIE | {"origin": "http://desk.test.evil.test"}, 403),
        (COOKIE | {"sec-fetch-site": "cross-site"}, 403),
        (COOKIE | {"sec-fetch-site": "same-site"}, 403),
        (COOKIE | {"sec-fetch-site": "none"}, 403),
        (COOKIE | {"origin": "http://desk.test", "sec-fetch-site": "cross-site"}, 403),
        (COOKIE, 403),
        ({"cookie": "__Host-session=nobody", "origin": "http://desk.test"}, 401),
        ({"cookie": "session=one", "origin": "http://desk.test"}, 401),
        (bearer("one"), 201),
        (bearer("one") | {"origin": "http://elsewhere.test"}, 201),
        (bearer("nobody") | COOKIE | {"origin": "http://evil.test"}, 401),
        ({"authorization": "Basic b25lOm9uZQ=="} | COOKIE, 401),
        ({"authorization": "Bearer "} | COOKIE, 401),
    ],
)
async def test_a_change_needs_proof_that_our_own_page_asked(bench: Bench, headers: dict[str, str], status: int) -> None:
    async with bench.client() as client:
        answer = await client.post("/api/sample", content=BODY, headers=headers)
    assert answer.status_code == status
    assert await bench.notes() == (["x"] if status == 201 else [])


async def test_configured_origins_replace_the_host_header(bench: Bench) -> None:
    async with bench.client(public_urls=("https://desk.example.org/",)) as client:
        ours = await client.post("/api/sample", content=BODY, headers=COOKIE | {"origin": "https://desk.example.org"})
        host = await client.post("/api/sample", content=BODY, headers=COOKIE | {"origin": "http://desk.test"})
    assert (ours.status_code, host.status_code) == (201, 403)
    assert "max-age=" in ours.headers["strict-transport-security"]


async def test_this_machine_is_known_by_each_of_its_names_on_our_port_alone(bench: Bench) -> None:
    async with bench.client(public_urls=("http://127.0.0.1:8080",)) as client:
        seen = [
            (await client.post("/api/sample", content=BODY, headers=COOKIE | {"origin": origin})).status_code
            for origin in (
                "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080",
                "http://localhost:8081", "https://localhost:8080", "http://localhost",
            )
        ]  # fmt: skip
    assert seen == [201, 201, 201, 403, 403, 403]


async def test_a_foreign_page_cannot_sign_somebody_in(bench: Bench) -> None:
    async with bench.client() as client:
        ours = await client.post("/api/sample/open", content=BODY)
        foreign = await client.post("/api/sample/open", content=BODY, headers={"origin": "http://evil.test"})
        cross = await client.post("/api/sample/open", content=BODY, headers={"sec-fetch-site": "cross-site"})
    assert (ours.status_code, foreign.status_code, cross.status_code) == (200, 403, 403)


@websocket("/socket", opt={"permission": "self"})
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    caller = principal_of(socket.scope)  # type: ignore[arg-type]  # a typed dict is a mapping
    await socket.accept()
    await socket.send_text(caller.tenant_id)
    await socket.close()


SOCKETS = Feature(name="sockets", sockets=(Router("/api/sockets", route_handlers=[socket]),))


@pytest.mark.parametrize(
    ("headers", "query", "accepted"),
    [
        (bearer("one"), "", True),
        ({}, "?ticket=one", True),
        (COOKIE | {"origin": "http://desk.test"}, "", True),
        (COOKIE | {"origin": "http://evil.test"}, "", False),
        (COOKIE, "", False),
        (bearer("one") | {"origin": "http://evil.test"}, "", False),
        ({"origin": "http://evil.test"}, "?ticket=one", False),
        ({}, "?ticket=nobody", False),
        ({}, "", False),
    ],
)
def test_a_socket_is_accepted_only_from_our_page_or_a_robot(
    database: Any, headers: dict[str, str], query: str, accepted: bool
) -> None:
    bench = Bench(database.app)
    with TestClient(bench.app(SOCKETS), base_url="http://desk.test") as client:
        try:
            with client.websocket_connect(f"/api/sockets/socket{query}", headers=headers) as connection:
                assert connection.receive_text() == "01900000-0000-7000-8000-000000000001"
            opened = True
        except Exception:  # noqa: BLE001 - refused before it was accepted, in whatever way the client says so
            opened = False
    assert opened is accepted


async def test_an_application_with_a_forgotten_permission_does_not_start(bench: Bench) -> None:
    @get("/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(PermissionMistakeError, match="states no permission"):
        bench.app(Feature(name="f", routers=(Router("/api/f", route_handlers=[forgotten]),)))


async def test_an_application_with_a_way_in_round_the_guard_does_not_start(bench: Bench) -> None:
    async def other_gate(_request: Request[Any, Any, Any]) -> None: ...

    @get("/own", opt={"permission": "self"}, before_request=other_gate)
    async def own() -> None: ...

    around = Feature(name="f", routers=(Router("/api/f", route_handlers=[own]),))
    among_requests = Feature(name="sockets", routers=SOCKETS.sockets)
    for feature in (around, among_requests):
        with pytest.raises(PermissionMistakeError, match="is not guarded"):
            bench.app(feature)


async def test_an_application_with_an_undeclared_permission_does_not_start(bench: Bench) -> None:
    @get("/odd", opt={"permission": "f.odd"})
    async def odd() -> None: ...

    router = Router("/api/f", route_handlers=[odd])
    with pytest.raises(PermissionMistakeError, match=r"f\.odd"):
        bench.app(Feature(name="f", routers=(router,)))
    bench.app(Feature(name="f", routers=(Router("/api/f", route_handlers=[odd]),), permissions=("f.odd",)))


class Gate:
    """Holds requests inside a handler until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.inside = asyncio.Semaphore(0)

    def feature(self) -> Feature:
        @get("/wait", opt={"permission": "self"})
        async def wait() -> str:
            return await self._pass()

        @post("/knock", opt={"permission": "public"}, status_code=200)
        async def knock() -> str:
            return await self._pass()

        return Feature(name="gate", routers=(Router("/api/gate", route_handlers=[wait, knock]),))

    async def _pass(self) -> str:
        self.inside.release()
        await self.open.wait()
        return "done"


async def test_past_the_bound_everybody_is_asked_to_come_back(bench: Bench) -> None:
    gate = Gate()
    async with bench.client(gate.feature(), everybody=2, one_tenant=2) as client:
        held = [asyncio.create_task(client.get("/api/gate/wait", headers=bearer("one"))) for _ in range(2)]
        for _ in held:
            await gate.inside.acquire()
        refused = await client.get("/api/gate/wait", headers=bearer("two"))
        gate.open.set()
        done = await asyncio.gather(*held)
        after = await client.get("/api/gate/wait", headers=bearer("two"))
    assert (refused.status_code, refused.json()["code"]) == (429, "request.too_many")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert [answer.status_code for answer in (*done, after)] == [200, 200, 200]


async def test_one_tenants_flood_leaves_room_for_the_others(bench: Bench) -> None:
    gate = Gate()
    async with bench.client(gate.feature(), everybody=10, one_tenant=2) as client:
        held = [asyncio.create_task(client.get("/api/gate/wait", headers=bearer("one"))) for _ in range(2)]
        for _ in held:
            await gate.inside.acquire()
        refused = await client.get("/api/gate/wait", headers=bearer("one"))
        other = asyncio.create_task(client.get("/api/gate/wait", headers=bearer("two")))
        await gate.inside.acquire()
        gate.open.set()
        done = await asyncio.gather(*held, other)
    assert (refused.status_code, refused.json()["code"]) == (429, "request.too_many")
    assert [answer.status_code for answer in done] == [200, 200, 200]


async def test_a_flood_of_strangers_leaves_room_for_those_we_know(bench: Bench) -> None:
    gate = Gate()
    async with bench.client(gate.feature(), everybody=10, one_tenant=2) as client:
        held = [asyncio.create_task(client.post("/api/gate/knock")) for _ in range(2)]
        for _ in held:
            await gate.inside.acquire()
        refused = await client.post("/api/gate/knock")
        known = asyncio.create_task(client.get("/api/gate/wait", headers=bearer("one")))
        await gate.inside.acquire()
        gate.open.set()
        done = await asyncio.gather(*held, known)
        after = await client.post("/api/gate/knock")
    assert (refused.status_code, refused.json()["code"]) == (429, "request.too_many")
    assert refused.headers["retry-after"] == "1"
    assert [answer.status_code for answer in (*done, after)] == [200, 200, 200, 200]
