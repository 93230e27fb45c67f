"""The product as a whole, as a robot's owner starts it: `intercanal serve` on a folder, a tenant, its processes."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from bench.robots.http import Http, LostError
from intercanal.apps.databases import Urls
from intercanal.infra.supervisor.state import StateFolder

PROGRAM: Final = str(Path(sys.executable).with_name("intercanal"))
READY_WITHIN_S: Final = 90.0
ENDS_WITHIN_S: Final = 40.0


class Tenant(msgspec.Struct):
    """A tenant with its first administrator's key."""

    tenant_id: str
    admin_id: str
    api_key: str


def free_port() -> int:
    """Find a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def open_folder() -> Path:
    """Make a folder that the unprivileged account of the servers can reach."""
    folder = Path(tempfile.mkdtemp(prefix="intercanal-robots-"))
    folder.chmod(0o755)
    return folder


class Product:
    """One installation; may be stopped, killed and started again on the same folder and ports."""

    def __init__(self, folder: Path, *serve: str) -> None:
        self.data = folder / "data"
        self.log = folder / "serve.log"
        self.port = free_port()
        self.smtp_port = free_port()
        self._arguments = serve
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Return the supervisor's process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start, and wait until the door answers."""
        ports = ("--port", str(self.port), "--smtp-port", str(self.smtp_port))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                PROGRAM, "serve", "--data", str(self.data), *ports, *self._arguments, stdout=log, stderr=log
            )
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self.is_ready():
                if self._process.returncode is not None:
                    raise RuntimeError(self.log.read_text()[-2000:])
                await _moment()

    async def is_ready(self) -> bool:
        """Ask `/healthz`."""
        http = Http("127.0.0.1", self.port)
        try:
            return (await http.call("GET", "/healthz")).is_good
        except LostError:
            return False
        finally:
            http.close()

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(ENDS_WITHIN_S):
            return await self._process.wait()

    async def bootstrap(self, name: str) -> Tenant:
        """Make a tenant."""
        words = ("bootstrap", "--data", str(self.data), "--tenant", name, "--email", f"{name.lower()}@example.org")
        made = await asyncio.create_subprocess_exec(
            PROGRAM, *words, "--password-stdin", "--json", stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        said, _ = await made.communicate(b"a long enough pass phrase 1\n")
        return msgspec.json.decode(said[said.index(b"{") :], type=Tenant)

    def urls(self) -> Urls:
        """Return how the running installation's database is reached."""
        return msgspec.json.decode(StateFolder(self.data).administration.read_bytes(), type=Urls)

    def http(self) -> Http:
        """Return a client of its door."""
        return Http("127.0.0.1", self.port)

    def processes(self) -> dict[str, list[int]]:
        """Return the processes by part: supervisor, core, work, postgres, nats."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        parts: dict[str, list[int]] = {"supervisor": [self.pid]}
        for pid in _below(self.pid, children):
            parts.setdefault(_part(pid), []).append(pid)
        return parts

    async def remove(self) -> None:
        """End and delete everything."""
        if self._process is not None and self._process.returncode is None:
            await self.stop()
        shutil.rmtree(self.data.parent, ignore_errors=True)


async def _moment() -> None:
    await asyncio.sleep(0.2)


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = list(children.get(pid, ()))
    for child in found:
        found.extend(children.get(child, ()))
    return found


def _part(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "gone"
    if b"intercanal.apps.process" in words:
        return os.fsdecode(words[words.index(b"intercanal.apps.process") + 1])
    name = os.fsdecode(words[0])
    if "nats-server" in name:
        return "nats"
    return "postgres" if name.startswith("postgres") or name.endswith("/postgres") else "other"
