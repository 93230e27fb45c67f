"""A running program with two tenants, each with something of every kind, as the program's own document tells."""

import contextlib
import json
import re
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import msgspec

from intercanal.apps.api import compose
from intercanal.apps.bootstrap import bootstrap_tenant
from intercanal.apps.config import Config
from intercanal.apps.openapi import document
from intercanal.infra.db.database import Database
from tests.fixtures.servers import NatsServer, Urls

BASE = "http://127.0.0.1:8080"
PASSWORD = "a long enough pass phrase 1"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CHANGES = ("POST", "PUT", "PATCH", "DELETE")

Json = Any
Fill = Callable[[str], str | None]


def unknown_id() -> str:
    tail = secrets.token_hex(8)
    return f"01900000-0000-7000-8{tail[:3]}-{tail[3:15]}"


class Operation(msgspec.Struct, frozen=True):
    """One operation of the document."""

    method: str
    path: str
    permission: str
    path_names: tuple[str, ...]
    query_names: tuple[str, ...]
    body: Json | None

    def at(self, ids: dict[str, str]) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Document:
    """The program's own OpenAPI document, as the test reads it."""

    def __init__(self) -> None:
        self._schemas: dict[str, Json] = {}
        found = json.loads(document())
        self._schemas = found["components"]["schemas"]
        self.operations = [
            self._operation(path, method.upper(), one)
            for path, methods in found["paths"].items()
            for method, one in methods.items()
        ]

    def _operation(self, path: str, method: str, one: Json) -> Operation:
        named = {
            place: [p["name"] for p in one.get("parameters", []) if p["in"] == place] for place in ("path", "query")
        }
        content = one.get("requestBody", {}).get("content", {})
        body = content.get("application/json", {}).get("schema")
        return Operation(method, path, one["x-permission"], tuple(named["path"]), tuple(named["query"]), body)

    def make(self, schema: Json, name: str, fill: Fill) -> Json:
        """Make a value that a schema takes; ids come from `fill`, which may not know one."""
        schema = self.resolved(schema)
        if "enum" in schema:
            return schema["enum"][0]
        if schema.get("type") == "object":
            return self._make_object(schema, fill)
        return self._make_plain(schema, name, fill)

    def resolved(self, schema: Json) -> Json:
        """Return what a reference stands for, and of a choice the first that is something."""
        if "$ref" in schema:
            return self.resolved(self._schemas[schema["$ref"].rsplit("/", 1)[1]])
        if "oneOf" in schema:
            chosen = next(one for one in schema["oneOf"] if one.get("type") != "null")
            return self.resolved({**{k: v for k, v in schema.items() if k != "oneOf"}, **chosen})
        return schema

    def _make_plain(self, schema: Json, name: str, fill: Fill) -> Json:
        one = fill(name.removesuffix("s"))
        plain = {
            "array": [one] if name.endswith("_ids") and one else [],
            "integer": schema.get("minimum", 1),
            "number": schema.get("minimum", 1),
            "boolean": False,
        }
        return plain[schema["type"]] if schema.get("type") in plain else self._make_text(schema, name, fill)

    def _make_object(self, schema: Json, fill: Fill) -> Json:
        made = {}
        for name, one in schema.get("properties", {}).items():
            if name in schema.get("required", ()) or (is_id_name(name) and fill(name)) or name in OPTIONAL:
                made[name] = self.make(one, name, fill)
        return made

    def _make_text(self, schema: Json, name: str, fill: Fill) -> str:
        if schema.get("format") == "date-time":
            return "2036-01-01T00:00:00Z"
        if schema.get("format") == "date":
            return "2036-01-01"
        if is_id_name(name):
            return fill(name) or unknown_id()
        return TEXTS.get(name, lambda: f"{fill('canary')} {secrets.token_hex(4)}")()


def _unique_mail() -> str:
    return f"m{secrets.token_hex(5)}@example.org"


OPTIONAL = ("text", "notes", "identities")
TEXTS: dict[str, Callable[[], str]] = {
    "email": _unique_mail,
    "value": _unique_mail,
    "address": _unique_mail,
    "timezone": lambda: "Europe/Paris",
    "country": lambda: "FR",
    "locale": lambda: "fr",
    "role": lambda: "admin",
    "password": lambda: PASSWORD,
    "current": lambda: PASSWORD + "?",
    "new": lambda: PASSWORD,
}


def is_id_name(name: str) -> bool:
    return name.endswith(("_id", "_ids")) or name in {"disposition"}


def singular(plural: str) -> str:
    for ending, one in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("s", "")):
        if plural.endswith(ending):
            return plural.removesuffix(ending) + one
    return plural


def kind_of(name: str) -> str:
    """Return what an id's name says it is the id of: `to_queue_id` is a queue's, `into_id` the path's own kind."""
    return name.removesuffix("_ids").removesuffix("_id").rsplit("_", 1)[-1]


