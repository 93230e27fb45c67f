"""Two tenants on one program: whatever one asks with the other's ids, it is told as of ids that never were."""

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intercanal.infra.db.catalogue import find_mighty_connections
from tests.fixtures.background import Background
from tests.fixtures.servers import NatsServer, Urls
from tests.security.world import BASE, CHANGES, ID, Operation, World, is_id_name, running, unknown_id

pytestmark = pytest.mark.server

NOT_IDS = frozenset({"key", "number"})
NEVER = unknown_id()
MOVING = frozenset({"identity_sessions", "identity_tokens", "infra_idempotency"})


class Running:
    """The world on a loop of its own, for tests that are not async."""

    def __init__(self, urls: Urls, nats: NatsServer, background: Background) -> None:
        self._background = background
        self._held = running(urls, nats)
        self.urls = urls
        self.world: World = background.run(self._held.__aenter__(), 120)

    def close(self) -> None:
        self._background.run(self._held.__aexit__(None, None, None), 60)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        return self._background.run(self.world.two.call(method, path, body, headers, query))

    def send(self, method: str, path: str, content: bytes | None, headers: dict[str, str]) -> httpx.Response:
        return self._background.run(self.world.client.request(method, path, content=content, headers=headers))

    def mighty_connections(self) -> list[str]:
        async def find() -> list[str]:
            connection = await asyncpg.connect(self.urls.superuser)
            try:
                return await find_mighty_connections(connection)
            finally:
                await connection.close()

        return self._background.run(find())

    def rows_of(self, table: str, tenant_id: str) -> list[str]:
        return self._background.run(_rows(self.urls, tenant_id, skip=frozenset()))[table]

    def rows_of_one(self) -> dict[str, list[str]]:
        return self._background.run(_rows(self.urls, self.world.one.id))


async def _rows(urls: Urls, tenant_id: str, skip: frozenset[str] = MOVING) -> dict[str, list[str]]:
    connection = await asyncpg.connect(urls.superuser)
    try:
        tables = await connection.fetch(
            "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t "
            "USING (table_schema, table_name) WHERE t.table_schema = 'public' AND c.column_name = 'tenant_id' "
            "AND t.table_type = 'BASE TABLE'"
        )
        found = {}
        for (table,) in tables:
            if table in skip:
                continue
            # The name comes from the catalogue just above.
            rows = await connection.fetch(f'SELECT t::text FROM "{table}" t WHERE tenant_id = $1::uuid', tenant_id)  # noqa: S608 - as said above
            found[table] = sorted(row[0] for row in rows)
        return found
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def program(database: Urls, nats_server: NatsServer, background: Background) -> Iterator[Running]:
    made = Running(database, nats_server, background)
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(program: Running) -> World:
    return program.world


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """What an asker learns: all but the instant, and the ids that the asker itself sent."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"date", "content-length"}}
    return answer.status_code, headers, ID.sub("an id", answer.text)


def body_for(world: World, operation: Operation) -> Any:
    return None if operation.body is None else world.document.make(operation.body, "", world.two.fill)


def test_no_connection_of_the_running_program_passes_by_row_security(program: Running, world: World) -> None:
    assert program.mighty_connections() == []
    assert world.one.known["offer"], "the live core worked, so its connections were there to be seen"


def test_the_first_tenant_has_something_for_every_path(world: World) -> None:
    """Otherwise what follows would try nothing: a new kind of thing must be made in `world.populate`."""
    missing = {
        f"{name} of {operation}"
        for operation in world.document.operations
        for name in operation.path_names
        if name not in NOT_IDS and not world.one.fill(name)
    }
    assert missing == set()


def test_another_tenants_id_is_answered_as_one_that_never_was(program: Running, world: World) -> None:
    wrong = []
    for operation in world.document.operations:
        names = [name for name in operation.path_names if name not in NOT_IDS]
        if not names:
            continue
        for caller in (world.two.admin, world.two.agent, world.two.browser | {"origin": BASE}):
            fixed = {name: world.one.fill(name) or NEVER for name in operation.path_names}
            foreign = fixed | {name: world.one.fill(name) or NEVER for name in names}
            never = fixed | {name: unknown_id() for name in names}
            body = body_for(world, operation)
            seen = told(program.call(operation.method, operation.at(foreign), body, caller))
            expected = told(program.call(operation.method, operation.at(never), body, caller))
            if seen != expected or seen[0] not in {403, 404, 409, 422}:
                wrong.append((str(operation), seen[0], seen[2], expected[2]))
    assert wrong == []


def test_an_administrator_is_told_404_for_another_tenants_id(program: Running, world: World) -> None:
    """An administrator may do everything but an agent's own work, so nothing but the id can be wrong."""
    wrong = []
    for operation in world.document.operations:
        names = [name for name in operation.path_names if name not in NOT_IDS]
        if not names or operation.method != "GET":
            continue
        foreign = {name: world.one.fill(name) or NEVER for name in operation.path_names}
        answer = program.call(operation.method, operation.at(foreign))
        if answer.status_code != 404 or answer.headers["content-type"] != "application/problem+json":
            wrong.append((str(operation), answer.status_code, answer.text))
    assert wrong == []


