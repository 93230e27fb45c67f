"""What people give to the live core."""

from intercanal.kernel.live import Component, World
from intercanal.people.live import apply, commands, decide, events
from intercanal.people.live.rows import AGENTS, AgentRow


def _broken(row: AgentRow) -> str | None:
    offline = row.presence == "offline"
    rules = {
        "only an available agent waits for a pause": not row.pause_after or row.presence == "available",
        "lost means there without a screen": row.lost_at is None or not (offline or row.connections),
        "absent means lost": not row.absent or row.lost_at is not None,
        "each presence ends with a shift": offline == (row.shift_ends_at is None),
        "capacities lie inside the bounds": all(n <= row.bounds.get(c, 0) for c, n in row.capacities.items()),
        "a retired agent is offline": offline or not row.retired,
    }
    return next((rule for rule, holds in rules.items() if not holds), None)


def _check(world: World) -> None:
    for row in world.store(AgentRow).peek_touched():
        if broken := _broken(row):
            raise AssertionError(broken, row.id)


component = Component(
    name="people",
    tables=(AGENTS,),
    decide={
        commands.ConfigureAgent: decide.configure_agent,
        commands.SetPresence: decide.set_presence,
        commands.AskPauseAfter: decide.ask_pause_after,
        commands.CancelPauseAfter: decide.cancel_pause_after,
        commands.ChooseCapacity: decide.choose_capacity,
        commands.OpenConnection: decide.open_connection,
        commands.LoseConnection: decide.lose_connection,
        commands.ForgetConnections: decide.forget_connections,
    },
    apply={
        events.AgentConfigured: apply.agent_configured,
        events.PresenceChanged: apply.presence_changed,
        events.PauseAfterAsked: apply.pause_after_asked,
        events.PauseAfterCancelled: apply.pause_after_cancelled,
        events.CapacityChosen: apply.capacity_chosen,
        events.ConnectionOpened: apply.connection_opened,
        events.ConnectionLost: apply.connection_lost,
        events.ConnectionsForgotten: apply.connections_forgotten,
        events.AbsenceDeclared: apply.absence_declared,
        events.ContactEnded: apply.contact_ended,
        events.AgentRested: apply.agent_rested,
    },
    on_timer={AgentRow: decide.time_came},
    check=_check,
)
