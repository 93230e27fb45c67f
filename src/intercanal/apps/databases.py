"""Brings a PostgreSQL server to what the product needs: three roles, one database, its extensions, its tables."""

import importlib
import os
from types import ModuleType
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import msgspec

from intercanal.infra.db import roles
from intercanal.infra.supervisor.postgres import PostgresPlace
from intercanal.infra.supervisor.state import Secrets

DATABASE: Final = "intercanal"
URL_VARIABLE: Final = "INTERCANAL_DATABASE_URL"


class Urls(msgspec.Struct, frozen=True):
    """The product's database as each role reaches it; only the application's and the journal's go to the processes."""

    server: str
    superuser: str
    owner: str
    app: str
    journal: str


def as_role(url: str, database: str, user: str | None = None, password: str = "") -> str:
    """Rewrite a URL for another database of the same server, and another role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    login = parts.netloc.rpartition("@")[0] if user is None else f"{user}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place, path=f"/{database}"))


def _urls(server: str, database: str, secrets: Secrets) -> Urls:
    return Urls(
        server=server,
        superuser=as_role(server, database),
        owner=as_role(server, database, roles.OWNER, secrets.owner),
        app=as_role(server, database, roles.APP, secrets.app),
        journal=as_role(server, database, roles.JOURNAL, secrets.journal),
    )


def own_server(place: PostgresPlace, secrets: Secrets) -> Urls:
    """Return the URLs on our own server."""
    return _urls(place.url("postgres"), DATABASE, secrets)


def configured_server(secrets: Secrets) -> Urls | None:
    """Return the URLs on the configured server, None when there is none; its URL is that of who may make roles."""
    url = os.environ.get(URL_VARIABLE)
    if not url:
        return None
    return _urls(as_role(url, "postgres"), urlsplit(url).path.strip("/") or DATABASE, secrets)


def name_of(urls: Urls) -> str:
    """Return the name of the product's database."""
    return urlsplit(urls.superuser).path.strip("/")


def load_migrations() -> ModuleType:
    """Return the migrations; loading them takes a second, which is better spent while something else is waited for."""
    return importlib.import_module("intercanal.migrations.run")


async def bring_up(urls: Urls, secrets: Secrets) -> None:
    """Make or refresh roles, database, extensions and tables; safe to repeat, and two at once follow one another."""
    passwords = roles.RolePasswords(owner=secrets.owner, app=secrets.app, journal=secrets.journal)
    name = name_of(urls)
    server = await asyncpg.connect(urls.server)
    try:
        await roles.create_roles(server, passwords)
        await roles.create_database(server, name)
    finally:
        await server.close()
    inside = await asyncpg.connect(urls.superuser)
    try:
        await roles.prepare_database(inside)
    finally:
        await inside.close()
    await load_migrations().upgrade(urls.owner)
