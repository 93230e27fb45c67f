"""The robots' diary against the database: what was acknowledged and is lost, what is doubled, what belongs nowhere."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from bench.robots import diary
from bench.robots.diary import Line

STATES: Final = frozenset({"in_flow", "queued", "offered", "held", "scheduled", "closed"})

_INTERACTIONS: Final = """
SELECT i.id::text, i.state, i.agent_id::text, i.offered_to::text, a.presence,
  (SELECT array_agg(o.agent_id::text) FROM routing_offers o
    WHERE o.tenant_id = i.tenant_id AND o.interaction_id = i.id AND o.state = 'open') AS shown_to
FROM interactions_interactions i
LEFT JOIN people_agents a ON a.tenant_id = i.tenant_id AND a.id = i.agent_id
WHERE i.tenant_id = $1
"""
_MESSAGES: Final = """
SELECT m.id::text, m.interaction_id::text, m.direction, w.external_id, w.message_id IS NOT NULL AS has_words
FROM interactions_messages m
LEFT JOIN interactions_words w ON w.tenant_id = m.tenant_id AND w.message_id = m.id
WHERE m.tenant_id = $1
"""
_LOG: Final = "SELECT sequence, count, events::text FROM live_log WHERE tenant_id = $1 ORDER BY sequence"
_HEAD: Final = "SELECT coalesce(max(last_sequence), 0) FROM live_domains WHERE tenant_id = $1"

# What an event of the log makes of an interaction, and from which states it may come.
_STEPS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "interactions.queued": ("queued", frozenset({"in_flow", "queued", "offered", "held", "scheduled"})),
    "interactions.offered": ("offered", frozenset({"queued"})),
    "interactions.held": ("held", frozenset({"in_flow", "queued", "offered"})),
    "interactions.scheduled": ("scheduled", frozenset({"held"})),
    "interactions.closed": ("closed", frozenset({"in_flow", "queued", "offered", "held", "scheduled"})),
}


class Event(msgspec.Struct):
    """What is read of a logged event."""

    type: str
    interaction_id: str | None = None
    offer_id: str | None = None
    state: str | None = None


class Comparison(msgspec.Struct):
    """What is wrong, one line each; `acknowledged` says how much was compared."""

    acknowledged: int = 0
    interactions: int = 0
    events: int = 0
    lost: list[str] = msgspec.field(default_factory=list)
    doubled: list[str] = msgspec.field(default_factory=list)
    orphans: list[str] = msgspec.field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Say whether nothing is wrong."""
        return not (self.lost or self.doubled or self.orphans)


class Kept(msgspec.Struct):
    """What the database holds of a tenant's work."""

    states: dict[str, str]
    logged: dict[str, str] = msgspec.field(default_factory=dict)
    messages: dict[str, str] = msgspec.field(default_factory=dict)
    answers: Counter[str] = msgspec.field(default_factory=Counter)
    by_external: dict[str, list[str]] = msgspec.field(default_factory=lambda: defaultdict(list))
    happened: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)


async def compare(path: Path, url: str, tenant_id: str) -> Comparison:
    """Compare a diary with a tenant's rows and log; `url` is that of a role which row security lets see them."""
    found = Comparison()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            kept = Kept({})
            for row in await connection.fetch(_INTERACTIONS, tenant_id):
                kept.states[row["id"]] = row["state"]
                found.orphans.extend(_misplaced(row))
            for row in await connection.fetch(_MESSAGES, tenant_id):
                _take_message(kept, found, row)
            await _walk_log(connection, tenant_id, kept, found)
    finally:
        await connection.close()
    found.interactions = len(kept.states)
    for interaction_id in kept.states.keys() | kept.logged.keys():
        row_says, log_says = kept.states.get(interaction_id), kept.logged.get(interaction_id)
        if row_says != log_says:
            found.orphans.append(f"interaction {interaction_id}: its row says {row_says}, the log says {log_says}")
    _check(list(diary.read(path)), kept, found)
    return found


