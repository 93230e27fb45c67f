"""A small component to try the engine with: accounts that count, refuse, break, and wake by timer."""

from datetime import datetime, timedelta

import msgspec

from intercanal.kernel.live import Command, Component, Context, Event, Refused, StateTable, World


class Account(msgspec.Struct):
    id: str
    total: int = 0
    closed: bool = False
    wakes_at: datetime | None = None
    notes: list[str] = []


ACCOUNTS = StateTable(
    "toy_accounts",
    Account,
    {"id": "uuid", "total": "bigint", "closed": "boolean", "wakes_at": "timestamptz", "notes": "jsonb"},
    is_live=lambda row: not row.closed,
    live_sql="NOT closed",
    due=lambda row: row.wakes_at,
)


class Add(Command, frozen=True, tag="toy.add"):
    account_id: str
    amount: int
    note: str = ""


class Open(Command, frozen=True, tag="toy.open"):
    wake_after_s: float = 0
    wakes_at: datetime | None = None


class Close(Command, frozen=True, tag="toy.close"):
    account_id: str
    note: str = ""


class Break(Command, frozen=True, tag="toy.break"):
    account_id: str
    half_way: bool = True


class Opened(Event, frozen=True, tag="toy.opened"):
    account_id: str
    wakes_at: datetime | None


class Added(Event, frozen=True, tag="toy.added"):
    account_id: str
    amount: int
    note: str


class Closed(Event, frozen=True, tag="toy.closed"):
    account_id: str
    note: str = ""


class Woken(Event, frozen=True, tag="toy.woken"):
    account_id: str


class Reacted(Event, frozen=True, tag="toy.reacted"):
    account_id: str


def _open(_world: World, command: Open, ctx: Context) -> None:
    wakes_at = ctx.now + timedelta(seconds=command.wake_after_s) if command.wake_after_s else None
    ctx.emit(Opened(ctx.new_id(), command.wakes_at or wakes_at))


def _add(world: World, command: Add, ctx: Context) -> None:
    if command.account_id not in world.store(Account):
        raise Refused("toy.no_account")
    ctx.emit(Added(command.account_id, command.amount, command.note))


def _close(_world: World, command: Close, ctx: Context) -> None:
    ctx.emit(Closed(command.account_id, command.note))


def _break(_world: World, command: Break, ctx: Context) -> None:
    if command.half_way:
        ctx.emit(Added(command.account_id, 1_000_000, ""))
    raise ZeroDivisionError


def _opened(world: World, event: Opened, _at: datetime) -> None:
    world.store(Account).put(Account(event.account_id, wakes_at=event.wakes_at))


def _added(world: World, event: Added, _at: datetime) -> None:
    row = world.store(Account)[event.account_id]
    row.total += event.amount
    if event.note:
        row.notes.append(event.note)
    world.store(Account).put(row)


def _closed(world: World, event: Closed, _at: datetime) -> None:
    row = world.store(Account)[event.account_id]
    row.closed = True
    row.notes.append(event.note)
    world.store(Account).put(row)


def _woken(world: World, event: Woken, _at: datetime) -> None:
    row = world.store(Account)[event.account_id]
    row.wakes_at = None
    world.store(Account).put(row)


def _nothing(_world: World, _event: Reacted, _at: datetime) -> None:
    return


def _react(_world: World, event: Added, ctx: Context) -> None:
    if event.amount == 7:
        ctx.emit(Reacted(event.account_id))


def _wake(_world: World, row: Account, ctx: Context) -> None:
    if "breaks when woken" in row.notes:
        raise ZeroDivisionError
    ctx.emit(Woken(row.id))


def _check(world: World) -> None:
    for row in world.store(Account).peek_touched():
        assert row.total >= 0, row.id


component = Component(
    "toy",
    tables=(ACCOUNTS,),
    decide={Open: _open, Add: _add, Close: _close, Break: _break},
    apply={Opened: _opened, Added: _added, Closed: _closed, Woken: _woken, Reacted: _nothing},
    react={Added: _react},
    on_timer={Account: _wake},
    check=_check,
)
