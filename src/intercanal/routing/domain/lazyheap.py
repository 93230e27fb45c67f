"""A heap whose entries are left behind when their item moves on, and swept when they outnumber the living."""

from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

SLACK = 32


class Versioned(Protocol):
    """An item whose entry is alive only while it carries its present version; no two entries ever share one."""

    version: int


ItemT = TypeVar("ItemT", bound=Versioned)
Entry = tuple[int, str, int, ItemT]


class LazyHeap(Generic[ItemT]):
    """Entries `(key, id, version, item)`, least first; `live` counts those that still stand.

    Whoever changes an item's version calls `dropped` on each heap that holds it.
    """

    __slots__ = ("entries", "live")

    def __init__(self) -> None:
        self.entries: list[Entry[ItemT]] = []
        self.live = 0

    def push(self, entry: Entry[ItemT]) -> None:
        """Add a living entry."""
        heappush(self.entries, entry)
        self.live += 1

    def dropped(self) -> None:
        """Count one entry as left behind, and sweep when more are dead than alive."""
        self.live -= 1
        if len(self.entries) > 2 * self.live + SLACK:
            self.sweep()

    def sweep(self) -> None:
        """Keep the living entries only."""
        self.entries = [entry for entry in self.entries if entry[3].version == entry[2]]
        heapify(self.entries)

    def head(self) -> Entry[ItemT] | None:
        """Return the least living entry, letting dead ones above it go."""
        entries = self.entries
        while entries:
            entry = entries[0]
            if entry[3].version == entry[2]:
                return entry
            heappop(entries)
        return None
