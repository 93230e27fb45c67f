"""The product as its users have it: `intercanal serve` as a process of its own, with a mail server to send through."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import msgspec

from intercanal.apps.bootstrap import bootstrap_tenant
from intercanal.apps.databases import Urls
from intercanal.identity.service import note_settings
from intercanal.infra.db.database import Database

HOUSE = Path(__file__).parents[2]
PASSPHRASE = "a long enough pass phrase 1"
PATIENCE_S = 90.0

Value = TypeVar("Value")


async def until(test: Callable[[], Awaitable[Value | None]], seconds: float = 20.0, what: str = "") -> Value:
    """Wait for something that the product brings about by itself; fails loudly when it does not come."""
    end = time.monotonic() + seconds
    while True:
        if found := await test():
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what or test}"
        await asyncio.sleep(0.03)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sink:
    """A mail server that keeps what it is given; it takes over once the dot has been answered."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._run()), name="mail-sink", daemon=True).start()
        assert self._ready.wait(10)

    async def _run(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", self.port, limit=2**20)
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    writer.write(b"354 go\r\n")
                    await self._keep(reader)
                writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    break
        writer.close()

    async def _keep(self, reader: asyncio.StreamReader) -> None:
        raw = bytearray()
        while (line := await reader.readline()) not in {b".\r\n", b""}:
            raw += line[1:] if line.startswith(b"..") else line
        mail = BytesParser(policy=default).parsebytes(bytes(raw))
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)

    def to(self, address: str) -> list[EmailMessage]:
        """The mails that were sent to an address."""
        return [mail for mail in self.mails if address in str(mail["To"])]


class Product:
    """One running server on a folder of its own."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port, self.smtp_port, self.sink = free_port(), free_port(), Sink()
        self.log = data.with_suffix(".log")
        self.environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        command = [sys.executable, "-m", "intercanal.apps.cli", "serve", "--data", str(self.data)]
        command += ["--port", str(self.port), "--smtp-port", str(self.smtp_port)]
        command += ["--smtp-relay", f"127.0.0.1:{self.sink.port}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=HOUSE, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.wait_ready()

    def wait_ready(self, seconds: float = PATIENCE_S) -> None:
        """Wait until `/readyz` says that everything works."""
        end = time.monotonic() + seconds
        while not self._is_ready():
            assert self._process is None or self._process.poll() is None, f"the server ended: {self.last_lines()}"
            assert time.monotonic() < end, f"not ready within {seconds} s: {self.last_lines()}"
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return all(httpx.get(f"{self.base}{path}", timeout=5).is_success for path in ("/healthz", "/readyz"))
        return False

    def last_lines(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise

    def child(self, name: str) -> int | None:
        """Return the process id of `core`, `work`, `postgres` or `nats`; None while it is away."""
        for pid, words in self._children():
            told = words[-1] if "intercanal.apps.process" in words else Path(words[0]).name
            if told == name or (name == "nats" and told == "nats-server"):
                return pid
        return None

    def _children(self) -> Iterator[tuple[int, list[str]]]:
        with contextlib.suppress(FileNotFoundError):
            for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    words = [w.decode() for w in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if w]
                    if words:
                        yield int(pid), words

    def kill(self, name: str) -> int:
        """End one of the processes as a power cut would; returns its id."""
        end = time.monotonic() + 30
        while (pid := self.child(name)) is None:
            assert time.monotonic() < end, f"{name} is not there: {self.last_lines()}"
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        return pid

    @property
    def urls(self) -> Urls:
        return msgspec.json.decode((self.data / "administration.json").read_bytes(), type=Urls)

    async def query(self, sql: str, *arguments: object) -> list[Any]:
        """Ask the database itself, as its superuser."""
        connection = await asyncpg.connect(self.urls.superuser)
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def tenant(self, name: str) -> dict[str, str]:
        """Make a tenant; `api_key` is its administrator's."""
        database = Database(self.urls.app, pool_size=1, name="bootstrap", observers=(note_settings,))
        try:
            return await bootstrap_tenant(database, name, f"admin@{name.lower()}.example", PASSPHRASE)
        finally:
            await database.close()


@contextlib.contextmanager
def running(environment: Mapping[str, str] | None = None, data: Path | None = None) -> Iterator[Product]:
    """Run a server of one's own, and let it end in order."""
    folder = Path(tempfile.mkdtemp(prefix="intercanal-whole-"))
    folder.chmod(0o755)
    product = Product(data or folder / "data", environment)
    try:
        product.start()
        yield product
        assert product.stop() == 0, product.last_lines()
    finally:
        if product._process is not None and product._process.poll() is None:
            os.killpg(product.pid, signal.SIGKILL)
            product._process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)
