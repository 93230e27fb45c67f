"""`intercanal replay`."""

import argparse
import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from intercanal.apps.config import ConfigError
from intercanal.apps.installation import reach
from intercanal.apps.live import make_core
from intercanal.infra.live.replay import Replay, replay
from intercanal.infra.telemetry import logs
from intercanal.kernel.ids import TenantId, is_id

HELP = "Decide a day again from its journal; the exit code is 1 when a decision comes out otherwise than it did."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--tenant", required=True, metavar="ID")
    parser.add_argument("--since", type=datetime.fromisoformat, metavar="TIME", help="default: a day before --until")
    parser.add_argument("--until", type=datetime.fromisoformat, metavar="TIME", help="default: now")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _replay(data: Path, tenant_id: TenantId, since: datetime, until: datetime) -> Replay:
    async with reach(data, "replay") as urls, asyncpg.create_pool(urls.journal, min_size=1, max_size=1) as pool:
        return await replay(pool, make_core(), tenant_id, since, until)


def run(given: argparse.Namespace) -> int:
    """Re-run, and print what came out otherwise."""
    logs.configure("replay", logging.WARNING)
    if not is_id(given.tenant):
        raise ConfigError(f"{given.tenant} is not a tenant's id.")
    until = _aware(given.until or datetime.now(UTC))
    since = _aware(given.since) if given.since else until - timedelta(days=1)
    found = asyncio.run(_replay(given.data, TenantId(given.tenant), since, until))
    if given.json:
        print(msgspec.json.encode(found).decode())
    else:
        print(f"{found.decisions} decisions, {found.events} events, {len(found.differences)} differences")
        for difference in found.differences:
            print(f"  {difference.sequence} at {difference.at.isoformat()}, made by version {difference.code_version}")
    return int(bool(found.differences))
