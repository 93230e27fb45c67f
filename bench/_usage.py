"""What the processes of an installation use, from /proc: processor time and memory, and what others took."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

_TICK = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True):
    """Seconds of processor by part, and by the whole machine."""

    parts: Mapping[str, float]
    machine: float

    def since(self, before: "Usage") -> "Usage":
        """Return what was used after an earlier look."""
        parts = {part: used - before.parts.get(part, 0.0) for part, used in self.parts.items()}
        return Usage(parts, self.machine - before.machine)

    @property
    def others(self) -> float:
        """Return what everybody else on this machine used."""
        return max(0.0, self.machine - sum(self.parts.values()))


def look(parts: Mapping[str, Sequence[int]]) -> Usage:
    """Read the processor time of parts, with that of their children that ended."""
    return Usage({part: sum(map(_seconds, pids)) for part, pids in parts.items()}, _machine())


def _seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / _TICK
    return 0.0


def _machine() -> float:
    user, nice, system, _idle, _wait, irq, soft = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    return (user + nice + system + irq + soft) / _TICK


def memory(pids: Iterable[int]) -> int:
    """Return the bytes that processes hold, shared pages counted once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total