class Tenant:
    """One tenant: its callers, and the ids it was told of, by kind."""

    def __init__(self, name: str, client: httpx.AsyncClient, admin: str) -> None:
        self.name = name
        self.id = ""
        self.learning = True
        self.canary = f"canary-of-{name}-{secrets.token_hex(6)}"
        self.admin = {"authorization": f"Bearer {admin}"}
        self.agent: dict[str, str] = {}
        self.browser: dict[str, str] = {}
        self.known: dict[str, list[str]] = defaultdict(list)
        self._client = client

    def fill(self, name: str) -> str | None:
        if name == "canary":
            return self.canary
        if name == "number":
            return "1"
        found = self.known.get("customer" if kind_of(name) == "into" else kind_of(name))
        return found[-1] if found else None

    @property
    def ids(self) -> set[str]:
        return {one for ids in self.known.values() for one in ids}

    async def call(
        self,
        method: str,
        path: str,
        body: Json = None,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        sent = self.admin if headers is None else headers
        answer = await self._client.request(method, path, content=content, headers=sent, params=query)
        if self.learning and answer.is_success and sent in (self.admin, self.agent, self.browser):
            self._learn(path, answer)
        return answer

    def _learn(self, path: str, answer: httpx.Response) -> None:
        if answer.headers.get("content-type") != "application/json":
            return
        last = next(part for part in reversed(path.split("/")) if not ID.fullmatch(part))
        self._learn_from(answer.json(), singular(last))

    def _learn_from(self, value: Json, kind: str) -> None:
        if isinstance(value, list):
            for one in value:
                self._learn_from(one, kind)
        elif isinstance(value, dict):
            for name, one in value.items():
                if isinstance(one, str) and ID.fullmatch(one):
                    self._note(kind if name == "id" else kind_of(name), one)
                elif isinstance(one, list | dict):
                    self._learn_from(one, kind if name == "items" else singular(name))

    def _note(self, kind: str, one: str) -> None:
        if kind not in {"tenant", "author", "actor", "domain"} and one not in self.known[kind]:
            self.known[kind].append(one)


class World:
    """The program with both tenants."""

    def __init__(self, client: httpx.AsyncClient, tenants: tuple[Tenant, Tenant]) -> None:
        self.document = Document()
        self.client = client
        self.one, self.two = tenants

    async def populate(self, tenant: Tenant) -> None:
        """Make something of everything that can be made, then let an agent work."""
        makers = [op for op in self.document.operations if op.method == "POST" and op.permission != "public"]
        for _ in range(2):
            for operation in makers:
                if operation.path_names or operation.body is None or operation.path.startswith("/api/identity/me"):
                    continue
                await tenant.call("POST", operation.path, self.document.make(operation.body, "", tenant.fill))
        await self._work(tenant)
        await self._sign_in(tenant)
        for operation in makers:
            if operation.path.rsplit("/", 1)[1] not in CREATES or operation.body is None:
                continue
            ids = {name: tenant.fill(name) or "" for name in operation.path_names}
            await tenant.call("POST", operation.at(ids), self.document.make(operation.body, "", tenant.fill))
        for operation in self.document.operations:
            if operation.method == "GET" and not operation.path_names:
                await tenant.call("GET", operation.path)

    async def _sign_in(self, tenant: Tenant) -> None:
        wish = {"email": f"{tenant.name}@example.org", "password": PASSWORD, "tenant": tenant.name}
        signed_in = await tenant.call("POST", "/api/identity/sign-in", wish, {"origin": BASE})
        assert signed_in.status_code == 200, signed_in.text
        tenant.browser = {"cookie": signed_in.headers["set-cookie"].split(";")[0]}
        await tenant.call("GET", "/api/identity/me/sessions", headers=tenant.browser)

    async def _work(self, tenant: Tenant) -> None:
        agent = (
            await tenant.call("POST", "/api/people/agents", {"name": tenant.canary, "email": _unique_mail()})
        ).json()
        token = (await tenant.call("POST", f"/api/people/agents/{agent['id']}/token", {})).json()["token"]
        tenant.agent = {"authorization": f"Bearer {token}"}
        queue = (await tenant.call("POST", "/api/routing/queues", {"name": tenant.canary})).json()
        await tenant.call("PUT", "/api/people/me/presence", {"state": "available"}, tenant.agent)
        work = {"queue_id": queue["id"], "text": tenant.canary}
        made = await tenant.call("POST", "/api/interactions", work)
        assert made.status_code == 201, made.text
        await tenant.call("GET", "/api/realtime/snapshot", headers=tenant.agent)
        await tenant.call("POST", "/api/people/me/pause-after", headers=tenant.agent)


CREATES = ("identities", "notes", "messages", "incoming", "token")


def _config(urls: Urls, nats: NatsServer) -> Config:
    return Config(
        app_url=urls.app,
        journal_url=urls.journal,
        nats_url=nats.url,
        nats_token=nats.token,
        secret=secrets.token_urlsafe(32),
        blobs="memory://",
        public_url=BASE,
    )


@contextlib.asynccontextmanager
async def running(urls: Urls, nats: NatsServer) -> AsyncIterator[World]:
    """Run the composed program in this process, with two filled tenants."""
    database = Database(urls.app)
    async with compose(_config(urls, nats)) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # declared twice
        async with httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60) as client:
            tenants = []
            for name in ("one", "two"):
                made = await bootstrap_tenant(database, name, f"{name}@example.org", PASSWORD)
                tenant = Tenant(name, client, made["api_key"])
                tenant.id = made["tenant_id"]
                tenants.append(tenant)
            world = World(client, (tenants[0], tenants[1]))
            for tenant in tenants:
                await world.populate(tenant)
            yield world
    await database.close()
