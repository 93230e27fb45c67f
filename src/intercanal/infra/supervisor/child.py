"""One child process, kept running: started, seen ready, waited for, restarted with back-off, drained."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from typing import Final

import structlog

from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.process import Process, start
from intercanal.infra.supervisor.spec import ChildSpec

FIRST_DELAY: Final = 0.05
LAST_DELAY: Final = 5.0
SETTLED_AFTER: Final = 10.0
LINE_LIMIT: Final = 64 * 1024

log = structlog.get_logger("supervisor")


class Child:
    """Keeps one process running until it is drained; everything is driven by its output and its end."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.starts = 0
        self._log = log.bind(child=spec.name)
        self._process: Process | None = None
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
        if process is not None and process.code is None:
            process.send(self.spec.drain_signal)
            try:
                async with asyncio.timeout(self.spec.drain_seconds):
                    await process.wait()
            except TimeoutError:
                self._log.error("child_killed", after_s=self.spec.drain_seconds)
                process.send(signal.SIGKILL)
        if self._keeper is not None:
            await asyncio.wait((self._keeper,))
        return None if process is None else process.code

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
            process = self._process = start(self.spec, send)
        except BaseException:
            os.close(receive)
            raise
        finally:
            os.close(send)
        self.starts += 1
        if self._stopping.is_set():
            process.send(signal.SIGKILL)
        reader = asyncio.create_task(self._read(process, receive))
        try:
            return await process.wait()
        finally:
            reader.cancel()
            await asyncio.wait((reader,))
            self._process = None

    async def _read(self, process: Process, receive: int) -> None:
        stream = asyncio.StreamReader(limit=LINE_LIMIT)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(receive, "rb", buffering=0)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                waiting = True
                async for line in _lines(stream):
                    self._note(line)
                    if waiting and self.spec.ready_text in line:
                        waiting = False
                        tasks.create_task(self._confirm(process))
        finally:
            transport.close()

    def _note(self, line: bytes) -> None:
        said = line.rstrip()
        if said == self.spec.ready_text or (self.spec.chatter is not None and self.spec.chatter in said):
            return
        if self.spec.is_quotable:
            self._log.info("child_says", line=said.decode(errors="replace"))
        else:
            self._log.info("child_says", characters=len(said))

    async def _confirm(self, process: Process) -> None:
        try:
            await self.spec.verify()
        except Exception as error:  # noqa: BLE001 - whatever the proof met, the child is started anew
            self._log.exception("child_not_verified", error=type(error).__name__)
            process.send(signal.SIGKILL)
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
