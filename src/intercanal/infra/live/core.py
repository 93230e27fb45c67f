"""The composed live core: pure, it turns a command into events over a world, and re-runs a day identically."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from intercanal.kernel.errors import IntercanalError
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import (
    Apply,
    Command,
    Component,
    Context,
    Decide,
    Event,
    OnTimer,
    StateTable,
    TimerDue,
    World,
)


class BrokenDecisionError(Exception):
    """A decision failed half-way: the world may have changed without a journal, so it must be loaded again."""


Addressees = Callable[[World, Event], tuple[str, ...]]
Audience = tuple[tuple[str, ...], ...]


def _nobody(_world: World, _event: Event) -> tuple[str, ...]:
    return ()


class LiveCore:
    """All components together; the only thing that knows which feature handles what.

    `addressees` tells whose screens an event concerns; asked before and after the event is applied, so that both
    the one who loses a piece of work and the one who gets it are told.
    """

    def __init__(self, components: Sequence[Component], addressees: Addressees = _nobody) -> None:
        self.components = tuple(components)
        self._addressees = addressees
        self.tables: dict[str, StateTable[Any]] = {t.name: t for c in components for t in c.tables}
        self._decide: dict[type[Command], list[Decide]] = {}
        self._apply: dict[type[Event], Apply] = {}
        self._react: dict[type[Event], list[Decide]] = {}
        self._on_timer: dict[type, OnTimer] = {}
        for component in components:
            self._take(component)
        self._commands = msgspec.json.Decoder(_union([TimerDue, *self._decide]))
        self._events = msgspec.json.Decoder(_union(list(self._apply)))
        self._event_lists = msgspec.json.Decoder(tuple[_union(list(self._apply)), ...])  # type: ignore[misc]  # a union made at run time

    def _take(self, component: Component) -> None:
        for command, decide in component.decide.items():
            self._decide.setdefault(command, []).append(decide)
        for event, apply in component.apply.items():
            if event in self._apply:
                raise ValueError(event.__name__)
            self._apply[event] = apply
        for event, react in component.react.items():
            self._react.setdefault(event, []).append(react)
        self._on_timer.update(component.on_timer)

    def new_world(self, tenant_id: TenantId) -> World:
        """Make an empty world of one domain."""
        return World(tenant_id, self.tables.values(), [part for c in self.components for part in c.parts])

    def rebuild(self, world: World) -> None:
        """Refill every component's indexes after rows were loaded."""
        for component in self.components:
            component.rebuild(world)

    def decide(self, world: World, command: Command, now: datetime, seed: str) -> tuple[Event, ...]:
        """Decide a command; see `decide_addressed`."""
        return self.decide_addressed(world, command, now, seed)[0]

    def decide_addressed(
        self, world: World, command: Command, now: datetime, seed: str
    ) -> tuple[tuple[Event, ...], Audience]:
        """Decide a command and every reaction to its events, in order, applying each event as it is emitted.

        Returns the events and, beside each, whose screens it concerns.

        Raises `kernel.live.Refused` (or another typed error) with the world untouched, or `BrokenDecisionError` with
        the world possibly changed: the engine then loads it again.
        """
        audience: list[tuple[str, ...]] = []

        def apply(world: World, event: Event, at: datetime) -> None:
            before = self._addressees(world, event)
            self.apply(world, event, at)
            after = self._addressees(world, event)
            audience.append(before if before == after else tuple(dict.fromkeys(before + after)))

        context = Context(world, now, seed, apply)
        try:
            self._run(world, command, context)
        except IntercanalError as error:
            if context.events:
                raise BrokenDecisionError(error.code) from error
            raise
        except Exception as error:
            raise BrokenDecisionError(type(error).__name__) from error
        world.settle()
        return tuple(context.events), tuple(audience)

    def _run(self, world: World, command: Command, context: Context) -> None:
        if isinstance(command, TimerDue):
            self._fire(world, command, context)
        else:
            for handler in self._decide.get(type(command), ()):
                handler(world, command, context)
        seen = 0
        while seen < len(context.events):
            event = context.events[seen]
            seen += 1
            for react in self._react.get(type(event), ()):
                react(world, event, context)

    def _fire(self, world: World, timer: TimerDue, context: Context) -> None:
        table = self.tables[timer.table]
        row = world.stores[table.row].get(timer.id)
        if row is not None and table.due(row) == timer.due_at:
            self._on_timer[table.row](world, row, context)

    def apply(self, world: World, event: Event, at: datetime) -> None:
        """Apply one event to the world."""
        self._apply[type(event)](world, event, at)

    def check(self, world: World) -> None:
        """Check the invariants of touched rows; raises AssertionError."""
        for component in self.components:
            component.check(world)

    def decode_command(self, body: bytes | str) -> Command:
        """Read a journaled or remote command."""
        command: Command = self._commands.decode(body)
        return command

    def decode_events(self, body: bytes | str) -> tuple[Event, ...]:
        """Read the events of one journaled decision."""
        events: tuple[Event, ...] = self._event_lists.decode(body)
        return events

    @property
    def event_types(self) -> Iterable[type[Event]]:
        """Every kind of event, for the API's schema."""
        return self._apply.keys()


def _union(kinds: list[Any]) -> Any:
    if not kinds:
        return msgspec.Raw
    union = kinds[0]
    for kind in kinds[1:]:
        union = union | kind
    return union
