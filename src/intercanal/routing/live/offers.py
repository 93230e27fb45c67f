"""The life of an offer after it was made: taken, refused, missed, or taken away."""

from datetime import datetime

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Context, Refused, World
from intercanal.people import live as people
from intercanal.routing.live import commands, events
from intercanal.routing.live.board import Board
from intercanal.routing.live.rows import OfferRow, StandbyRow


def _own_offer(world: World, offer_id: str, agent_id: str, now: datetime) -> OfferRow:
    row = world.store(OfferRow).get(offer_id)
    if row is None or row.agent_id != agent_id:
        raise Refused("routing.offer_unknown")
    if now >= row.expires_at:
        raise Refused("routing.offer_expired")
    return row


def accept(world: World, command: commands.AcceptOffer, ctx: Context) -> None:
    """Put the work in the agent's hands; past its time an offer is gone even before its timer fires."""
    standby = world.store(StandbyRow).get(command.agent_id)
    if standby is not None and standby.accepted_offer_id == command.offer_id:
        return
    row = _own_offer(world, command.offer_id, command.agent_id, ctx.now)
    interactions.hold(world, ctx, row.interaction_id, row.agent_id)
    ctx.emit(events.OfferAccepted(row.id, row.interaction_id, row.agent_id))


def decline(world: World, command: commands.DeclineOffer, ctx: Context) -> None:
    """Give the work back to its original place and pause the agent."""
    row = _own_offer(world, command.offer_id, command.agent_id, ctx.now)
    ctx.emit(events.OfferDeclined(row.id, row.interaction_id, row.agent_id))
    interactions.queue_back(world, ctx, row.interaction_id, "offer_declined")
    people.pause(world, ctx, row.agent_id, "offer_declined")


def time_came(world: World, row: OfferRow, ctx: Context) -> None:
    """Give missed work back to its original place and pause the agent, who seems not to be there."""
    if row.state != "open" or ctx.now < row.expires_at:
        return
    ctx.emit(events.OfferExpired(row.id, row.interaction_id, row.agent_id))
    interactions.queue_back(world, ctx, row.interaction_id, "offer_expired")
    people.pause(world, ctx, row.agent_id, "offer_missed")


def _may_keep_offer(row: people.AgentRow) -> bool:
    return row.presence == "available" and not (row.pause_after or row.retired or row.absent)


def withdraw_from_absent(world: World, ctx: Context, agent_id: str) -> None:
    """Take back what is shown to an agent who paused, left, or has been without a screen for a minute."""
    agent = world.store(people.AgentRow).get(agent_id)
    offer_id = world.part(Board).offer_to(agent_id)
    if offer_id is None or (agent is not None and _may_keep_offer(agent)):
        return
    row = world.store(OfferRow)[offer_id]
    ctx.emit(events.OfferWithdrawn(row.id, row.interaction_id, agent_id, "agent_away"))
    work = world.store(interactions.InteractionRow).get(row.interaction_id)
    if work is not None and work.state == "offered":
        interactions.queue_back(world, ctx, row.interaction_id, "offer_withdrawn")
