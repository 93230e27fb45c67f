"""One child process, kept running: started, seen ready, waited for, restarted with back-off, drained."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog

from intercanal.infra.supervisor.account import Account
from intercanal.infra.supervisor.errors import StartError

FIRST_DELAY: Final = 0.05
LAST_DELAY: Final = 5.0
SETTLED_AFTER: Final = 10.0
LINE_LIMIT: Final = 64 * 1024
PR_SET_PDEATHSIG: Final = 1

log = structlog.get_logger("supervisor")


async def _nothing() -> None:
    return None


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a child: it is ready once it has printed `ready_text` and `verify` has returned.

    `patience` is how long a first start may be retried when the process ends at once (a dead server's pid can
    linger for a while); a process that stays alive may take all the time it needs, as in a crash recovery.
    """

    name: str
    command: tuple[str, ...]
    ready_text: bytes
    verify: Callable[[], Awaitable[None]] = _nothing
    environment: Mapping[str, str] = {}
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()
    reads_errors: bool = True
    drain_signal: signal.Signals = signal.SIGTERM
    drain_seconds: float = 30.0
    patience: float = 30.0


def _dies_with_parent(number: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


async def spawn(spec: ChildSpec, output: int) -> asyncio.subprocess.Process:
    """Start the process, unprivileged when the spec says so, in a session of its own, ended if we end abruptly."""
    account = spec.account
    return await asyncio.create_subprocess_exec(
        *spec.command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT if spec.reads_errors else None,
        env={**os.environ, **spec.environment},
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        start_new_session=True,
        pass_fds=spec.pass_fds,
        cwd="/",
        preexec_fn=_dies_with_parent(spec.drain_signal),
    )


class Child:
    """Keeps one process running until it is drained; everything is driven by its output and its end."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.starts = 0
        self._log = log.bind(child=spec.name)
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None while there is no process."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Return once the child is ready; raise `StartError` when it cannot be started."""
        self._keeper = asyncio.create_task(self._keep(), name=f"keep-{self.spec.name}")
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait((ready, self._keeper), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._keeper.done():
            await self._keeper
            raise StartError(f"{self.spec.name} ended before it was ready.")

    async def lost(self) -> None:
        """Wait until the keeper itself gives up, which only an unforeseen fault makes it do."""
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))

    async def drain(self) -> int | None:
        """Ask the child to finish and wait for it; kill it when it takes longer than it may."""
        self._stopping.set()
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.spec.drain_signal)
            try:
                async with asyncio.timeout(self.spec.drain_seconds):
                    await process.wait()
            except TimeoutError:
                self._log.error("child_killed", after_s=self.spec.drain_seconds)
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))
        return None if process is None else process.returncode

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self.spec.patience
        delay = FIRST_DELAY
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run_once()
            if self._stopping.is_set():
                return
            self._log.warning("child_ended", code=code, restart_in_s=delay)
            if not self._ready.is_set() and loop.time() > give_up:
                raise StartError(
                    f"{self.spec.name} does not start (exit code {code}); its last lines are in the log above."
                )
            if loop.time() - began > SETTLED_AFTER:
                delay = FIRST_DELAY
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._stopping.wait()
            delay = min(delay * 2, LAST_DELAY)

    async def _run_once(self) -> int:
        # A pipe of our own: asyncio's would make wait() last until the last grandchild lets go of it.
        receive, send = os.pipe()
        try:
            process = self._process = await spawn(self.spec, send)
        except BaseException:
            os.close(receive)
            raise
        finally:
            os.close(send)
        self.starts += 1
        if self._stopping.is_set():
            process.kill()
        reader = asyncio.create_task(self._read(process, receive))
        try:
            return await process.wait()
        finally:
            reader.cancel()
            await asyncio.wait((reader,))
            self._process = None

    async def _read(self, process: asyncio.subprocess.Process, receive: int) -> None:
        stream = asyncio.StreamReader(limit=LINE_LIMIT)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(receive, "rb", buffering=0)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                waiting = True
                async for line in _lines(stream):
                    self._log.info("child_says", line=line.decode(errors="replace").rstrip())
                    if waiting and self.spec.ready_text in line:
                        waiting = False
                        tasks.create_task(self._confirm(process))
        finally:
            transport.close()

    async def _confirm(self, process: asyncio.subprocess.Process) -> None:
        try:
            await self.spec.verify()
        except Exception as error:  # noqa: BLE001 - whatever the proof met, the child is started anew
            self._log.exception("child_not_verified", error=type(error).__name__)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return
        self._log.info("child_ready", pid=process.pid)
        self._ready.set()


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        try:
            line = await stream.readline()
        except ValueError:
            continue
        if not line:
            return
        yield line
