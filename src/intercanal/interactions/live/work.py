"""Steps in the life of an interaction, taken by commands here and by the floors above (queues, channels).

Each takes the world and the context and emits this feature's events; a step refused raises before it emits.
"""

from intercanal.interactions.live import events
from intercanal.interactions.live.commands import Incoming
from intercanal.interactions.live.index import OpenWork
from intercanal.interactions.live.rows import InteractionRow, State
from intercanal.kernel.live import Context, Refused, World
from intercanal.people import live as people

_REFUSED_BY_AGENT = frozenset({"offer_declined", "offer_expired"})
_HOLDER_AWAY = frozenset({"agent_offline", "agent_absent", "shift_ended"})


def open_row(world: World, interaction_id: str) -> InteractionRow:
    """Return an interaction that is not closed, or refuse."""
    row = world.store(InteractionRow).get(interaction_id)
    if row is None or row.state == "closed":
        raise Refused("interactions.not_open")
    return row


def held_row(world: World, interaction_id: str, agent_id: str) -> InteractionRow:
    """Return an interaction that this very agent holds, or refuse."""
    row = open_row(world, interaction_id)
    if row.agent_id != agent_id:
        raise Refused("interactions.not_held_by_you", state=row.state)
    return row


def _begin(world: World, ctx: Context, incoming: Incoming) -> str:
    interaction_id = incoming.interaction_id
    if interaction_id is None or interaction_id in world.store(InteractionRow):
        interaction_id = ctx.new_id()
    state: State = "in_flow" if incoming.queue_id is None else "queued"
    if incoming.classification != "normal":
        state = "closed"
    ctx.emit(
        events.Opened(
            interaction_id=interaction_id,
            conversation_id=incoming.conversation_id or ctx.new_id(),
            channel=incoming.channel,
            state=state,
            arrived_at=incoming.arrived_at or ctx.now,
            queue_id=incoming.queue_id,
            customer_id=incoming.customer_id,
            priority=incoming.priority,
            language=incoming.language,
            preferred_agent_id=incoming.preferred_agent_id,
            classification=incoming.classification,
        )
    )
    return interaction_id


def receive(world: World, ctx: Context, incoming: Incoming) -> str:
    """Take in what a channel brings and return the interaction it belongs to.

    It continues the open interaction of its conversation, waking it when it sleeps; otherwise a new one begins.
    Automatic mail gets a closed interaction of its own, so that it is kept and never offered.
    """
    open_id = None
    if incoming.conversation_id is not None and incoming.classification == "normal":
        open_id = world.part(OpenWork).continues(incoming.conversation_id, incoming.channel)
    interaction_id = open_id or _begin(world, ctx, incoming)
    row = world.store(InteractionRow)[interaction_id]
    if incoming.message_id is not None:
        ctx.emit(
            events.MessageReceived(
                interaction_id, row.conversation_id, incoming.message_id, row.channel, incoming.classification
            )
        )
    if row.state == "scheduled":
        queue_back(world, ctx, interaction_id, "customer_answered")
    return interaction_id


def enqueue(world: World, ctx: Context, interaction_id: str, queue_id: str, cause: events.QueuedCause) -> None:
    """Put it in a queue, another one or its first, at the place of its original arrival."""
    row = open_row(world, interaction_id)
    _queue(world, ctx, row, queue_id, cause)


def queue_back(world: World, ctx: Context, interaction_id: str, cause: events.QueuedCause) -> None:
    """Put it back in its own queue at the place of its original arrival.

    Whoever held it is preferred when they are there again; whoever refused it is neither preferred nor required.
    """
    row = open_row(world, interaction_id)
    if row.queue_id is None:
        raise Refused("interactions.never_queued")
    _queue(world, ctx, row, row.queue_id, cause)


def _queue(world: World, ctx: Context, row: InteractionRow, queue_id: str, cause: events.QueuedCause) -> None:
    holder, offered_to = row.agent_id, row.offered_to
    preferred, required = row.preferred_agent_id, row.required_agent_id
    if cause in _HOLDER_AWAY and holder is not None:
        preferred = holder
    if cause in _REFUSED_BY_AGENT:
        preferred = None if preferred == offered_to else preferred
        required = None if required == offered_to else required
    if required is not None and not _reachable(world, required):
        preferred, required = required, None
    ctx.emit(
        events.Queued(
            interaction_id=row.id,
            queue_id=queue_id,
            cause=cause,
            preferred_agent_id=preferred,
            required_agent_id=required,
        )
    )
    if holder is not None:
        people.contact_ended(world, ctx, holder)


def _reachable(world: World, agent_id: str) -> bool:
    agent = world.store(people.AgentRow).get(agent_id)
    return agent is not None and people.is_reachable(agent)


def offer_marks(world: World, ctx: Context, interaction_id: str, agent_id: str, offer_id: str) -> None:
    """Mark queued work as shown to one agent."""
    row = open_row(world, interaction_id)
    if row.state != "queued":
        raise Refused("interactions.not_queued", state=row.state)
    ctx.emit(events.Offered(row.id, agent_id, offer_id))


def hold(world: World, ctx: Context, interaction_id: str, agent_id: str) -> None:
    """Put work in the hands of a present agent; who answers, employer and country are kept."""
    row = open_row(world, interaction_id)
    agent = world.store(people.AgentRow).get(agent_id)
    if agent is None or not people.is_present(agent, row.channel):
        raise Refused("interactions.agent_not_present")
    if row.state == "held" or row.queue_id is None:
        raise Refused("interactions.not_queued", state=row.state)
    ctx.emit(events.Held(row.id, agent_id, agent.employer_id, agent.country))


def close(world: World, ctx: Context, interaction_id: str) -> None:
    """End it, whoever had it."""
    row = open_row(world, interaction_id)
    holder = row.agent_id
    ctx.emit(events.Closed(row.id, holder))
    if holder is not None:
        people.contact_ended(world, ctx, holder)
