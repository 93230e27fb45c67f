"""`intercanal serve`: everything on one machine, as children of one supervisor."""

import asyncio
import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import structlog

import intercanal
from intercanal.apps import config as configuration
from intercanal.apps import installation as installations
from intercanal.apps.ready import READY
from intercanal.infra import tls
from intercanal.infra.supervisor.account import Account, obstacle, private_file, private_folder
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.spec import ChildSpec
from intercanal.infra.supervisor.state import StateFolder
from intercanal.infra.telemetry.metrics import FOLDER_VARIABLE

ROLES: Final = ("core", "work")
DRAIN_SECONDS: Final = 12.0

log = structlog.get_logger("serve")

OnReady = Callable[[configuration.Config], Awaitable[None]]


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked on the command line."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8080
    smtp_port: int | None = None
    sip_port: int | None = None
    smtp_relay: configuration.Address | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    trial_certificate: bool = False
    public_url: str | None = None
    voice_engine: str = "fake"

    def listen(self) -> dict[str, configuration.Address]:
        """Say which doors are opened, and where."""
        asked = {"http": self.port, "smtp": self.smtp_port, "sip": self.sip_port}
        return {
            door: configuration.Address(host=self.host, port=port) for door, port in asked.items() if port is not None
        }


async def serve(options: ServeOptions, on_ready: OnReady | None = None) -> int:
    """Run until SIGTERM or SIGINT, then drain; 0 when all ended in order."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    with _bound(options.listen()) as doors:
        async with installations.hold(options.data, "serve") as installation:
            starting = asyncio.create_task(_start(installation, options, doors, on_ready))
            asked = asyncio.create_task(stopping.wait())
            await asyncio.wait((starting, asked), return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await starting
                return 0
            await starting
            orderly = await installation.supervisor.watch(asked)
            log.info("serve.draining")
            # We hold the doors too: unless they close with the children's, callers would wait for nobody.
            for door in doors.values():
                door.close()
    return 0 if orderly else 1


async def _start(
    installation: installations.Installation,
    options: ServeOptions,
    doors: Mapping[str, socket.socket],
    on_ready: OnReady | None,
) -> None:
    urls = await installation.start_server()
    _, bus = await asyncio.gather(installation.bring_up(urls), installation.start_bus())
    folder = installation.folder
    files = _certificate(options, folder)
    config = configuration.Config(
        app_url=urls.app,
        journal_url=urls.journal,
        nats_url=bus.url,
        nats_token=bus.token,
        secret=installation.secrets.installation,
        blobs=os.environ.get(installations.BLOBS_VARIABLE, folder.blobs.as_uri()),
        public_url=public_url(options),
        data=str(folder.path),
        listen=options.listen(),
        smtp_relay=options.smtp_relay,
        tls_certificate=None if files is None else str(files.certificate),
        tls_key=None if files is None else str(files.key),
        voice_engine=options.voice_engine,
    )
    account = _account_for_ours(folder)
    private_file(folder.endpoints, msgspec.json.encode(config), account)
    shutil.rmtree(folder.run / "metrics", ignore_errors=True)
    private_folder(folder.run / "metrics", account)
    start = installation.supervisor.start
    await asyncio.gather(*(start(_ours(role, folder, account, doors)) for role in ROLES))
    log.info("serve.ready", port=options.port)
    if on_ready is not None:
        await on_ready(config)


@contextlib.contextmanager
def _bound(listen: Mapping[str, configuration.Address]) -> Iterator[dict[str, socket.socket]]:
    """Bind every door before anything starts: a taken port is said at once, and a low one is still allowed."""
    with contextlib.ExitStack() as stack:
        doors = {}
        for name, address in listen.items():
            kind = socket.SOCK_DGRAM if name == "sip" else socket.SOCK_STREAM
            try:
                doors[name] = stack.enter_context(configuration.bind(address, kind))
            except configuration.ConfigError as error:
                raise StartError(str(error)) from error
            if name == "smtp":
                # A sending server waits while `work` starts or restarts, instead of being refused.
                doors[name].listen()
        yield doors


def public_url(options: ServeOptions) -> str:
    """Return the address that people use, without a slash at its end."""
    if options.public_url:
        return options.public_url.rstrip("/")
    scheme = "https" if options.trial_certificate or options.tls_certificate else "http"
    host = options.host
    with contextlib.suppress(ValueError):
        host = "localhost" if ipaddress.ip_address(options.host).is_unspecified else options.host
    return f"{scheme}://{configuration.Address(host=host, port=options.port)}"


def _certificate(options: ServeOptions, folder: StateFolder) -> tls.CertificateFiles | None:
    if options.trial_certificate:
        host = urlsplit(public_url(options)).hostname or "localhost"
        return tls.trial(folder.tls, host, datetime.datetime.now(datetime.UTC), folder.account)
    if options.tls_certificate is None or options.tls_key is None:
        return None
    files = tls.CertificateFiles(certificate=options.tls_certificate.absolute(), key=options.tls_key.absolute())
    if not obstacle(files.certificate, folder.account) and not obstacle(files.key, folder.account):
        return files
    # The key is often root's alone: the children get a copy that lives no longer than this run.
    copies = tls.CertificateFiles(certificate=folder.run / "tls.pem", key=folder.run / "tls.key")
    private_file(copies.certificate, files.certificate.read_bytes(), folder.account)
    private_file(copies.key, files.key.read_bytes(), folder.account)
    return copies


def _account_for_ours(folder: StateFolder) -> Account | None:
    """Return the account for our own processes: ours when the program itself is out of an unprivileged one's reach."""
    program = (sys.executable, sys.prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
    needed = [*map(Path, program), Path(intercanal.__file__), folder.run]
    for path in needed:
        barrier = obstacle(path, folder.account, listing=True)
        if barrier is not None:
            log.warning("serve.root_not_dropped", file=str(barrier))
            return None
    return folder.account


def _ours(role: str, folder: StateFolder, account: Account | None, doors: Mapping[str, socket.socket]) -> ChildSpec:
    mine = {name: door for name, door in doors.items() if (name == "http") == (role == "core")}
    return ChildSpec(
        name=role,
        command=(sys.executable, "-m", "intercanal.apps.process", role),
        ready_text=READY.encode(),
        environment={
            configuration.FILE_VARIABLE: str(folder.endpoints),
            configuration.SOCKETS_VARIABLE: ",".join(f"{name}={door.fileno()}" for name, door in mine.items()),
            FOLDER_VARIABLE: str(folder.run / "metrics"),
            "PYTHONUNBUFFERED": "1",
        },
        account=account,
        pass_fds=tuple(door.fileno() for door in mine.values()),
        reads_errors=False,
        is_quotable=False,
        drain_seconds=DRAIN_SECONDS,
    )
