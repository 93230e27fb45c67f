"""`intercanal bootstrap`."""

import argparse
import asyncio
import getpass
import json
import logging
import sys
from pathlib import Path

import msgspec

from intercanal.apps.bootstrap import bootstrap_tenant
from intercanal.apps.installation import reach
from intercanal.identity.service import note_settings
from intercanal.infra.db.database import Database
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.telemetry import logs
from intercanal.kernel.errors import IntercanalError
from intercanal.tenancy.service import NewTenant

HELP = "Make a tenant with its first administrator and an API key, with or without a running server."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--tenant", required=True, metavar="NAME", help="the organisation's name")
    parser.add_argument("--email", required=True, help="the administrator's address")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise StartError("The two passwords differ.")
    return password


async def _bootstrap(data: Path, name: str, email: str, password: str) -> dict[str, str]:
    async with reach(data, "bootstrap") as urls:
        database = Database(urls.app, pool_size=1, name="intercanal-bootstrap", observers=(note_settings,))
        try:
            return await bootstrap_tenant(database, name, email, password)
        finally:
            await database.close()


def run(given: argparse.Namespace) -> int:
    """Make the tenant, and print what its administrator needs."""
    logs.configure("bootstrap", logging.WARNING)
    try:
        msgspec.convert({"name": given.tenant}, NewTenant)
        made = asyncio.run(_bootstrap(given.data, given.tenant, given.email, _password(given.password_stdin)))
    except msgspec.ValidationError:
        raise StartError("This cannot be the name of a tenant.") from None
    except IntercanalError as refusal:
        facts = " ".join(f"{key}={value}" for key, value in refusal.facts.items())
        raise StartError(f"Refused: {refusal.code} {facts}".rstrip()) from None
    if given.json:
        print(json.dumps(made))
    else:
        for key, value in made.items():
            print(f"{key:10} {value}")
    return 0
