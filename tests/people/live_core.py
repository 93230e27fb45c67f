"""A live core in memory under the test's own clock: commands go in, due times fire, invariants are checked."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from intercanal.infra.live.core import LiveCore
from intercanal.kernel.ids import TenantId, seeded_id
from intercanal.kernel.live import Command, Component, Event, Refused, TimerDue, World

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def some_id(name: str) -> str:
    """An id that tests can name."""
    return seeded_id(START, name, 0)


@contextlib.contextmanager
def refused(code: str, **facts: object) -> Iterator[None]:
    """Expect a refusal with this very code."""
    with pytest.raises(Refused, match=f"^{re.escape(code)}$") as caught:
        yield
    assert facts.items() <= caught.value.facts.items()


class MemoryCore:
    """The composed live core without its engine."""

    def __init__(self, components: Sequence[Component], seed: str = "test") -> None:
        self.core = LiveCore(components)
        self.world: World = self.core.new_world(TenantId(some_id("tenant")))
        self.now = START
        self.log: list[tuple[Command, datetime, str, tuple[Event, ...]]] = []
        self._seed = seed

    def do(self, command: Command) -> tuple[Event, ...]:
        """Decide one command and keep the books as the engine does."""
        seed = f"{self._seed}/{len(self.log)}"
        events = self.core.decide(self.world, command, self.now, seed)
        self.log.append((command, self.now, seed, events))
        self.core.check(self.world)
        for store in self.world.stores.values():
            store.take_touched()
        return events

    def advance(self, seconds: float) -> list[Event]:
        """Let time pass, firing each due time at its own instant."""
        end = self.now + timedelta(seconds=seconds)
        fired: list[Event] = []
        while (timer := self._next()) is not None and timer.due_at <= end:
            self.now = max(self.now, timer.due_at)
            fired.extend(self.do(timer))
        self.now = end
        return fired

    def _next(self) -> TimerDue | None:
        due = [
            TimerDue(name, row.id, at)
            for name, table in self.core.tables.items()
            for row in self.world.stores[table.row]
            if (at := table.due(row)) is not None
        ]
        return min(due, key=lambda timer: (timer.due_at, timer.table, timer.id), default=None)

    def replayed(self) -> World:
        """Re-run the whole log on an empty world, and insist on identical events."""
        world = self.core.new_world(self.world.tenant_id)
        for command, now, seed, events in self.log:
            assert self.core.decide(world, command, now, seed) == events
            for store in world.stores.values():
                store.take_touched()
        return world

    def rows(self, kind: type[Any], world: World | None = None) -> list[Any]:
        """The live rows of a kind, in the order of their ids."""
        return sorted((world or self.world).store(kind), key=lambda row: row.id)
