"""Nothing in the product can refuse, delay or explain away a pause; whatever could is found by name."""

import copy
from typing import Any

import asyncpg
import pytest

from intercanal.apps.features import FEATURES
from intercanal.kernel.live import Command
from intercanal.people.live import Presence
from tests.fixtures.servers import Urls
from tests.people import pause_scan as scan

COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
ORDER BY table_name, ordinal_position
"""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return scan.document()


async def columns(urls: Urls) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(urls.owner)
    try:
        return [(row[0], row[1]) for row in await connection.fetch(COLUMNS)]
    finally:
        await connection.close()


@pytest.mark.server
async def test_no_column_could_hold_a_permission_or_a_reason(database: Urls) -> None:
    found = await columns(database)
    assert ("people_agents", "presence") in found
    assert list(scan.in_columns(found)) == []


@pytest.mark.server
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE people_agents ADD COLUMN pause_approved_by uuid",
        "ALTER TABLE people_agents ADD COLUMN reason text",
        "ALTER TABLE people_agents ADD COLUMN needs_permission boolean",
        "ALTER TABLE people_agent_settings ADD COLUMN pause_quota_minutes integer",
        "CREATE TABLE people_pauses (id uuid, supervisor_id uuid)",
        "CREATE TABLE supervision_requests (id uuid, pause_code text)",
    ],
)
async def test_such_a_column_would_be_found(fresh_database: Urls, change: str) -> None:
    connection = await asyncpg.connect(fresh_database.owner)
    await connection.execute(change)
    await connection.close()
    assert list(scan.in_columns(await columns(fresh_database))) != []


def test_no_setting_and_no_permission_speaks_of_pauses() -> None:
    settings = [setting.key for feature in FEATURES for setting in feature.settings]
    permissions = [permission for feature in FEATURES for permission in feature.permissions]
    assert "people.shift_hours" in settings
    assert "people.configure" in permissions
    assert list(scan.in_names("setting", settings)) == []
    assert list(scan.in_names("permission", permissions)) == []


@pytest.mark.parametrize("name", ["people.pause_needs_approval", "people.max_pauses", "people.set_presence"])
def test_such_a_name_would_be_found(name: str) -> None:
    assert list(scan.in_names("setting", [name])) != []


def test_the_api_lets_each_agent_pause_and_nobody_else_have_a_say(document: dict[str, Any]) -> None:
    assert "put" in document["paths"]["/api/people/me/presence"]
    assert list(scan.in_document(document)) == []


def inject_path(document: dict[str, Any], path: str, method: str = "put", **changes: object) -> None:
    operation = copy.deepcopy(document["paths"]["/api/people/me/presence"]["put"])
    document["paths"].setdefault(path, {})[method] = operation | changes


def inject_property(document: dict[str, Any], schema: str, name: str) -> None:
    document["components"]["schemas"][schema]["properties"][name] = {"type": "string"}


@pytest.mark.parametrize(
    "name", ["reason", "approval_id", "approved_by", "until", "permission", "agent_id", "pause_code", "minutes"]
)
def test_a_pause_that_asks_for_more_would_be_found(document: dict[str, Any], name: str) -> None:
    spoiled = copy.deepcopy(document)
    inject_property(spoiled, "PresenceBody", name)
    assert list(scan.in_document(spoiled)) != []


@pytest.mark.parametrize(
    "path",
    [
        "/api/people/agents/{agent_id}/presence",
        "/api/supervision/agents/{agent_id}/pause",
        "/api/people/presence/{agent_id}",
        "/api/people/me/presence/{agent_id}",
        "/api/people/pause-requests",
        "/api/people/agents/{agent_id}",
    ],
)
def test_a_path_to_anothers_presence_would_be_found(document: dict[str, Any], path: str) -> None:
    spoiled = copy.deepcopy(document)
    inject_path(spoiled, path)
    assert list(scan.in_document(spoiled)) != []


def test_a_presence_behind_a_permission_would_be_found(document: dict[str, Any]) -> None:
    spoiled = copy.deepcopy(document)
    inject_path(spoiled, "/api/people/me/presence", **{"x-permission": "people.pause"})
    assert list(scan.in_document(spoiled)) != []


def test_a_parameter_beside_the_body_would_be_found(document: dict[str, Any]) -> None:
    spoiled = copy.deepcopy(document)
    inject_path(spoiled, "/api/people/me/presence", parameters=[{"name": "reason", "in": "query"}])
    assert list(scan.in_document(spoiled)) != []


@pytest.mark.parametrize(
    ("schema", "name"), [("OwnState", "pause_denied_by"), ("AgentView", "approved"), ("OwnState", "quota")]
)
def test_an_answer_that_speaks_of_permission_would_be_found(document: dict[str, Any], schema: str, name: str) -> None:
    spoiled = copy.deepcopy(document)
    inject_property(spoiled, schema, name)
    assert list(scan.in_document(spoiled)) != []


def test_only_the_agents_own_commands_change_a_presence() -> None:
    components = [feature.component for feature in FEATURES if feature.component is not None]
    commands = [command for component in components for command in component.decide]
    tags = {str(command.__struct_config__.tag) for command in commands}
    assert set(scan.OWN_COMMANDS) <= tags
    assert list(scan.in_commands(commands)) == []


class ForcePresence(Command, frozen=True, tag="supervision.send_back"):
    agent_id: str
    state: Presence


class PauseOnRequest(Command, frozen=True, tag="people.ask_pause_after"):
    agent_id: str
    approved_by: str


@pytest.mark.parametrize("command", [ForcePresence, PauseOnRequest])
def test_another_command_would_be_found(command: type[Command]) -> None:
    assert list(scan.in_commands([command])) != []


def test_only_the_agents_own_door_makes_them() -> None:
    assert list(scan.in_sources(scan.sources())) == []


def test_another_door_would_be_found() -> None:
    spoiled = {"supervision/endpoints.py": "door.submit(people.SetPresence(agent_id, 'available'))"}
    assert list(scan.in_sources(spoiled)) != []
