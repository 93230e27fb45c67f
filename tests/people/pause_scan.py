"""Looks for anything by which somebody could stand between an agent and a pause, or speak for another's presence."""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

import intercanal
from intercanal.apps import openapi
from intercanal.kernel.live import Command

PAUSE = ("pause", "presence", "absence", "break_", "_break")
CONTROL = (
    "approv", "authori", "permi", "grant", "reason", "justif", "motive", "deny", "denied", "denial", "refus", "reject",
    "quota", "limit", "allow", "supervis", "manager", "force", "lock", "request", "code", "on_behalf",
)  # fmt: skip
OWN_COMMANDS = {
    "people.set_presence": {"agent_id", "state", "shift_hours"},
    "people.ask_pause_after": {"agent_id"},
    "people.cancel_pause_after": {"agent_id"},
}
OWN_DOOR = "people/endpoints/mine.py"

Document = Mapping[str, Any]


def about_pause(name: str) -> bool:
    return any(stem in name.lower() for stem in PAUSE)


def controls(name: str) -> bool:
    return any(stem in name.lower() for stem in CONTROL)


def in_columns(columns: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Find columns that could hold a permission for a pause; a table that keeps a presence may hold none at all."""
    known = list(columns)
    holders = {table for table, column in known if about_pause(table) or about_pause(column)}
    for table, column in known:
        if table in holders and controls(column):
            yield f"column {table}.{column}"


def in_names(kind: str, names: Iterable[str]) -> Iterator[str]:
    """Find settings and permissions that speak of pauses: there is nothing to set and nothing to permit."""
    yield from (f"{kind} {name}" for name in names if about_pause(name))


def in_commands(commands: Iterable[type[Command]]) -> Iterator[str]:
    """Find commands beside an agent's own three that could change a presence, and fields beside theirs."""
    for command in commands:
        tag, fields = str(command.__struct_config__.tag), set(command.__struct_fields__)
        is_about = about_pause(tag) or any(about_pause(field) for field in fields) or _takes_presence(command)
        if is_about and OWN_COMMANDS.get(tag) != fields:
            yield f"command {tag} {sorted(fields)}"


def _takes_presence(command: type[Command]) -> bool:
    return _says_paused(msgspec.json.schema(command))


def in_document(document: Document) -> Iterator[str]:
    """Find operations on a presence that are not the agent's own plain ones, and schemas with a say in pauses."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _in_operation(document, path, method, operation)
    for name, schema in document["components"]["schemas"].items():
        properties = list(schema.get("properties", {}))
        if about_pause(name) or any(about_pause(each) for each in properties) or _says_paused(schema):
            yield from (f"schema {name}.{each}" for each in properties if controls(each))


def _in_operation(document: Document, path: str, method: str, operation: Document) -> Iterator[str]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = _resolved(document, body)
    properties = set(schema.get("properties", {}))
    is_about = about_pause(path) or any(about_pause(each) for each in properties) or _says_paused(schema)
    if method == "get" or not is_about:
        return
    place = f"{method} {path}"
    if not path.startswith("/api/people/me/") or "{" in path:
        yield f"{place}: speaks for somebody else"
    if operation.get("x-permission") != "self":
        yield f"{place}: needs {operation.get('x-permission')}"
    if asked := properties - {"state"}:
        yield f"{place}: asks for {sorted(asked)}"
    if asked := {each["name"] for each in operation.get("parameters", [])} - {"Idempotency-Key"}:
        yield f"{place}: asks for {sorted(asked)}"


def _resolved(document: Document, schema: Document) -> Document:
    if "$ref" in schema:
        found: Document = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return found
    return schema


def _says_paused(schema: Document) -> bool:
    return '"paused"' in json.dumps(schema)


def in_sources(sources: Mapping[str, str]) -> Iterator[str]:
    """Find doors beside the agent's own that make one of the agent's own commands."""
    names = {"SetPresence", "AskPauseAfter", "CancelPauseAfter"}
    for place, text in sources.items():
        for node in ast.walk(ast.parse(text)):
            called = node.func if isinstance(node, ast.Call) else None
            word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
            if word in names and not place.endswith(OWN_DOOR):
                yield f"{place} makes {word}"


def sources() -> dict[str, str]:
    """The text of every file of the product."""
    folder = Path(intercanal.__file__).parent
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.py"))}


def document() -> dict[str, Any]:
    """The description of the API of the whole program."""
    made: dict[str, Any] = json.loads(openapi.document())
    return made
