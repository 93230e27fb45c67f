"""What interactions give to the live core, and the invariant that it checks at run time."""

from intercanal.interactions.live import apply, commands, decide, events
from intercanal.interactions.live.index import KnownQueues, OpenWork, refill
from intercanal.interactions.live.rows import INTERACTIONS, MESSAGES, InteractionRow
from intercanal.kernel.live import Component, World
from intercanal.people import live as people


def _broken(world: World, row: InteractionRow) -> str | None:
    state = row.state
    rules = {
        "an agent has it if and only if it is held": (row.agent_id is not None) == (state == "held"),
        "it is shown to somebody if and only if it is offered": (row.offered_to is not None) == (state == "offered"),
        "it has a date if and only if it is scheduled": (row.due_at is not None) == (state == "scheduled"),
        "it has an end if and only if it is closed": (row.closed_at is not None) == (state == "closed"),
        "it knows its queue once it waited": row.queue_id is not None or state in {"in_flow", "closed"},
        "it is held by a present agent": row.agent_id is None or _present(world, row.agent_id, row.channel),
    }
    return next((rule for rule, holds in rules.items() if not holds), None)


def _present(world: World, agent_id: str, channel: str) -> bool:
    agent = world.store(people.AgentRow).get(agent_id)
    return agent is not None and people.is_present(agent, channel)


def _check(world: World) -> None:
    rows, work = world.store(InteractionRow), world.part(OpenWork)
    suspects = {row.id: row for row in rows.peek_touched()}
    for agent in world.store(people.AgentRow).peek_touched():
        suspects |= {held: rows[held] for held in work.held_by(agent.id)}
    for row in suspects.values():
        if broken := _broken(world, row):
            raise AssertionError(broken, row.id)


component = Component(
    name="interactions",
    tables=(INTERACTIONS, MESSAGES),
    parts=(OpenWork, KnownQueues),
    decide={
        commands.Open: decide.open_work,
        commands.ReceiveMessage: decide.receive_message,
        commands.SendMessage: decide.send_message,
        commands.AddNote: decide.add_note,
        commands.RecordWrapUp: decide.wrap_up,
        commands.Close: decide.close,
        commands.Snooze: decide.snooze,
        commands.Transfer: decide.transfer,
    },
    apply={
        events.Opened: apply.opened,
        events.Queued: apply.queued,
        events.Offered: apply.offered,
        events.Held: apply.held,
        events.MessageReceived: apply.message_received,
        events.MessageSent: apply.message_sent,
        events.NoteAdded: apply.note_added,
        events.WrappedUp: apply.wrapped_up,
        events.Scheduled: apply.scheduled,
        events.Transferred: apply.transferred,
        events.Closed: apply.closed,
    },
    react={
        people.PresenceChanged: decide.presence_changed,
        people.AbsenceDeclared: decide.absence_declared,
        people.PauseAfterAsked: decide.pause_after_asked,
    },
    on_timer={InteractionRow: decide.time_came},
    rebuild=refill,
    check=_check,
)
