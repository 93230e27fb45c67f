"""How each event changes the rows of routing; the only code that changes them."""

from datetime import datetime

from intercanal.kernel.live import World
from intercanal.routing.live import events
from intercanal.routing.live.board import Board
from intercanal.routing.live.rows import OfferRow, OfferState, QueueRow, StandbyRow, WaitRow

Ended = events.OfferAccepted | events.OfferDeclined | events.OfferExpired | events.OfferWithdrawn


def queue_configured(world: World, event: events.QueueConfigured, _now: datetime) -> None:
    """Keep the settings."""
    world.store(QueueRow).put(
        QueueRow(
            id=event.queue_id,
            version=event.version,
            circles=event.circles,
            priority=event.priority,
            targets=event.targets,
            offer_timeout_s=event.offer_timeout_s,
            calendar=event.calendar,
            overflow=event.overflow,
            retired=event.retired,
            is_open=event.is_open,
            changes_at=event.changes_at,
        )
    )


def queue_turned(world: World, event: events.QueueOpened | events.QueueClosed, _now: datetime) -> None:
    """Open or close it."""
    store = world.store(QueueRow)
    row = store[event.queue_id]
    row.is_open = isinstance(event, events.QueueOpened)
    row.changes_at = event.changes_at
    store.put(row)


def offer_made(world: World, event: events.OfferMade, now: datetime) -> None:
    """Make the row."""
    world.store(OfferRow).put(
        OfferRow(
            id=event.offer_id,
            interaction_id=event.interaction_id,
            agent_id=event.agent_id,
            queue_id=event.queue_id,
            made_at=now,
            expires_at=event.expires_at,
            idle_since=event.idle_since,
            reason=event.reason,
        )
    )
    world.part(Board).offer_opened(event.offer_id, event.interaction_id, event.agent_id)


def _end(world: World, event: Ended, state: OfferState, now: datetime) -> None:
    store = world.store(OfferRow)
    row = store[event.offer_id]
    row.state = state
    row.ended_at = now
    store.put(row)
    world.part(Board).offer_ended(event.interaction_id, event.agent_id)


def offer_accepted(world: World, event: events.OfferAccepted, now: datetime) -> None:
    """End it well; the agent has something new from this instant on."""
    _end(world, event, "accepted", now)
    world.store(StandbyRow).put(StandbyRow(id=event.agent_id, since=now, accepted_offer_id=event.offer_id))


def offer_declined(world: World, event: events.OfferDeclined, now: datetime) -> None:
    """End it."""
    _end(world, event, "declined", now)


def offer_expired(world: World, event: events.OfferExpired, now: datetime) -> None:
    """End it."""
    _end(world, event, "expired", now)


def offer_withdrawn(world: World, event: events.OfferWithdrawn, now: datetime) -> None:
    """End it."""
    _end(world, event, "withdrawn", now)


def wait_planned(world: World, event: events.WaitPlanned, _now: datetime) -> None:
    """Keep how far the wait has grown and when it grows next."""
    world.store(WaitRow).put(WaitRow(id=event.interaction_id, joined=event.joined, due_at=event.due_at))


def wait_ended(world: World, event: events.WaitEnded, _now: datetime) -> None:
    """Let it go."""
    store = world.store(WaitRow)
    row = store[event.interaction_id]
    row.ended = True
    row.due_at = None
    store.put(row)


def agent_idle(world: World, event: events.AgentIdle, _now: datetime) -> None:
    """Keep since when."""
    store = world.store(StandbyRow)
    row = store.get(event.agent_id) or StandbyRow(id=event.agent_id, since=event.since)
    row.since = event.since
    store.put(row)
