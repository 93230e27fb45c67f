"""`intercanal backup`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from intercanal.apps.backup import back_up
from intercanal.apps.installation import BLOBS_VARIABLE, reach
from intercanal.infra.blobs.choose import open_blobs
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.state import StateFolder
from intercanal.infra.telemetry import logs

HELP = "Write database, blobs and secrets to one file, while the server works or stands."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="a file that is not there yet")


def tell(step: str) -> None:
    """Say how far a long action is."""
    sys.stderr.write(f"... {step}\n")


async def _back_up(data: Path, target: Path) -> None:
    folder = StateFolder(data)
    blobs = open_blobs(os.environ.get(BLOBS_VARIABLE, folder.blobs.as_uri()))
    async with reach(data, "backup") as urls:
        await back_up(folder.path, urls.superuser, blobs, target, tell)


def run(given: argparse.Namespace) -> int:
    """Write the backup."""
    logs.configure("backup", logging.WARNING)
    if given.to.exists():
        raise StartError(f"{given.to} is there already.")
    asyncio.run(_back_up(given.data, given.to.absolute()))
    print(given.to)
    return 0
