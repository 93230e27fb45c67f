"""Keeps the matcher in step with the rows, and turns each choice into an offer.

Everything here looks at the rows as they are now, never at what an event said: events of one decision are reacted
to one after another while the rows are already further.
"""

from datetime import datetime, timedelta

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Context, World
from intercanal.people import live as people
from intercanal.routing.domain import (
    CHANNELS,
    Choice,
    Contact,
    Matcher,
    Trigger,
    channel_index,
    deadline,
    from_microseconds,
    idle_key,
    idle_since_of,
    microseconds,
    reason_for,
)
from intercanal.routing.live import events
from intercanal.routing.live.board import Board
from intercanal.routing.live.rows import DEFAULT_TARGETS, Joined, OfferRow, QueueRow, StandbyRow, WaitRow
from intercanal.routing.live.waits import grown, may_grow, next_growth

_RESTARTS = frozenset({"transferred", "due", "customer_answered", "recipient_away"})


def matcher(world: World) -> Matcher:
    """Return the matcher of a domain."""
    return world.part(Board).matcher


def offer(world: World, ctx: Context, choice: Choice, trigger: Trigger) -> None:
    """Show the chosen work to the chosen agent."""
    queue = world.store(QueueRow)[choice.queue_id]
    offer_id = ctx.new_id()
    interaction_id, agent_id = choice.contact.id, choice.agent.id
    ctx.emit(
        events.OfferMade(
            offer_id=offer_id,
            interaction_id=interaction_id,
            agent_id=agent_id,
            queue_id=choice.queue_id,
            expires_at=ctx.now + timedelta(seconds=queue.offer_timeout_s),
            idle_since=from_microseconds(idle_since_of(choice.key)),
            reason=reason_for(choice, microseconds(ctx.now), trigger),
        )
    )
    interactions.offer_marks(world, ctx, interaction_id, agent_id, offer_id)


def contact_of(world: World, row: interactions.InteractionRow, joined: list[Joined]) -> Contact:
    """Make the matcher's view of waiting work."""
    queue = world.store(QueueRow)[joined[0].queue_id]
    priority = queue.priority + row.priority
    target = queue.targets.get(row.channel, DEFAULT_TARGETS[row.channel])
    arrived = microseconds(row.arrived_at)
    contact = Contact(
        row.id,
        channel_index(row.channel),
        deadline(arrived, target, priority),
        arrived,
        [(one.queue_id, one.circle) for one in joined],
    )
    contact.priority = priority
    contact.preferred = row.preferred_agent_id
    contact.required = row.required_agent_id
    return contact


def kept_wait(world: World, interaction_id: str) -> WaitRow | None:
    """Return the growing wait of an interaction, None when nothing grows."""
    row = world.store(WaitRow).get(interaction_id)
    return None if row is None or row.ended else row


def wait_of(world: World, row: interactions.InteractionRow, entered: datetime) -> list[Joined]:
    """Return where a contact waits: as far as its wait had grown, or from `entered` on when it begins."""
    kept = kept_wait(world, row.id)
    queue_id = row.queue_id or ""
    if kept is not None and kept.joined[0].queue_id == queue_id:
        return kept.joined
    return [Joined(queue_id, entered)]


def enter(world: World, ctx: Context, interaction_id: str, cause: Trigger) -> None:
    """Let queued work be chosen for, again if it already waits, or let it wait and grow."""
    row = world.store(interactions.InteractionRow).get(interaction_id)
    matcher(world).waiting.take(interaction_id)
    if row is None or row.state != "queued":
        return
    queues = world.store(QueueRow)
    begun = joined = wait_of(world, row, ctx.now if cause in _RESTARTS else row.arrived_at)
    kept = kept_wait(world, row.id)
    due_at = None
    if kept is not None or (row.required_agent_id is None and may_grow(queues[joined[0].queue_id])):
        joined = grown(queues, joined, ctx.now)
        due_at = next_growth(queues, joined, ctx.now)
    if kept is not None and (kept.joined, kept.due_at) != (joined, due_at):
        ctx.emit(events.WaitPlanned(row.id, joined, due_at))
    choice = matcher(world).arrive(contact_of(world, row, joined))
    if choice is not None:
        offer(world, ctx, choice, cause)
    elif kept is None and (due_at is not None or joined != begun):
        ctx.emit(events.WaitPlanned(row.id, joined, due_at))


def left(world: World, ctx: Context, interaction_id: str) -> None:
    """Stop choosing for work that does not wait any more, and withdraw what shows it."""
    row = world.store(interactions.InteractionRow).get(interaction_id)
    state = "closed" if row is None else row.state
    if state == "queued":
        return
    board = world.part(Board)
    board.matcher.waiting.take(interaction_id)
    if state == "offered":
        return
    if kept_wait(world, interaction_id) is not None:
        ctx.emit(events.WaitEnded(interaction_id))
    offer_id = board.offer_of(interaction_id)
    if offer_id is not None:
        shown = world.store(OfferRow)[offer_id]
        ctx.emit(events.OfferWithdrawn(offer_id, interaction_id, shown.agent_id, "work_gone"))
        agent_changed(world, ctx, shown.agent_id, "work_ended", shown.idle_since)


def mask_of(world: World, row: people.AgentRow) -> tuple[int, int]:
    """Return the channels on which an agent may be offered something now, as bits, and how much they have in hand."""
    if world.part(Board).offer_to(row.id) is not None or not people.may_be_offered(row):
        return 0, 0
    load = world.part(interactions.OpenWork).load_of(row.id)
    mask = sum(1 << bit for bit, channel in enumerate(CHANNELS) if people.has_room(row, load, channel))
    return mask, sum(load.values())


def idle_since(world: World, row: people.AgentRow) -> datetime:
    """Return since when an agent has had nothing new."""
    standby = world.store(StandbyRow).get(row.id)
    return row.since if standby is None else max(row.since, standby.since)


def agent_changed(world: World, ctx: Context, agent_id: str, trigger: Trigger, since: datetime | None = None) -> None:
    """Choose for an agent as they are now, or let them idle; `since` is given when their idling begins anew."""
    row = world.store(people.AgentRow).get(agent_id)
    if row is None or agent_id not in matcher(world).roster.agents:
        return
    mask, held = mask_of(world, row)
    kept = idle_since(world, row)
    begins = kept if since is None else max(since, row.since)
    choice = matcher(world).free(agent_id, mask, idle_key(held, microseconds(begins)))
    if choice is not None:
        offer(world, ctx, choice, trigger)
    elif mask and begins != kept:
        ctx.emit(events.AgentIdle(agent_id, begins))
