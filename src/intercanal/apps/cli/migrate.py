"""`intercanal migrate`."""

import argparse
import asyncio
import logging
import os
from pathlib import Path

from intercanal.apps.config import ConfigError
from intercanal.apps.installation import reach
from intercanal.infra.telemetry import logs
from intercanal.migrations.run import upgrade

HELP = "Bring the database to this program's schema; `serve` does so by itself."
OWNER_URL = "INTERCANAL_OWNER_URL"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, metavar="DIR", help=f"the installation's folder; else ${OWNER_URL}")


async def _migrate(data: Path | None) -> None:
    if data is not None:
        async with reach(data, "migrate") as urls:
            await upgrade(urls.owner)
        return
    url = os.environ.get(OWNER_URL)
    if not url:
        raise ConfigError(f"Give --data, or the owner's URL in {OWNER_URL}.")
    await upgrade(url)


def run(given: argparse.Namespace) -> int:
    """Migrate."""
    logs.configure("migrate", logging.WARNING)
    asyncio.run(_migrate(given.data))
    return 0
