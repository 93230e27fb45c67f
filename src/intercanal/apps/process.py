"""The entry point of our own processes: `core` answers people and decides, `work` does what may take its time."""

import asyncio
import contextlib
import importlib
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Final, Protocol, cast

import structlog
import uvicorn
import uvloop
from litestar import Litestar

from intercanal.apps import collector
from intercanal.apps import config as configuration
from intercanal.apps.config import Config, ConfigError
from intercanal.apps.ready import say_ready
from intercanal.infra.telemetry import logs, traces
from intercanal.infra.telemetry.stalls import StallWatch

CLOSING_SECONDS: Final = 8
LONGEST_FRAME: Final = 4096
"""Of what a screen sends over its socket; nothing it says there has a meaning."""

log = structlog.get_logger("process")

Ready = Callable[[], None]


class Role(Protocol):
    """What a process does: it says when it is ready, and returns once it was asked to stop and has finished."""

    def __call__(self, config: Config, ready: Ready, stopping: asyncio.Event) -> Coroutine[None, None, None]:
        """Run."""
        ...


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and leaves the signals to us: its own way ends by the signal, not with 0."""

    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: `main` has the signals."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors, then say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


async def run_core(config: Config, ready: Ready, stopping: asyncio.Event) -> None:
    """Answer HTTP and WebSocket until asked to stop; then accept nothing new and finish what was begun."""
    # By name, so that a process of another role never loads it.
    create_app = cast("Callable[[Config], Litestar]", importlib.import_module("intercanal.apps.api").create_app)
    door = configuration.door(config, "http")
    if door is None:
        raise ConfigError("There is no door `http` to listen on.")
    settings = uvicorn.Config(
        create_app(config),
        http="intercanal.infra.http.protocol:BoundedHttp",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=LONGEST_FRAME,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=config.tls_certificate,
        ssl_keyfile=config.tls_key,
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )
    server = _Server(settings, ready)
    closing = asyncio.create_task(_close_when(stopping, server))
    try:
        await server.serve(sockets=[door])
    finally:
        closing.cancel()


async def _close_when(stopping: asyncio.Event, server: uvicorn.Server) -> None:
    await stopping.wait()
    server.should_exit = True


async def run_work(config: Config, ready: Ready, stopping: asyncio.Event) -> None:
    """Carry mail and jobs until asked to stop."""
    run = cast("Role", importlib.import_module("intercanal.apps.work").run)
    await run(config, ready, stopping)


ROLES: Final[dict[str, Role]] = {"core": run_core, "work": run_work}


async def run(roles: Sequence[str], config: Config, ready: Ready = say_ready) -> None:
    """Run roles in this process until SIGTERM or SIGINT; ready once every one of them is."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    waiting = set(roles)
    # From here on a stall is a fault; while a process gets ready it loads a thousand modules.
    watch = StallWatch("+".join(roles))

    def role_ready(role: str) -> None:
        waiting.discard(role)
        if not waiting:
            collector.settle()
            watch.start()
            log.info("process.ready")
            ready()

    try:
        async with asyncio.TaskGroup() as tasks:
            for role in roles:
                tasks.create_task(ROLES[role](config, partial(role_ready, role), stopping), name=role)
    finally:
        watch.stop()


def main(roles: Sequence[str]) -> int:
    """Run roles as this whole process; 0 when it ended because it was asked to."""
    name = "+".join(roles)
    logs.configure(name)
    flush_traces = traces.configure(name)
    try:
        uvloop.run(run(roles, configuration.load()))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ExceptionGroup:
        log.exception("process.failed")
        return 1
    finally:
        flush_traces()
    log.info("process.ended")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
