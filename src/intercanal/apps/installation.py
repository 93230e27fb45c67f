"""One installation on this machine: its folder, and PostgreSQL and NATS running on what the folder holds."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec

from intercanal.apps import databases
from intercanal.infra.supervisor import nats, postgres
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.state import ADMINISTRATION, BusyError, Secrets, StateFolder
from intercanal.infra.supervisor.supervisor import Supervisor

BLOBS_VARIABLE: Final = "INTERCANAL_BLOBS"
NATS_URL: Final = "INTERCANAL_NATS_URL"
NATS_TOKEN: Final = "INTERCANAL_NATS_TOKEN"  # noqa: S105 - the name of a variable


class Bus(msgspec.Struct, frozen=True):
    """Where NATS is."""

    url: str
    token: str


class Installation:
    """A data folder held by this process, its secrets, and the supervisor of what runs on it."""

    def __init__(self, folder: StateFolder, secrets: Secrets) -> None:
        self.folder = folder
        self.secrets = secrets
        self.supervisor = Supervisor()

    async def start_server(self) -> databases.Urls:
        """Start PostgreSQL unless one is configured, whatever is in it."""
        # Loading what migrates takes as long as making a database cluster: it is done meanwhile.
        loading = asyncio.create_task(asyncio.to_thread(databases.load_migrations))
        urls = databases.configured_server(self.secrets)
        if urls is None:
            place = await asyncio.to_thread(
                postgres.prepare, self.folder.path, self.secrets.superuser, self.folder.account
            )
            self._on_end.callback(postgres.forget, place)
            await self.supervisor.start(postgres.child(place))
            urls = databases.own_server(place, self.secrets)
        await loading
        return urls

    async def start_database(self) -> databases.Urls:
        """Start PostgreSQL unless one is configured, and bring it to this program's schema."""
        urls = await self.start_server()
        await self.bring_up(urls)
        return urls

    async def bring_up(self, urls: databases.Urls) -> None:
        """Bring the database to this program's schema, and let commands of the administrator find it."""
        await databases.bring_up(urls, self.secrets)
        self.folder.keep(ADMINISTRATION, msgspec.json.encode(urls))
        self._on_end.callback(self.folder.administration.unlink, missing_ok=True)

    async def start_bus(self) -> Bus:
        """Start NATS unless one is configured."""
        url = os.environ.get(NATS_URL)
        if url:
            return Bus(url=url, token=os.environ.get(NATS_TOKEN, ""))
        place = await asyncio.to_thread(nats.prepare, self.folder.path, self.secrets.nats, self.folder.account)
        await self.supervisor.start(nats.child(place))
        return Bus(url=place.url, token=place.token)

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator["Installation"]:
        """Drain all children at the end, and remove what only meant something while they ran."""
        with contextlib.ExitStack() as self._on_end:
            try:
                yield self
            finally:
                await self.supervisor.drain()


@contextlib.asynccontextmanager
async def hold(data: Path, purpose: str) -> AsyncIterator[Installation]:
    """Take a data folder for ourselves; `BusyError` when another process has it."""
    folder = StateFolder(data)
    folder.make()
    with folder.lock(purpose):
        async with Installation(folder, folder.secrets()).held() as installation:
            yield installation


@contextlib.asynccontextmanager
async def reach(data: Path, purpose: str) -> AsyncIterator[databases.Urls]:
    """Reach an installation's database: that of its running server, else one started for as long as we need it."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            installation = await stack.enter_async_context(hold(data, purpose))
            urls = await installation.start_database()
        except BusyError:
            urls = _running(data)
        yield urls


def _running(data: Path) -> databases.Urls:
    try:
        return msgspec.json.decode(StateFolder(data).administration.read_bytes(), type=databases.Urls)
    except FileNotFoundError:
        raise StartError(f"The server of {data} is starting or ending; try again when /healthz answers.") from None
