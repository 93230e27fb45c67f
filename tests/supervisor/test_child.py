"""One child process: ready, restarted, drained, and never left behind."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from intercanal.infra.supervisor.child import Child
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.spec import ChildSpec
from intercanal.infra.supervisor.supervisor import Supervisor

OBEDIENT = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + " ended\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True:
    signal.pause()
"""
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True:
    signal.pause()
"""


async def nothing() -> None:
    return None


def spec(
    code: str,
    *arguments: str,
    verify: Callable[[], Awaitable[None]] = nothing,
    drain_seconds: float = 20.0,
    patience: float = 20.0,
) -> ChildSpec:
    return ChildSpec(
        name="child",
        command=(sys.executable, "-c", code, *arguments),
        ready_text=b"up",
        verify=verify,
        drain_seconds=drain_seconds,
        patience=patience,
    )


@contextlib.asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    await child.start()
    try:
        yield child
    finally:
        await child.drain()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Proof:
    """A verification that counts, and fires an event at each success."""

    def __init__(self, failures: int = 0) -> None:
        self.calls = 0
        self.failures = failures
        self.again = asyncio.Event()

    async def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionRefusedError
        self.again.set()


async def test_given_a_killed_child_when_it_is_gone_then_another_takes_its_place(tmp_path: Path) -> None:
    proof = Proof()
    async with running(Child(spec(OBEDIENT, str(tmp_path / "log"), "one", verify=proof))) as child:
        first = child.pid
        assert first is not None
        proof.again.clear()
        os.kill(first, signal.SIGKILL)
        await asyncio.wait_for(proof.again.wait(), 20)
        assert child.pid not in {None, first}
        assert child.starts == 2
        assert not alive(first)


async def test_given_a_child_that_answers_wrongly_when_it_is_checked_then_it_is_started_anew(tmp_path: Path) -> None:
    proof = Proof(failures=2)
    async with running(Child(spec(OBEDIENT, str(tmp_path / "log"), "one", verify=proof))) as child:
        assert proof.calls == 3
        assert child.starts == 3


async def test_given_a_child_that_ends_at_once_when_it_is_started_then_the_start_fails_with_its_code() -> None:
    child = Child(spec("raise SystemExit(7)", patience=0.2))
    with pytest.raises(StartError, match="exit code 7"):
        await child.start()
    assert child.starts > 1


async def test_given_children_when_they_are_drained_then_the_last_started_ends_first(tmp_path: Path) -> None:
    log = tmp_path / "log"
    supervisor = Supervisor()
    for name in ("one", "two", "three"):
        await supervisor.start(spec(OBEDIENT, str(log), name))
    await supervisor.drain()
    assert log.read_text().splitlines() == ["three ended", "two ended", "one ended"]


async def test_given_a_child_that_will_not_end_when_it_is_drained_then_it_is_killed() -> None:
    child = Child(spec(STUBBORN, drain_seconds=0.2))
    async with running(child):
        pid = child.pid
    assert pid is not None
    assert not alive(pid)


async def test_given_a_child_with_a_lingering_descendant_when_it_is_killed_then_its_place_is_taken_all_the_same(
    tmp_path: Path,
) -> None:
    note = tmp_path / "descendant"
    code = (
        "import subprocess, sys, signal\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "open(sys.argv[1], 'a').write(f'{p.pid}\\n')\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    proof = Proof()
    async with running(Child(spec(code, str(note), verify=proof))) as child:
        proof.again.clear()
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        # The descendant still holds the pipe that the dead child wrote to.
        await asyncio.wait_for(proof.again.wait(), 20)
    for line in note.read_text().splitlines():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line), signal.SIGKILL)


async def test_given_very_long_lines_when_a_child_writes_them_then_it_neither_blocks_nor_ends() -> None:
    code = "import sys, signal\nsys.stdout.write('x' * 3_000_000 + '\\nup\\n')\nsys.stdout.flush()\nsignal.pause()\n"
    async with running(Child(spec(code))) as child:
        assert child.starts == 1


def test_given_a_parent_that_is_killed_when_it_is_gone_then_its_children_end_with_it(tmp_path: Path) -> None:
    note = tmp_path / "ended"
    parent = (
        "import asyncio, sys\n"
        "from intercanal.infra.supervisor.child import Child\n"
        "from intercanal.infra.supervisor.spec import ChildSpec\n"
        "async def main():\n"
        "    child = Child(ChildSpec(name='c', command=(sys.executable, '-c', sys.argv[1], sys.argv[2], 'c'),"
        " ready_text=b'up'))\n"
        "    await child.start()\n"
        "    print(child.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent, OBEDIENT, str(note)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = next(int(line) for line in process.stdout if line.strip().isdigit())
        descriptor = os.pidfd_open(pid)
        process.kill()
    with contextlib.closing(os.fdopen(descriptor, "rb", closefd=True)) as ended:
        assert is_over(ended.fileno(), 20)
    assert note.read_text() == "c ended\n"


def is_over(descriptor: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


async def test_given_passwords_that_pass_by_row_security_when_a_child_is_started_then_it_is_not_given_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INTERCANAL_DATABASE_URL", "postgresql://admin:secret@db/x")
    monkeypatch.setenv("INTERCANAL_OWNER_URL", "postgresql://owner:secret@db/x")
    monkeypatch.setenv("INTERCANAL_RUN_AS", "kept")
    code = (
        "import os, sys, signal\n"
        "open(sys.argv[1], 'w').write(repr(dict(os.environ)))\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    async with running(Child(spec(code, str(tmp_path / "environment")))):
        given = (tmp_path / "environment").read_text()
    assert "kept" in given
    assert "secret" not in given