def _misplaced(row: "asyncpg.Record") -> Iterator[str]:
    state, shown_to = row["state"], row["shown_to"] or []
    name = f"interaction {row['id']} {state}"
    if state not in STATES:
        yield f"{name}: no state"
    if (state == "held") != (row["agent_id"] is not None):
        yield f"{name}: agent {row['agent_id']}"
    if state == "held" and row["presence"] not in {"available", "paused"}:
        yield f"{name}: by an agent who is {row['presence']}"
    if shown_to != ([row["offered_to"]] if state == "offered" else []):
        yield f"{name}: shown to {shown_to}, offered to {row['offered_to']}"


def _take_message(kept: Kept, found: Comparison, row: "asyncpg.Record") -> None:
    kept.messages[row["id"]] = row["interaction_id"]
    if row["interaction_id"] not in kept.states:
        found.orphans.append(f"message {row['id']}: its interaction is not there")
    if not row["has_words"]:
        found.lost.append(f"message {row['id']}: its words are not there")
    if row["direction"] == "out":
        kept.answers[row["interaction_id"]] += 1
    if row["external_id"] is not None:
        kept.by_external[row["external_id"]].append(row["interaction_id"])


async def _walk_log(
    connection: "asyncpg.Connection[asyncpg.Record]", tenant_id: str, kept: Kept, found: Comparison
) -> None:
    decode = msgspec.json.Decoder(list[Event]).decode
    expected = 0
    async for row in connection.cursor(_LOG, tenant_id, prefetch=1000):
        expected += row["count"]
        if row["sequence"] != expected:
            found.lost.append(f"log: {row['sequence']} follows {expected - row['count']}")
            expected = row["sequence"]
        for event in decode(row["events"]):
            found.events += 1
            _step(kept, found, event)
    if (head := await connection.fetchval(_HEAD, tenant_id)) != expected:
        found.lost.append(f"log: ends at {expected}, the domain says {head}")


def _step(kept: Kept, found: Comparison, event: Event) -> None:
    kept.happened[event.type, event.offer_id or event.interaction_id or ""] += 1
    interaction_id = event.interaction_id
    if interaction_id is None:
        return
    before = kept.logged.get(interaction_id)
    if event.type == "interactions.opened":
        if before is not None:
            found.doubled.append(f"interaction {interaction_id}: opened twice")
        kept.logged[interaction_id] = event.state or ""
    elif event.type in _STEPS:
        after, allowed = _STEPS[event.type]
        if before not in allowed:
            found.doubled.append(f"interaction {interaction_id}: {after} while {before}")
        kept.logged[interaction_id] = after


def _check(lines: Iterable[Line], kept: Kept, found: Comparison) -> None:
    asked: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if line.got is None:
            asked[line.act, line.about] += 1
            continue
        found.acknowledged += 1
        if not _is_kept(line, kept):
            found.lost.append(f"{line.act} {line.about}: acknowledged as {line.got or line.key}")
    for act, about in asked:
        times = _times(act, about, kept)
        if times > asked[act, about]:
            found.doubled.append(f"{act} {about}: asked {asked[act, about]} times, there {times} times")


def _is_kept(line: Line, kept: Kept) -> bool:
    got = line.got or ""
    if line.act == "opened":
        return kept.by_external.get(line.about) == [got] and got in kept.states
    if line.act == "mailed":
        return bool(kept.by_external.get(line.about))
    if line.act == "sent":
        return kept.messages.get(got) == line.about
    if line.act == "closed":
        return kept.states.get(line.about) == "closed"
    return _times(line.act, line.about, kept) >= 1


_EVENTS: Final = {
    "accepted": "routing.offer_accepted",
    "declined": "routing.offer_declined",
    "wrapped_up": "interactions.wrapped_up",
    "closed": "interactions.closed",
}


def _times(act: str, about: str, kept: Kept) -> int:
    """Count how often the database says that it was done; a contact's external id stands on one message."""
    if act in {"opened", "mailed"}:
        return len(kept.by_external.get(about, ()))
    if act == "sent":
        return kept.answers[about]
    return kept.happened[_EVENTS[act], about]
