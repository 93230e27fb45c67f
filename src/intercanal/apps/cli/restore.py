"""`intercanal restore`."""

import argparse
import asyncio
import logging
import os
from pathlib import Path

from intercanal.apps import restore
from intercanal.apps.cli.backup import tell
from intercanal.apps.installation import BLOBS_VARIABLE, hold
from intercanal.infra.blobs.choose import open_blobs
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.telemetry import logs

HELP = "Bring an installation back from a backup; whatever was erased since then is erased again."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--from", type=Path, required=True, metavar="FILE", dest="source", help="the backup")
    parser.add_argument("--replace", action="store_true", help="the folder has a database: put this in its place")
    parser.add_argument(
        "--erasures", type=Path, metavar="FILE", help="a later backup, when the folder itself is lost: for its erasures"
    )


async def _restore(given: argparse.Namespace) -> int:
    await asyncio.to_thread(restore.check_database, given.source)
    later = restore.erasures_in(given.erasures) if given.erasures else []
    async with hold(given.data, "restore") as installation:
        urls = await installation.start_server()
        present = await restore.present_erasures(urls)
        if present is not None and not given.replace:
            raise StartError(f"{given.data} has a database already; --replace puts the backup in its place.")
        blobs = open_blobs(os.environ.get(BLOBS_VARIABLE, installation.folder.blobs.as_uri()))
        also = [*(present or ()), *later]
        touched = await restore.restore_database(installation, urls, given.source, blobs, also, tell)
        restore.restore_folder(given.source, installation.folder, installation.secrets)
        return touched


def run(given: argparse.Namespace) -> int:
    """Restore."""
    logs.configure("restore", logging.WARNING)
    touched = asyncio.run(_restore(given))
    print(f"{given.data} is as it was; {touched} rows erased since then were erased again")
    return 0
