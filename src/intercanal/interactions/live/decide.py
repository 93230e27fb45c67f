"""Decisions about interactions: commands of the doors, due dates, and what the comings and goings of agents cause."""

from datetime import timedelta

from intercanal.interactions.live import commands, events, work
from intercanal.interactions.live.index import KnownQueues, OpenWork
from intercanal.interactions.live.rows import InteractionRow
from intercanal.kernel.live import Context, Refused, World
from intercanal.people import live as people

LONGEST_SLEEP = timedelta(days=3660)  # whoever means never closes it; the ends of time are no dates to keep


def _known_queue(world: World, queue_id: str | None) -> None:
    if queue_id is not None and queue_id not in world.part(KnownQueues):
        raise Refused("interactions.queue_unknown")


def open_work(world: World, command: commands.Open, ctx: Context) -> None:
    """Take in a piece of work."""
    _known_queue(world, command.incoming.queue_id)
    work.receive(world, ctx, command.incoming)


def receive_message(world: World, command: commands.ReceiveMessage, ctx: Context) -> None:
    """Take in one more message of a conversation."""
    _known_queue(world, command.queue_id)
    incoming = commands.Incoming(
        channel=command.channel,
        queue_id=command.queue_id,
        message_id=command.message_id,
        conversation_id=command.conversation_id,
        customer_id=command.customer_id,
        preferred_agent_id=command.preferred_agent_id,
    )
    work.receive(world, ctx, incoming)


def send_message(world: World, command: commands.SendMessage, ctx: Context) -> None:
    """Let the holder answer; the channel sends after the journal's acknowledgement."""
    row = work.held_row(world, command.interaction_id, command.agent_id)
    ctx.emit(events.MessageSent(row.id, row.conversation_id, command.message_id, row.channel, command.agent_id))


def add_note(_world: World, command: commands.AddNote, ctx: Context) -> None:
    """Keep a note, whoever holds the work, and also when it is over."""
    ctx.emit(events.NoteAdded(command.interaction_id, command.conversation_id, command.message_id, command.agent_id))


def wrap_up(world: World, command: commands.RecordWrapUp, ctx: Context) -> None:
    """Keep how it ended; the work stays held until it is closed."""
    row = work.held_row(world, command.interaction_id, command.agent_id)
    if command.note_id is not None:
        ctx.emit(events.NoteAdded(row.id, row.conversation_id, command.note_id, command.agent_id))
    ctx.emit(events.WrappedUp(row.id, command.agent_id, command.disposition_id))


def close(world: World, command: commands.Close, ctx: Context) -> None:
    """End what the agent holds, or, without an agent, what nobody holds."""
    row = work.open_row(world, command.interaction_id)
    if row.agent_id != command.agent_id:
        raise Refused("interactions.not_held_by_you", state=row.state)
    work.close(world, ctx, row.id)


def snooze(world: World, command: commands.Snooze, ctx: Context) -> None:
    """Put held work away until a date to come."""
    row = work.held_row(world, command.interaction_id, command.agent_id)
    if command.until <= ctx.now:
        raise Refused("interactions.until_passed")
    if command.until - ctx.now > LONGEST_SLEEP:
        raise Refused("interactions.until_too_far", days=LONGEST_SLEEP.days)
    ctx.emit(events.Scheduled(row.id, command.agent_id, command.until))
    people.contact_ended(world, ctx, command.agent_id)


def transfer(world: World, command: commands.Transfer, ctx: Context) -> None:
    """Hand held work over, blind, keeping its original arrival."""
    row = work.held_row(world, command.interaction_id, command.agent_id)
    if (command.to_queue_id is None) == (command.to_agent_id is None):
        raise Refused("interactions.transfer_to_one")
    _known_queue(world, command.to_queue_id)
    queue_id = command.to_queue_id or row.queue_id
    if queue_id is None:
        raise Refused("interactions.never_queued")
    if command.to_agent_id is not None:
        recipient = world.store(people.AgentRow).get(command.to_agent_id)
        if recipient is None or recipient.id == command.agent_id or not people.is_reachable(recipient):
            raise Refused("interactions.agent_not_present")
    if command.note_id is not None:
        ctx.emit(events.NoteAdded(row.id, row.conversation_id, command.note_id, command.agent_id))
    ctx.emit(events.Transferred(row.id, command.agent_id, command.to_queue_id, command.to_agent_id))
    work.enqueue(world, ctx, row.id, queue_id, "transferred")


def time_came(world: World, row: InteractionRow, ctx: Context) -> None:
    """Bring back work whose date came."""
    if row.state == "scheduled" and row.due_at is not None and row.due_at <= ctx.now:
        work.queue_back(world, ctx, row.id, "due")


def presence_changed(world: World, event: people.PresenceChanged, ctx: Context) -> None:
    """Bring back all that an agent held who is offline now; a paused agent is present and keeps it."""
    if event.state != "offline":
        return
    cause: events.QueuedCause = "shift_ended" if event.cause == "shift_ended" else "agent_offline"
    for interaction_id in world.part(OpenWork).held_by(event.agent_id):
        work.queue_back(world, ctx, interaction_id, cause)
    _free_awaiting(world, ctx, event.agent_id)


def absence_declared(world: World, event: people.AbsenceDeclared, ctx: Context) -> None:
    """Bring back the live work of an agent whose screen is gone; deferred work stays to the end of the shift."""
    rows = world.store(InteractionRow)
    for interaction_id in world.part(OpenWork).held_by(event.agent_id):
        if rows[interaction_id].channel in people.LIVE_CHANNELS:
            work.queue_back(world, ctx, interaction_id, "agent_absent")
    _free_awaiting(world, ctx, event.agent_id)


def _free_awaiting(world: World, ctx: Context, agent_id: str) -> None:
    rows = world.store(InteractionRow)
    for interaction_id in world.part(OpenWork).awaiting(agent_id):
        if rows[interaction_id].state == "queued":
            work.queue_back(world, ctx, interaction_id, "recipient_away")


def pause_after_asked(world: World, event: people.PauseAfterAsked, ctx: Context) -> None:
    """Pause at once an agent who has no contact in hand."""
    if not world.part(OpenWork).held_by(event.agent_id):
        people.pause(world, ctx, event.agent_id, "pause_after")
