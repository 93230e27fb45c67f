"""How each event changes an agent's row; the only code that changes it."""

from datetime import datetime

from intercanal.kernel.live import World
from intercanal.people.live import events
from intercanal.people.live.rows import AgentRow


def agent_configured(world: World, event: events.AgentConfigured, now: datetime) -> None:
    """Keep the settings, and make the row of an agent not seen before."""
    store = world.store(AgentRow)
    row = store.get(event.agent_id) or AgentRow(id=event.agent_id, version=event.version, since=now)
    row.version = event.version
    row.skills = event.skills
    row.languages = event.languages
    row.team_ids = event.team_ids
    row.bounds = event.bounds
    row.capacities = event.capacities
    row.gap_min_s = event.gap_min_s
    row.employer_id = event.employer_id
    row.country = event.country
    row.retired = event.retired
    store.put(row)


def presence_changed(world: World, event: events.PresenceChanged, now: datetime) -> None:
    """Keep the presence; being offline forgets what belonged to the shift."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.presence = event.state
    row.since = now
    row.pause_after = False
    row.shift_hours = event.shift_hours
    row.shift_ends_at = event.shift_ends_at
    if event.state == "offline":
        row.lost_at = None
        row.absent = False
        row.rests_until = None
    store.put(row)


def pause_after_asked(world: World, event: events.PauseAfterAsked, _now: datetime) -> None:
    """Note the wish."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.pause_after = True
    store.put(row)


def pause_after_cancelled(world: World, event: events.PauseAfterCancelled, _now: datetime) -> None:
    """Forget the wish."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.pause_after = False
    store.put(row)


def capacity_chosen(world: World, event: events.CapacityChosen, _now: datetime) -> None:
    """Keep the choice."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.capacities = event.capacities
    row.gap_s = event.gap_s
    store.put(row)


def connection_opened(world: World, event: events.ConnectionOpened, _now: datetime) -> None:
    """Count the screen in; the agent is found again."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.connections = [*row.connections, event.connection_id]
    row.lost_at = None
    row.absent = False
    store.put(row)


def _lost(row: AgentRow, left: list[str], now: datetime) -> None:
    row.connections = left
    if not left and row.presence != "offline":
        row.lost_at = now


def connection_lost(world: World, event: events.ConnectionLost, now: datetime) -> None:
    """Count the screen out; with none left the minute begins."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    _lost(row, [known for known in row.connections if known != event.connection_id], now)
    store.put(row)


def connections_forgotten(world: World, _event: events.ConnectionsForgotten, now: datetime) -> None:
    """Count every screen out."""
    store = world.store(AgentRow)
    for row in [row for row in store if row.connections]:
        _lost(row, [], now)
        store.put(row)


def absence_declared(world: World, event: events.AbsenceDeclared, _now: datetime) -> None:
    """Remember that the minute passed."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.absent = True
    store.put(row)


def contact_ended(world: World, event: events.ContactEnded, _now: datetime) -> None:
    """Begin the rest."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.rests_until = event.rests_until
    store.put(row)


def agent_rested(world: World, event: events.AgentRested, _now: datetime) -> None:
    """End the rest."""
    store = world.store(AgentRow)
    row = store[event.agent_id]
    row.rests_until = None
    store.put(row)
