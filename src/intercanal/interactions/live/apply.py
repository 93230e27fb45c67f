"""How each event changes the rows of interactions and messages; the only code that changes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from intercanal.interactions.live import events
from intercanal.interactions.live.index import OpenWork
from intercanal.interactions.live.rows import InteractionRow, MessageRow, WrapUp
from intercanal.kernel.live import World


@contextmanager
def _changing(world: World, interaction_id: str) -> Iterator[InteractionRow]:
    store, work = world.store(InteractionRow), world.part(OpenWork)
    row = store[interaction_id]
    work.leave(row)
    yield row
    row.version += 1
    work.enter(row)
    store.put(row)


def opened(world: World, event: events.Opened, now: datetime) -> None:
    """Make the row."""
    row = InteractionRow(
        id=event.interaction_id,
        conversation_id=event.conversation_id,
        channel=event.channel,
        state=event.state,
        since=now,
        arrived_at=event.arrived_at,
        queue_id=event.queue_id,
        customer_id=event.customer_id,
        priority=event.priority,
        language=event.language,
        preferred_agent_id=event.preferred_agent_id,
        closed_at=now if event.state == "closed" else None,
    )
    world.part(OpenWork).enter(row)
    world.store(InteractionRow).put(row)


def queued(world: World, event: events.Queued, now: datetime) -> None:
    """Let it wait again; its arrival stays what it was."""
    with _changing(world, event.interaction_id) as row:
        row.state = "queued"
        row.since = now
        row.queue_id = event.queue_id
        row.agent_id = None
        row.offered_to = None
        row.due_at = None
        row.preferred_agent_id = event.preferred_agent_id
        row.required_agent_id = event.required_agent_id


def offered(world: World, event: events.Offered, now: datetime) -> None:
    """Remember whom it is shown to."""
    with _changing(world, event.interaction_id) as row:
        row.state = "offered"
        row.since = now
        row.offered_to = event.agent_id


def held(world: World, event: events.Held, now: datetime) -> None:
    """Remember who has it, and who answers."""
    with _changing(world, event.interaction_id) as row:
        row.state = "held"
        row.since = now
        row.agent_id = event.agent_id
        row.offered_to = None
        row.due_at = None
        row.required_agent_id = None
        row.answered_by_agent = event.agent_id
        row.answered_by_employer = event.employer_id
        row.answered_by_country = event.country


def message_received(world: World, event: events.MessageReceived, now: datetime) -> None:
    """Keep the message without its words."""
    with _changing(world, event.interaction_id) as row:
        row.last_in_message_id = event.message_id
    world.store(MessageRow).put(
        MessageRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            direction="in",
            at=now,
            classification=event.classification,
        )
    )


def message_sent(world: World, event: events.MessageSent, now: datetime) -> None:
    """Keep the answer without its words."""
    with _changing(world, event.interaction_id) as row:
        row.last_out_message_id = event.message_id
    world.store(MessageRow).put(
        MessageRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            direction="out",
            at=now,
            author_agent_id=event.agent_id,
        )
    )


def note_added(world: World, event: events.NoteAdded, now: datetime) -> None:
    """Keep the note without its words."""
    world.store(MessageRow).put(
        MessageRow(
            id=event.message_id,
            interaction_id=event.interaction_id,
            conversation_id=event.conversation_id,
            direction="note",
            at=now,
            author_agent_id=event.agent_id,
        )
    )


def wrapped_up(world: World, event: events.WrappedUp, now: datetime) -> None:
    """Keep the disposition."""
    with _changing(world, event.interaction_id) as row:
        row.wrap_up = WrapUp(event.disposition_id, now)


def scheduled(world: World, event: events.Scheduled, now: datetime) -> None:
    """Let it sleep; whoever put it away is preferred when it wakes."""
    with _changing(world, event.interaction_id) as row:
        row.state = "scheduled"
        row.since = now
        row.agent_id = None
        row.preferred_agent_id = event.agent_id
        row.due_at = event.due_at


def transferred(world: World, event: events.Transferred, _now: datetime) -> None:
    """Note for whom it is; the queueing that follows carries it over."""
    with _changing(world, event.interaction_id) as row:
        row.required_agent_id = event.to_agent_id
        row.preferred_agent_id = None


def closed(world: World, event: events.Closed, now: datetime) -> None:
    """End it."""
    with _changing(world, event.interaction_id) as row:
        row.state = "closed"
        row.since = now
        row.closed_at = now
        row.agent_id = None
        row.offered_to = None
        row.required_agent_id = None
        row.due_at = None
