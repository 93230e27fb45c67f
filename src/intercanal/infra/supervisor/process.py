"""A started process whose end the kernel tells us: no polling, no global watcher, no thread where there are pidfds."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from intercanal.infra.supervisor.spec import ChildSpec

PR_SET_PDEATHSIG: Final = 1
SUPERVISORS_OWN: Final = frozenset({"INTERCANAL_DATABASE_URL", "INTERCANAL_OWNER_URL", "PGPASSWORD"})
"""Variables with passwords that could pass by row security; no child is given them."""


class Process:
    """A child process; made on a running event loop, which hears of its end."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self._popen = popen
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self.pid = popen.pid
        self._thread: asyncio.Task[None] | None = None
        descriptor = _open_pidfd(popen.pid)
        if descriptor is not None:
            self._loop.add_reader(descriptor, self._reap, descriptor)
        else:
            self._thread = asyncio.create_task(self._wait_in_thread())

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        """Return the exit code once the process is over, whoever else still holds its output."""
        return await asyncio.shield(self._ended)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to a process that is over, nothing."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(number)

    def _reap(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        os.close(descriptor)
        self._ended.set_result(self._popen.wait())

    async def _wait_in_thread(self) -> None:
        self._ended.set_result(await asyncio.to_thread(self._popen.wait))


def _open_pidfd(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # a kernel before 5.3
        return None


def start(spec: ChildSpec, output: int) -> Process:
    """Start a process in a session of its own, unprivileged when told so, and to end should we end without a word."""
    account = spec.account
    popen = subprocess.Popen(  # noqa: S603 - programs of the installation, chosen by its administrator
        spec.command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if spec.reads_errors else None,
        env={**_ours(), **spec.environment},
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        start_new_session=True,
        pass_fds=spec.pass_fds,
        cwd="/",
        preexec_fn=_dies_with_parent(spec.drain_signal),  # noqa: PLW1509 - two system calls, neither takes a lock
    )
    return Process(popen)


def _ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in SUPERVISORS_OWN}


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
