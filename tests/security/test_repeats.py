"""Every POST may be repeated under its key: the same answer without its secrets, and nothing done twice."""

import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.fixtures.background import Background
from tests.fixtures.servers import NatsServer, Urls
from tests.security.test_two_tenants import NEVER, Running, body_for
from tests.security.world import Operation, World

pytestmark = [pytest.mark.server, pytest.mark.slow]

OTHERWISE = ("/due", "/open-at", "/deactivate")
"""Questions, which change nothing, and what would shut out who asks."""
SECRET = re.compile(r"ic_(key|agent|session|ticket|reset)_[0-9a-f]{32}_")


@pytest.fixture(scope="module")
def program(database: Urls, nats_server: NatsServer, background: Background) -> Iterator[Running]:
    made = Running(database, nats_server, background)
    made.world.two.learning = False
    yield made
    made.close()


@pytest.fixture(scope="module")
def world(program: Running) -> World:
    return program.world


def repeatable(world: World) -> Iterator[tuple[Operation, dict[str, str], Any]]:
    """Yield each POST that takes an Idempotency-Key, with who may ask it and a body that it takes."""
    for operation in world.document.operations:
        # Signing in and out needs the browser's session, and keeps no answers.
        if operation.method != "POST" or operation.permission == "public" or "/sign-" in operation.path:
            continue
        if operation.path.endswith(OTHERWISE):
            continue
        work = operation.permission.endswith(".work") or operation.path.startswith("/api/people/me")
        yield operation, world.two.agent if work else world.two.admin, body_for(world, operation)


def told(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None


def without_secrets(body: Any) -> Any:
    fields = body.items() if isinstance(body, dict) else ()
    return {name: None if SECRET.search(str(value)) else value for name, value in fields} or body


def test_a_repeat_is_given_the_first_answer_without_its_secrets_and_another_body_none(
    program: Running, world: World
) -> None:
    wrong: list[tuple[str, ...]] = []
    tried = set()
    for operation, who, body in repeatable(world):
        path = operation.at({name: world.two.fill(name) or NEVER for name in operation.path_names})
        headers = who | {"idempotency-key": secrets.token_hex(8)}
        content = None if body is None else json.dumps(body).encode()
        first, again = (program.send("POST", path, content, headers) for _ in range(2))
        if not first.is_success:
            continue
        tried.add(operation.path)
        if (again.status_code, told(again)) != (first.status_code, without_secrets(told(first))):
            wrong.append((str(operation), first.text[:200], again.text[:200]))
        if body is not None:
            other = program.send("POST", path, content + b" ", headers) if content else again
            if (other.status_code, other.json().get("code")) != (409, "idempotency.other_body"):
                wrong.append((str(operation), str(other.status_code), other.text[:200]))
    assert wrong == []
    secret_ones = {"/api/identity/keys", "/api/people/agents/{agent_id}/token", "/api/realtime/ticket"}
    assert tried >= secret_ones | {"/api/routing/queues", "/api/interactions", "/api/customers"}


def test_no_kept_answer_holds_a_secret(program: Running, world: World) -> None:
    kept = program.rows_of("infra_idempotency", world.two.id)
    assert kept
    assert [row for row in kept if SECRET.search(row)] == []
