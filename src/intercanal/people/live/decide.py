"""Decisions about agents: what each command and each due time turns into."""

from datetime import datetime, timedelta

from intercanal.kernel.live import Context, Refused, World
from intercanal.people.live import commands, events
from intercanal.people.live.rows import ABSENCE_AFTER, DEFAULT_CAPACITIES, MAX_GAP_S, AgentRow, Presence


def _agent(world: World, agent_id: str) -> AgentRow:
    row = world.store(AgentRow).get(agent_id)
    if row is None or row.retired:
        raise Refused("people.agent_unknown")
    return row


def _change(
    ctx: Context, row: AgentRow, state: Presence, cause: events.PresenceCause, shift_hours: int | None = None
) -> None:
    hours = row.shift_hours if shift_hours is None else shift_hours
    ends_at: datetime | None = None
    if state != "offline":
        ends_at = row.shift_ends_at or ctx.now + timedelta(hours=hours)
    ctx.emit(events.PresenceChanged(row.id, state, cause, hours, ends_at))


def configure_agent(world: World, command: commands.ConfigureAgent, ctx: Context) -> None:
    """Take newer settings; what the agent chose stays, brought inside the bounds."""
    row = world.store(AgentRow).get(command.agent_id)
    if row is not None and row.version >= command.version:
        return
    chosen = DEFAULT_CAPACITIES if row is None else {**DEFAULT_CAPACITIES, **row.capacities}
    capacities = {channel: min(chosen.get(channel, bound), bound) for channel, bound in command.bounds.items()}
    ctx.emit(
        events.AgentConfigured(
            agent_id=command.agent_id,
            version=command.version,
            skills=command.skills,
            languages=command.languages,
            team_ids=command.team_ids,
            bounds=command.bounds,
            capacities=capacities,
            gap_min_s=command.gap_min_s,
            employer_id=command.employer_id,
            country=command.country,
            retired=command.retired,
        )
    )
    if command.retired and row is not None and row.presence != "offline":
        _change(ctx, row, "offline", "retired")


def set_presence(world: World, command: commands.SetPresence, ctx: Context) -> None:
    """Give the agent the presence they say; nothing but an unknown agent can refuse it."""
    row = _agent(world, command.agent_id)
    if row.presence != command.state or row.pause_after:
        _change(ctx, row, command.state, "agent", command.shift_hours)


def ask_pause_after(world: World, command: commands.AskPauseAfter, ctx: Context) -> None:
    """Note the wish; a floor above pauses at once when there is no contact in hand."""
    row = _agent(world, command.agent_id)
    if row.presence == "offline":
        raise Refused("people.agent_offline")
    if row.presence == "available" and not row.pause_after:
        ctx.emit(events.PauseAfterAsked(row.id))


def cancel_pause_after(world: World, command: commands.CancelPauseAfter, ctx: Context) -> None:
    """Forget the wish."""
    row = _agent(world, command.agent_id)
    if row.pause_after:
        ctx.emit(events.PauseAfterCancelled(row.id))


def choose_capacity(world: World, command: commands.ChooseCapacity, ctx: Context) -> None:
    """Take the agent's choice when it lies inside the bounds."""
    row = _agent(world, command.agent_id)
    for channel, count in command.capacities.items():
        bound = row.bounds.get(channel, 0)
        if not 0 <= count <= bound:
            raise Refused("people.capacity_out_of_bounds", channel=channel, maximum=bound)
    gap_s = row.gap_s if command.gap_s is None else command.gap_s
    if command.gap_s is not None and not row.gap_min_s <= gap_s <= MAX_GAP_S:
        raise Refused("people.gap_out_of_bounds", minimum=row.gap_min_s, maximum=MAX_GAP_S)
    capacities = {**row.capacities, **command.capacities}
    if (capacities, gap_s) != (row.capacities, row.gap_s):
        ctx.emit(events.CapacityChosen(row.id, capacities, gap_s))


def open_connection(world: World, command: commands.OpenConnection, ctx: Context) -> None:
    """Count a screen in."""
    row = _agent(world, command.agent_id)
    if command.connection_id not in row.connections:
        ctx.emit(events.ConnectionOpened(row.id, command.connection_id))


def lose_connection(world: World, command: commands.LoseConnection, ctx: Context) -> None:
    """Count a screen out; one that a takeover already forgot changes nothing."""
    row = world.store(AgentRow).get(command.agent_id)
    if row is not None and command.connection_id in row.connections:
        ctx.emit(events.ConnectionLost(row.id, command.connection_id, len(row.connections) - 1))


def forget_connections(world: World, _command: commands.ForgetConnections, ctx: Context) -> None:
    """Count all screens out."""
    if any(row.connections for row in world.store(AgentRow)):
        ctx.emit(events.ConnectionsForgotten())


def time_came(_world: World, row: AgentRow, ctx: Context) -> None:
    """Declare what the time brought: a rest that is over, an absence, the end of a shift."""
    if row.rests_until is not None and row.rests_until <= ctx.now:
        ctx.emit(events.AgentRested(row.id))
    if row.lost_at is not None and not row.absent and row.lost_at + ABSENCE_AFTER <= ctx.now:
        ctx.emit(events.AbsenceDeclared(row.id))
    if row.shift_ends_at is not None and row.shift_ends_at <= ctx.now:
        _change(ctx, row, "offline", "shift_ended")


def pause(world: World, ctx: Context, agent_id: str, cause: events.PresenceCause) -> None:
    """Pause an available agent for what a floor above saw, such as a missed offer."""
    row = world.store(AgentRow).get(agent_id)
    if row is not None and row.presence == "available":
        _change(ctx, row, "paused", cause)


def contact_ended(world: World, ctx: Context, agent_id: str) -> None:
    """Begin the rest between two contacts, and the pause that was asked for after this one."""
    row = world.store(AgentRow).get(agent_id)
    if row is None or row.presence == "offline":
        return
    gap_s = max(row.gap_s, row.gap_min_s)
    if gap_s:
        ctx.emit(events.ContactEnded(row.id, ctx.now + timedelta(seconds=gap_s)))
    if row.pause_after:
        _change(ctx, row, "paused", "pause_after")