def test_searching_by_another_tenants_id_finds_what_an_unknown_one_does(program: Running, world: World) -> None:
    wrong = []
    for operation in world.document.operations:
        for name in operation.query_names:
            if operation.path_names or not (is_id_name(name) and world.one.fill(name)):
                continue
            foreign = program.call("GET", operation.path, query={name: world.one.fill(name) or NEVER})
            never = program.call("GET", operation.path, query={name: unknown_id()})
            if told(foreign) != told(never):
                wrong.append((str(operation), name, foreign.text, never.text))
    assert wrong == []


def test_a_reference_to_another_tenants_thing_is_answered_as_to_nothing(program: Running, world: World) -> None:
    wrong = []
    for operation in world.document.operations:
        body = body_for(world, operation)
        if not isinstance(body, dict) or operation.method not in CHANGES:
            continue
        own = {name: world.two.fill(name) or "" for name in operation.path_names if name not in NOT_IDS}
        if "" in own.values() or "key" in operation.path_names:
            continue
        for name in [name for name in body if is_id_name(name) and world.one.fill(name)]:
            answers = []
            for one in (world.one.fill(name) or NEVER, unknown_id()):
                sent = body_for(world, operation) | {name: [one] if isinstance(body[name], list) else one}
                answers.append(program.call(operation.method, operation.at(own), sent))
            codes = {(answer.status_code, answer.json().get("code")) for answer in answers}
            # A preference may name somebody who has left: it is a wish, and no reference.
            if len(codes) != 1 or (answers[0].is_success and not name.startswith("preferred_")):
                wrong.append((str(operation), name, [answer.text for answer in answers]))
    assert wrong == []


def test_lists_and_searches_show_nothing_of_the_other(program: Running, world: World) -> None:
    leaks = []
    for operation in world.document.operations:
        if operation.method == "GET" and not operation.path_names:
            for query in ({}, {"search": world.one.canary}, {"search": "canary"}, {"search": "%"}, {"limit": "200"}):
                given_names = {name: value for name, value in query.items() if name in operation.query_names}
                answer = program.call("GET", operation.path, query=given_names)
                if world.one.canary in answer.text or set(ID.findall(answer.text)) & world.one.ids:
                    leaks.append(
                        (str(operation), query, set(ID.findall(answer.text)) & world.one.ids, answer.text[:300])
                    )
    assert leaks == []


def values(world: World, name: str) -> st.SearchStrategy[str]:
    foreign, own = world.one.fill(name), world.two.fill(name)
    kinds = [st.text(max_size=40), st.just(NEVER), st.sampled_from(sorted(world.one.ids))]
    kinds += [st.just(one) for one in (foreign, own) if one]
    return st.one_of(kinds)


def test_no_request_however_odd_breaks_the_program_or_shows_the_other_tenant(program: Running, world: World) -> None:
    before = program.rows_of_one()
    # What may be drawn must not change with what was drawn before.
    world.two.learning = False
    operations = [operation for operation in world.document.operations if operation.permission != "public"]

    @settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        operation = data.draw(st.sampled_from(operations))
        ids = {name: data.draw(values(world, name)) for name in operation.path_names}
        path = operation.at({name: _quoted(one) for name, one in ids.items()})
        query = {name: data.draw(values(world, name)) for name in operation.query_names if data.draw(st.booleans())}
        body = body_for(world, operation)
        if isinstance(body, dict) and body and data.draw(st.booleans()):
            name = data.draw(st.sampled_from(sorted(body)))
            body[name] = data.draw(
                st.one_of(st.none(), st.integers(), st.lists(st.text(), max_size=2), values(world, name))
            )
        answer = program.call(operation.method, path, body, query=query)
        assert answer.status_code < 500, (str(operation), path, query, body, answer.text)
        sent = set(ID.findall(json.dumps([ids, query, body])))
        assert world.one.canary not in answer.text
        assert not (set(ID.findall(answer.text)) - sent) & world.one.ids
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"]

    ask()
    assert program.rows_of_one() == before


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode()) or "%20"


def test_nothing_but_the_public_doors_opens_without_a_good_credential(program: Running, world: World) -> None:
    wrong = []
    for operation in world.document.operations:
        ids = {name: world.one.fill(name) or NEVER for name in operation.path_names}
        body = json.dumps(body_for(world, operation)).encode()
        bad = {"authorization": world.one.admin["authorization"][:-1] + "_"}
        for headers in ({}, bad, {"authorization": "Bearer x"}, {"cookie": "__Host-session=x"}):
            if operation.permission == "public":
                continue
            answer = program.send(operation.method, operation.at(ids), body, headers | {"origin": BASE})
            if answer.status_code != 401 or not answer.json()["code"]:
                wrong.append((str(operation), headers, answer.status_code))
    assert wrong == []


def test_a_foreign_page_changes_nothing_through_a_signed_in_browser(program: Running, world: World) -> None:
    before = program.rows_of_one()
    wrong = []
    for operation in world.document.operations:
        if operation.method not in CHANGES:
            continue
        ids = {name: world.one.fill(name) or NEVER for name in operation.path_names}
        body = json.dumps(body_for(world, operation)).encode()
        form = {"content-type": "text/plain", "origin": "https://evil.example"}
        for headers in (form, form | {"origin": "null"}, {"sec-fetch-site": "cross-site"}, {}):
            if operation.permission == "public" and not headers:
                continue
            answer = program.send(operation.method, operation.at(ids), body, world.one.browser | headers)
            if answer.status_code != 403:
                wrong.append((str(operation), headers, answer.status_code, answer.text))
    assert wrong == []
    assert program.rows_of_one() == before
