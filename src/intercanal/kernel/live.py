"""The pure model of live work: commands are decided into events, events are applied to the world.

`decide` reads no clock, awaits nothing, draws nothing at random: `now` and ids come from the context, so that a
day re-run from its journal gives identical decisions. The engine that makes it durable is `infra.live`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from intercanal.kernel.errors import ConflictError
from intercanal.kernel.ids import TenantId, seeded_id


# Plain data cannot go in circles, so the collector need not look at it: rings and answers keep it by the ten thousand.
class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", gc=False):
    """A wish: imperative, tagged `feature.verb`; refused or turned into events."""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", gc=False):
    """A fact: past tense, tagged `feature.fact`; carries ids, never names, bodies or addresses."""


class TimerDue(Command, frozen=True, tag="live.timer_due"):
    """The due time of a row came: fired by the engine, journaled as any command."""

    table: str
    id: str
    due_at: datetime


class Refused(ConflictError):  # noqa: N818 - a decision, not a fault
    """A command that the present state does not allow; raised before anything was emitted."""


class Row(Protocol):
    """What a store keeps: a mutable msgspec struct with an id, unique in its table."""

    id: str


RowT = TypeVar("RowT", bound=Row)
PartT = TypeVar("PartT")


def never_due(_row: Any) -> datetime | None:
    """Say that rows of this kind have no timer."""
    return None


class StateTable(msgspec.Struct, Generic[RowT], frozen=True):
    """How rows of one kind are kept: the table, its columns with their PostgreSQL types, and which rows are live.

    `columns` names every field of `row`, `id` included; jsonb columns hold any msgspec value. `is_live` tells
    which rows stay in memory; `live_sql` says the same to the database for the rebuild. `due` gives the timer.
    """

    name: str
    row: type[RowT]
    columns: Mapping[str, str]
    is_live: Callable[[RowT], bool] = lambda _row: True
    live_sql: str = "true"
    due: Callable[[RowT], datetime | None] = never_due


class Store(Generic[RowT]):
    """The live rows of one table, in memory, with those touched since the last batch."""

    def __init__(self, table: StateTable[RowT]) -> None:
        self.table = table
        self._rows: dict[str, RowT] = {}
        self._touched: dict[str, RowT] = {}
        self._unsettled: list[RowT] = []

    def get(self, key: str) -> RowT | None:
        """Return the live row, or None when there is none (any more)."""
        return self._rows.get(key)

    def __getitem__(self, key: str) -> RowT:
        return self._rows[key]

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[RowT]:
        return iter(self._rows.values())

    def put(self, row: RowT) -> None:
        """Keep a row, new or changed in place; only `apply` functions call this."""
        self._rows[row.id] = row
        self._touched[row.id] = row
        self._unsettled.append(row)

    def settle(self) -> None:
        """End a decision: rows that are no longer live leave memory, the same way live and in a replay."""
        for row in self._unsettled:
            if not self.table.is_live(row):
                self._rows.pop(row.id, None)
        self._unsettled.clear()

    def load(self, rows: Iterable[RowT]) -> None:
        """Take rows as the database has them, at a rebuild."""
        for row in rows:
            self._rows[row.id] = row

    def take_touched(self) -> list[RowT]:
        """Return the rows touched since the last call, those that have just ended included."""
        touched = list(self._touched.values())
        self._touched = {}
        return touched

    def peek_touched(self) -> Iterable[RowT]:
        """Return the rows touched since the last `take_touched`."""
        return self._touched.values()


class World:
    """Everything one routing domain knows: stores of rows, and parts (indexes) derived from them."""

    def __init__(
        self, tenant_id: TenantId, tables: Iterable[StateTable[Any]], parts: Iterable[Callable[[], object]]
    ) -> None:
        self.tenant_id = tenant_id
        self.stores: dict[type, Store[Any]] = {table.row: Store(table) for table in tables}
        self._parts: dict[type, object] = {}
        for make in parts:
            part = make()
            self._parts[type(part)] = part

    def store(self, row: type[RowT]) -> Store[RowT]:
        """Return the store of a kind of row."""
        return cast("Store[RowT]", self.stores[row])

    def settle(self) -> None:
        """End a decision in every store."""
        for store in self.stores.values():
            store.settle()

    def part(self, kind: type[PartT]) -> PartT:
        """Return a feature's index, an object made by its `parts` factory."""
        return cast("PartT", self._parts[kind])


class Context:
    """What one decision may use beside the world: its instant, its ids, and the way to emit an event."""

    def __init__(self, world: World, now: datetime, seed: str, apply: Callable[[World, Event, datetime], None]) -> None:
        self.now = now
        self.seed = seed
        self.events: list[Event] = []
        self._world = world
        self._apply = apply
        self._ids = 0

    def new_id(self) -> str:
        """Return the next id of this decision; a replay draws the same ones."""
        self._ids += 1
        return seeded_id(self.now, self.seed, self._ids)

    def emit(self, event: Event) -> None:
        """Apply an event to the world at once and keep it for the journal."""
        self.events.append(event)
        self._apply(self._world, event, self.now)


Decide = Callable[[World, Any, Context], None]
Apply = Callable[[World, Any, datetime], None]
OnTimer = Callable[[World, Any, Context], None]


def _nothing(_world: World) -> None:
    return None


class Component(msgspec.Struct, frozen=True):
    """A feature's share of the live core, composed by `apps`.

    `decide` handles this feature's commands, `apply` its own events, `react` the events of lower floors (so that
    nothing calls upward), `on_timer` the due rows of its tables. `rebuild` refills parts after a load. `check`
    raises AssertionError when a touched row breaks an invariant.
    """

    name: str
    tables: tuple[StateTable[Any], ...] = ()
    parts: tuple[Callable[[], object], ...] = ()
    decide: Mapping[type[Command], Decide] = {}
    apply: Mapping[type[Event], Apply] = {}
    react: Mapping[type[Event], Decide] = {}
    on_timer: Mapping[type, OnTimer] = {}
    rebuild: Callable[[World], None] = _nothing
    check: Callable[[World], None] = _nothing


class Words(msgspec.Struct, frozen=True):
    """Erasable words (a body, a name) written with a command in the same batch, and never in the log."""

    table: str
    values: dict[str, Any]
