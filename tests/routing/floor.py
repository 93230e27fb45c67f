"""A routing domain in memory with its own clock: agents, queues and work by name, due times fired, rows rebuilt."""

import functools
import heapq
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from intercanal.infra.live.core import LiveCore
from intercanal.interactions import live as interactions
from intercanal.kernel.ids import TenantId, seeded_id
from intercanal.kernel.live import Command, Event, Refused, TimerDue, World
from intercanal.people import live as people
from intercanal.routing import live as routing
from intercanal.routing.live.board import Board

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CORE = LiveCore((people.component, interactions.component, routing.component))
BOUNDS = {"voice": 1, "chat": 3, "messaging": 3, "mail": 2, "task": 2}


@functools.cache
def some_id(name: str) -> str:
    return seeded_id(START, name, 0)


class Floor:
    """The composed core without its engine; fires each due time at its own instant."""

    def __init__(self, seed: str = "floor") -> None:
        self.core = CORE
        self.world: World = self.core.new_world(TenantId(some_id("tenant")))
        self.now = START
        self.log: list[tuple[Command, datetime, str, tuple[Event, ...]]] | None = []
        self.closed: dict[str, interactions.InteractionRow] = {}
        self._seed, self._count = seed, 0
        self._due: list[tuple[datetime, str, str]] = []
        self._armed: dict[tuple[str, str], datetime] = {}

    def do(self, command: Command) -> tuple[Event, ...]:
        """Decide one command and keep the books as the engine does."""
        self._count += 1
        seed = f"{self._seed}/{self._count}"
        events = self.core.decide(self.world, command, self.now, seed)
        if self.log is not None:
            self.log.append((command, self.now, seed, events))
        self.core.check(self.world)
        for name, table in self.core.tables.items():
            for row in self.world.stores[table.row].take_touched():
                self._arm(name, row.id, table.due(row) if table.is_live(row) else None)
                if isinstance(row, interactions.InteractionRow) and row.state == "closed":
                    self.closed[row.id] = row
        return events

    def may(self, command: Command) -> tuple[Event, ...] | str:
        """The same, a refusal giving its code."""
        try:
            return self.do(command)
        except Refused as refused:
            return refused.code

    def _arm(self, table: str, row_id: str, due: datetime | None) -> None:
        if due is None:
            self._armed.pop((table, row_id), None)
        elif self._armed.get((table, row_id)) != due:
            self._armed[(table, row_id)] = due
            heapq.heappush(self._due, (due, table, row_id))

    def advance(self, seconds: float) -> list[Event]:
        """Let time pass."""
        end = self.now + timedelta(seconds=seconds)
        fired: list[Event] = []
        while self._due and self._due[0][0] <= end:
            due, table, row_id = heapq.heappop(self._due)
            if self._armed.get((table, row_id)) == due:
                self.now = max(self.now, due)
                fired += self.do(TimerDue(table, row_id, due))
        self.now = end
        return fired

    def rebuild(self) -> None:
        """Write all rows down and start again from them, as a new owner does."""
        fresh = self.core.new_world(self.world.tenant_id)
        for name, table in self.core.tables.items():
            rows: Sequence[Any] = list(self.world.stores[table.row])
            kept = msgspec.json.decode(msgspec.json.encode(rows), type=list[table.row])  # type: ignore[name-defined]  # a type known at run time
            fresh.stores[table.row].load(sorted(kept, key=lambda row: row.id))
            self._armed = {key: due for key, due in self._armed.items() if key[0] != name}
            for row in kept:
                self._arm(name, row.id, table.due(row))
        self.core.rebuild(fresh)
        self.world = fresh

    def queue(self, name: str = "queue", version: int = 1, **settings: Any) -> str:
        """A queue that everybody serves, unless its circles say more."""
        settings.setdefault("circles", [routing.Circle()])
        self.do(routing.ConfigureQueue(queue_id=some_id(name), version=version, **settings))
        return some_id(name)

    def agent(self, name: str, state: people.Presence | None = "available", **settings: Any) -> str:
        """An agent, there at once unless told otherwise."""
        settings.setdefault("bounds", BOUNDS)
        settings.setdefault("version", 1)
        self.do(people.ConfigureAgent(agent_id=some_id(name), **settings))
        if state is not None:
            self.say(name, state)
        return some_id(name)

    def say(self, name: str, state: people.Presence) -> tuple[Event, ...]:
        """An agent says something about their presence."""
        return self.do(people.SetPresence(some_id(name), state))

    def work(self, queue_id: str | None = None, channel: interactions.Channel = "mail", **more: Any) -> str:
        """A piece of work arrives."""
        incoming = interactions.Incoming(channel=channel, queue_id=queue_id or some_id("queue"), **more)
        events = self.do(interactions.Open(incoming))
        return next(event.interaction_id for event in events if isinstance(event, interactions.Opened))

    def row(self, interaction_id: str) -> interactions.InteractionRow:
        """The row of an interaction, also when it is over."""
        return self.world.store(interactions.InteractionRow).get(interaction_id) or self.closed[interaction_id]

    def offer_to(self, name: str) -> routing.OfferRow | None:
        """What an agent is shown."""
        offer_id = self.world.part(Board).offer_to(some_id(name))
        return None if offer_id is None else self.world.store(routing.OfferRow)[offer_id]

    def shown(self, name: str) -> str | None:
        """Which interaction an agent is shown."""
        offer = self.offer_to(name)
        return None if offer is None else offer.interaction_id

    def accept(self, name: str) -> str:
        """An agent takes what they are shown."""
        offer = self.offer_to(name)
        assert offer is not None
        self.do(routing.AcceptOffer(offer.id, offer.agent_id))
        return offer.interaction_id

    def decline(self, name: str) -> str:
        """An agent says not now."""
        offer = self.offer_to(name)
        assert offer is not None
        self.do(routing.DeclineOffer(offer.id, offer.agent_id))
        return offer.interaction_id

    def close(self, interaction_id: str) -> None:
        """Whoever holds it has done with it."""
        self.do(interactions.Close(interaction_id, self.row(interaction_id).agent_id))
