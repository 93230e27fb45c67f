"""Whatever is put into a field, the program keeps it or refuses it at its edge; nothing fails further in."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.background import Background
from tests.fixtures.servers import NatsServer, Urls
from tests.security.test_two_tenants import NEVER, Running
from tests.security.world import BASE, CHANGES, Document, Fill, Operation, World

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(300)]

FROM_THE_DEPTHS = ("internal", "request.unstorable", "request.unacceptable", "live.unstorable", "live.decision_failed")
"""Refusals by the database or the live core of what the edge let pass."""

ONE_LINE = ("name", "subject", "external_id", "locale", "language", "country", "slug", "queue_id", "customer_id")


@pytest.fixture(scope="module")
def program(database: Urls, nats_server: NatsServer, background: Background) -> Iterator[Running]:
    made = Running(database, nats_server, background)
    made.world.two.learning = False
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(program: Running) -> World:
    return program.world


def full(document: Document, schema: Any, name: str, fill: Fill) -> Any:
    """Make a value with every field there is, also those that may be left out."""
    schema = document.resolved(schema)
    if schema.get("type") == "object" and "properties" in schema:
        return {field: full(document, one, field, fill) for field, one in schema["properties"].items()}
    if schema.get("type") == "array" and "items" in schema:
        return [full(document, schema["items"], name.removesuffix("s"), fill)]
    return document.make(schema, name, fill)


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    yield at, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*at, key))


def put(value: Any, at: tuple[str | int, ...], new: Any) -> Any:
    if not at:
        return new
    changed = copy.deepcopy(value)
    holder = changed
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = new
    return changed


def hostile(value: Any) -> list[Any]:
    """Give what somebody might put where this value stands."""
    if isinstance(value, str):
        words = ["a\x00b", "a\ud800b", f"{value}\n", f"{value}\x00", "a\r\nBcc: x@y.example\r\n\r\n", "", " " * 50_000]
        return [*words, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 5, None]
    if isinstance(value, int | float):
        return [-1, 2**31, 2**63, -(2**63), 10**400, 1.5, float("nan"), float("inf"), "1", None]
    if isinstance(value, list):
        return [value * 20_000, [{}], {}, None]
    return [{**value, "a\x00": 1}, [value], None]


def caller(world: World, operation: Operation) -> dict[str, str]:
    if operation.permission == "public":
        return {"origin": BASE}
    return world.two.agent if operation.permission in {"interactions.work", "routing.work"} else world.two.admin


def bodies(world: World) -> Iterator[tuple[Operation, str, bytes]]:
    for operation in world.document.operations:
        # Guesses at passwords are counted; how those doors take odd words, their own tests tell.
        if operation.body is None or operation.path.startswith("/api/identity/password-resets"):
            continue
        whole = full(world.document, operation.body, "", world.two.fill)
        for at, value in list(places(whole)):
            for new in hostile(value):
                where = f"{operation} {'.'.join(map(str, at))} = {new!r:.40}"
                yield operation, where, json.dumps(put(whole, at, new)).encode()


def test_no_body_however_odd_reaches_the_database_or_the_live_core(program: Running, world: World) -> None:
    wrong = []
    for operation, where, content in bodies(world):
        path = operation.at({name: world.two.fill(name) or NEVER for name in operation.path_names})
        answer = program.send(operation.method, path, content, caller(world, operation))
        if answer.status_code < 400 or answer.json()["code"] == "identity.too_many_tries":
            continue
        is_problem = answer.headers["content-type"] == "application/problem+json"
        if answer.status_code >= 500 or not is_problem or answer.json()["code"] in FROM_THE_DEPTHS:
            wrong.append((where, answer.status_code, answer.text[:200]))
    assert wrong == []


def test_a_line_break_ends_no_value_that_is_one_line(program: Running, world: World) -> None:
    """In Python `$` also stands before a last line break, so a pattern alone lets one through."""
    taken = []
    for operation in world.document.operations:
        if operation.body is None or operation.method not in CHANGES or operation.permission == "public":
            continue
        if operation.path.startswith("/api/identity"):
            continue  # its names are brought to one line, whatever stood between the words
        whole = full(world.document, operation.body, "", world.two.fill)
        path = operation.at({name: world.two.fill(name) or NEVER for name in operation.path_names})
        for at, value in list(places(whole)):
            if at and at[-1] in ONE_LINE and isinstance(value, str):
                content = json.dumps(put(whole, at, f"{value}\n")).encode()
                answer = program.send(operation.method, path, content, caller(world, operation))
                if answer.is_success:
                    taken.append((str(operation), at, answer.text[:100]))
    assert taken == []


CURSORS = ("WyIwMDAwIl0", "WyIxIl0", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ", "WyJhXHUwMDAwIl0", "WyLCsiJd", "W10")
NUMBERS = ("-1", "0", "1e400", "NaN", "99999999999999999999999", "2147483648", "", "a%00b", "%ED%A0%80")


def test_no_query_however_odd_is_more_than_refused(program: Running, world: World) -> None:
    wrong = []
    for operation in world.document.operations:
        if operation.method != "GET" or operation.permission == "public":
            continue
        path = operation.at({name: world.two.fill(name) or NEVER for name in operation.path_names})
        for name in operation.query_names:
            for value in CURSORS if name == "cursor" else NUMBERS:
                answer = program.send("GET", f"{path}?{name}={value}", None, world.two.admin)
                if answer.status_code >= 500 or (answer.status_code >= 400 and not answer.json()["code"]):
                    wrong.append((str(operation), name, value, answer.text[:200]))
                if name == "cursor" and answer.status_code >= 400 and answer.json()["code"] != "request.cursor":
                    wrong.append((str(operation), name, value, answer.text[:200]))
    assert wrong == []


@pytest.mark.parametrize(
    "origin", ["http://[", "http://[::1", "//", "null", "http://127.0.0.1:8080.evil.example", "\x7f"]
)
def test_an_origin_that_is_none_is_a_foreign_one(program: Running, origin: str) -> None:
    body = b'{"email": "somebody@example.org", "password": "x"}'
    answer = program.send("POST", "/api/identity/sign-in", body, {"origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "request.foreign_origin")
