"""How a child is run, said before it is."""

import signal
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from intercanal.infra.supervisor.account import Account


async def _nothing() -> None:
    return None


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a child: it is ready once it has printed `ready_text` and `verify` has returned.

    `patience` is how long a first start may be retried when the process ends at once (a dead server's pid can
    linger for a while); a process that stays alive may take all the time it needs, as in a crash recovery.
    Lines with `chatter` are not logged; of a child whose output is not quotable only the length of a line is.
    """

    name: str
    command: tuple[str, ...]
    ready_text: bytes
    verify: Callable[[], Awaitable[None]] = _nothing
    environment: Mapping[str, str] = {}
    account: Account | None = None
    pass_fds: tuple[int, ...] = ()
    reads_errors: bool = True
    chatter: bytes | None = None
    is_quotable: bool = True
    drain_signal: signal.Signals = signal.SIGTERM
    drain_seconds: float = 30.0
    patience: float = 30.0
