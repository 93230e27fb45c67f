"""`make run`: serves, and gives a first visitor a small organisation to look at, made through the API like any."""

import argparse
import asyncio
import json
import secrets
import smtplib
import socket
import ssl
import sys
import urllib.request
import uuid
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

import msgspec

from intercanal.apps.bootstrap import bootstrap_tenant
from intercanal.apps.cli import serve as serve_command
from intercanal.apps.config import Config
from intercanal.apps.serve import serve
from intercanal.identity.service import note_settings
from intercanal.infra.db.database import Database
from intercanal.infra.supervisor.account import private_file
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.telemetry import logs

FACTS: Final = "demonstration.json"
SMTP_PORT: Final = 8025
EMAIL: Final = "admin@demo.example"
WEEK: Final = ("mon", "tue", "wed", "thu", "fri")
SPANS: Final = (("08:30", "12:30"), ("13:30", "18:00"))
QUEUES: Final = {"Questions": "help@demo.example", "Invoices": "invoices@demo.example"}
AGENTS: Final = {
    "Amina Bakker": ("nl", "en"),
    "Bruno Carlier": ("fr",),
    "Chiara De Smet": ("nl", "fr"),
    "Dara Evans": ("en",),
}
CUSTOMERS: Final = (("Camille Martin", "camille@customers.example"), ("Pieter Jansen", "pieter@customers.example"))
MAILS: Final = (
    ("camille@customers.example", "invoices@demo.example", "Facture", "Bonjour,\n\nMa facture de novembre est fausse."),
    ("pieter@customers.example", "help@demo.example", "Levering", "Goedendag,\n\nWanneer komt mijn pakket?"),
    ("robin@customers.example", "help@demo.example", "A question", "Hello,\n\nCan I change my address online?"),
)


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a visitor needs; kept in the data folder for the next start."""

    tenant_id: str
    email: str
    password: str
    api_key: str
    agents: dict[str, str]


class Api:
    """Calls the public API as anybody outside would."""

    def __init__(self, config: Config, key: str) -> None:
        http = config.listen["http"]
        self._base = f"{'https' if config.tls_certificate else 'http'}://{http}"
        self._key = key
        # The trial certificate is nobody's whom this process knows; the address is this machine's own.
        self._tls = ssl._create_unverified_context() if config.tls_certificate else None  # noqa: S323 - as said

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Send a body, and return the answer."""
        request = urllib.request.Request(  # noqa: S310 - http or https by construction
            self._base + path,
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid.uuid4()),
            },
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=30, context=self._tls) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.load(answer)
        return found


def furnish(api: Api) -> dict[str, str]:
    """Make a calendar, queues with their mailboxes, agents and customers; returns the agents' tokens."""
    hours = [{"day": day, "from": start, "to": end} for day in WEEK for start, end in SPANS]
    api.post("/api/tenancy/calendars", {"name": "Office", "timezone": "Europe/Paris", "hours": hours})
    for name, address in QUEUES.items():
        queue = api.post("/api/routing/queues", {"name": name})
        api.post("/api/mail/mailboxes", {"address": address, "queue_id": queue["id"], "name": name})
    for name in ("Answered", "Passed on", "No answer needed"):
        api.post("/api/interactions/dispositions", {"name": name})
    team = api.post("/api/people/teams", {"name": "Everybody"})
    tokens = {}
    for name, languages in AGENTS.items():
        email = f"{name.split()[0].lower()}@demo.example"
        body = {"name": name, "email": email, "languages": list(languages), "team_ids": [team["id"]]}
        agent = api.post("/api/people/agents", body)
        tokens[name] = str(api.post(f"/api/people/agents/{agent['id']}/token", {})["token"])
    for name, address in CUSTOMERS:
        api.post("/api/customers", {"name": name, "identities": [{"kind": "mail", "value": address}]})
    return tokens


def write_mails(host: str, port: int) -> None:
    """Write to the mailboxes as customers do."""
    with smtplib.SMTP(host, port, timeout=60) as server:
        for sender, receiver, subject, text in MAILS:
            mail = EmailMessage()
            mail["From"], mail["To"], mail["Subject"] = sender, receiver, subject
            mail["Message-ID"] = f"<{uuid.uuid4()}@customers.example>"
            mail.set_content(text)
            server.send_message(mail)


async def make_tenant(config: Config) -> Facts:
    """Make the organisation, and write to it."""
    password = secrets.token_urlsafe(12)
    database = Database(config.app_url, pool_size=1, name="intercanal-demo", observers=(note_settings,))
    try:
        made = await bootstrap_tenant(database, "Demonstration", EMAIL, password)
    finally:
        await database.close()
    tokens = await asyncio.to_thread(furnish, Api(config, made["api_key"]))
    smtp = config.listen.get("smtp")
    if smtp is not None:
        await asyncio.to_thread(write_mails, smtp.host, smtp.port)
    return Facts(tenant_id=made["tenant_id"], email=EMAIL, password=password, api_key=made["api_key"], agents=tokens)


def known(data: Path) -> Facts | None:
    """Return what an earlier start made."""
    try:
        return msgspec.json.decode((data / FACTS).read_bytes(), type=Facts)
    except FileNotFoundError:
        return None


def tell(config: Config, facts: Facts) -> None:
    """Print where to go and who to be."""
    lines = [
        "",
        f"  Intercanal   {config.public_url}",
        f"  sign in as   {facts.email}",
        f"  password     {facts.password}",
        f"  API key      {facts.api_key}",
        *(f"  agent        {name}: {token}" for name, token in facts.agents.items()),
    ]
    if "smtp" in config.listen:
        lines.append(f"  mail         {config.listen['smtp']} takes mail for {', '.join(QUEUES.values())}")
    sys.stdout.write("\n".join([*lines, "", ""]))
    sys.stdout.flush()


def _free_port(host: str, wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartError(f"No port of {host} can be listened on.")


def main(argv: Sequence[str] | None = None) -> int:
    """Serve with a demonstration tenant; takes what `intercanal serve` takes."""
    parser = argparse.ArgumentParser(prog="python -m intercanal.apps.demo", description=__doc__)
    serve_command.arguments(parser)
    given = parser.parse_args(argv)
    if given.smtp_port is None:
        given.smtp_port = _free_port(given.host, SMTP_PORT)
    logs.configure("demo")
    options = serve_command.options(given)

    async def on_ready(config: Config) -> None:
        facts = known(options.data)
        if facts is None:
            facts = await make_tenant(config)
            private_file(options.data / FACTS, msgspec.json.format(msgspec.json.encode(facts)), None)
        tell(config, facts)

    try:
        return asyncio.run(serve(options, on_ready))
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
