"""`intercanal serve` as it is run: one process that brings up everything, holds it up, and takes it down in order."""

import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.apps.conftest import HOUSE, Commands

SERVE = ("intercanal.apps.cli", "serve")
DEMO = ("intercanal.apps.demo",)

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float = 90.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := holds():
                return found
        except (OSError, httpx.TransportError):
            pass
        time.sleep(0.05)
    raise AssertionError("it did not come about")


def children(pid: int) -> dict[int, list[str]]:
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = [word for word in (folder / "cmdline").read_text().split("\0") if word]
        except (OSError, IndexError, ValueError):
            continue
        if parent == pid and words:
            found[int(folder.name)] = words
    return found


class Server:
    """`intercanal serve` in a process of its own."""

    def __init__(self, data: Path, *arguments: str, program: Sequence[str] = SERVE) -> None:
        self.commands = Commands(data)
        self.port, self.smtp = free_port(), free_port()
        self.is_tls = "--trial-certificate" in arguments
        self.log = data.with_suffix(".log")
        ports = ("--port", str(self.port), "--smtp-port", str(self.smtp))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *program, "--data", str(data), *ports, *arguments],
                cwd=HOUSE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def get(self, path: str, timeout: float = 30.0, key: str = "") -> httpx.Response:
        authority = str(self.commands.data / "tls" / "authority.pem") if self.is_tls else None
        trust = ssl.create_default_context(cafile=authority)
        url = f"{'https' if self.is_tls else 'http'}://127.0.0.1:{self.port}{path}"
        return httpx.get(url, timeout=timeout, verify=trust, headers={"Authorization": f"Bearer {key}"} if key else {})

    def is_ready(self) -> bool:
        return self.get("/readyz", timeout=60).status_code == 200

    def wait_ready(self) -> "Server":
        until(lambda: self.process.poll() is not None or self.is_ready())
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        until(lambda: b'"serve.ready"' in self.log.read_bytes())
        return self

    def find(self, name: str) -> int | None:
        """Return the child whose program, or whose last word, is the one asked for."""
        for pid, words in children(self.process.pid).items():
            if words[0].endswith(name) or words[-1] == name:
                return pid
        return None

    def child(self, name: str) -> int:
        found = self.find(name)
        assert found is not None
        return found

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="intercanal-test-"))
    folder.chmod(0o755)
    found = Server(folder / "data", "--trial-certificate").wait_ready()
    yield found
    found.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Starts servers that this test alone needs, and ends those it leaves running."""
    started: list[Server] = []

    def begin(data: Path, *arguments: str, program: Sequence[str] = SERVE) -> Server:
        started.append(Server(data, *arguments, program=program))
        return started[-1]

    yield begin
    for found in started:
        found.close()


def _uid(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def test_given_an_empty_folder_when_it_is_served_then_it_is_ready_behind_its_trial_certificate(server: Server) -> None:
    assert "database" in server.get("/readyz").json()["parts"]
    with smtplib.SMTP("127.0.0.1", server.smtp, timeout=30) as mail:
        assert mail.noop()[0] == 250


def test_given_a_server_of_roots_when_it_runs_then_its_servers_are_not_roots(server: Server) -> None:
    assert _uid(server.child("bin/postgres")) != 0
    assert _uid(server.child("nats-server")) != 0


def test_given_a_running_server_when_the_doctor_looks_then_nothing_is_at_fault(server: Server) -> None:
    findings = server.commands.json("doctor")
    assert not [finding for finding in findings if finding["verdict"] in {"fault", "absent"}]


def test_given_a_running_server_when_its_figures_are_asked_for_then_both_processes_have_counted(server: Server) -> None:
    def both() -> bool:
        text = server.get("/metrics").text
        return all(f'intercanal_loop_lag_seconds_count{{process="{name}"}}' in text for name in ("core", "work"))

    assert until(both)


def test_given_a_folder_in_use_when_another_server_wants_it_then_it_is_refused_in_one_sentence(
    server: Server, start: Callable[..., Server]
) -> None:
    other = start(server.commands.data)
    assert other.process.wait(60) == 1
    said = other.log.read_text()
    assert f"in use by serve (process {server.process.pid})" in said
    assert "Traceback" not in said


def test_given_a_taken_port_when_another_server_wants_it_then_it_is_refused_before_anything_is_made(
    server: Server, open_folder: Path
) -> None:
    said = Commands(open_folder / "d").run("serve", "--port", str(server.port))
    assert said.returncode == 1
    assert f"127.0.0.1:{server.port} cannot be listened on" in said.stderr
    assert not (open_folder / "d").exists()


@pytest.mark.parametrize("part", ["nats-server", "bin/postgres", "core", "work"])
def test_given_any_part_when_it_is_killed_then_it_is_back_and_the_server_ready(server: Server, part: str) -> None:
    pid = server.child(part)
    os.kill(pid, signal.SIGKILL)
    until(lambda: server.find(part) not in {None, pid})
    assert until(server.is_ready)
    with smtplib.SMTP("127.0.0.1", server.smtp, timeout=60) as mail:
        assert mail.noop()[0] == 250


def test_given_core_that_was_killed_when_somebody_calls_meanwhile_then_they_wait_and_are_answered(
    server: Server,
) -> None:
    os.kill(server.child("core"), signal.SIGKILL)
    # Not until(): a refused connection is the very thing that must not be.
    assert server.get("/healthz", timeout=60).status_code in {200, 503}


def test_given_a_running_server_when_a_tenant_is_made_then_its_key_opens_the_api(server: Server) -> None:
    until(server.is_ready)
    key = server.commands.bootstrap("One")["api_key"]
    assert server.get("/api/routing/queues", key=key).json()["items"] == []
    assert server.get("/api/routing/queues").status_code == 401


def test_given_sigterm_when_everything_runs_then_all_of_it_ends_with_0_and_nothing_is_left(server: Server) -> None:
    until(server.is_ready)
    pids = children(server.process.pid)
    assert len(pids) == 4
    sockets = next(word for words in pids.values() for word in words if word.startswith("unix_socket_directories="))
    assert server.stop() == 0
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not Path(sockets.partition("=")[2]).exists()
    assert not (server.commands.data / "administration.json").exists()
    log = server.log.read_text()
    assert "child_killed" not in log
    assert "database system is shut down" in log


def test_given_a_server_that_was_killed_when_it_is_served_again_then_it_starts_on_the_same_folder(
    open_folder: Path, start: Callable[..., Server]
) -> None:
    first = start(open_folder / "data").wait_ready()
    tenant_id = first.commands.bootstrap("Kept")["tenant_id"]
    pids = children(first.process.pid)
    sockets = Path((open_folder / "data" / "socket-folder").read_text())
    first.close()
    second = start(open_folder / "data").wait_ready()
    until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()])
    assert not sockets.exists()
    reports = second.commands.json("audit verify")
    assert [report["tenant_id"] for report in reports] == [tenant_id]
    assert second.stop() == 0


def test_given_the_demonstration_when_it_is_started_twice_then_there_is_one_organisation_with_mail(
    open_folder: Path, start: Callable[..., Server]
) -> None:
    facts = open_folder / "data" / "demonstration.json"
    known = _visit(start(open_folder / "data", program=DEMO), facts)
    assert _visit(start(open_folder / "data", program=DEMO), facts) == known
    assert facts.stat().st_mode & 0o777 == 0o600


def _visit(demo: Server, facts: Path) -> dict[str, Any]:
    demo.wait_ready()
    until(lambda: f"127.0.0.1:{demo.port}" in demo.log.read_text())
    known: dict[str, Any] = json.loads(facts.read_text())

    def count(path: str) -> int:
        return len(demo.get(path, key=known["api_key"]).json()["items"])

    assert count("/api/routing/queues") == 2
    assert count("/api/people/agents") == len(known["agents"]) == 4
    until(lambda: count("/api/interactions?channel=mail") == 3)
    assert demo.stop() == 0
    return known
