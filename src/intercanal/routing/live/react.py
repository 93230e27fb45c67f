"""What the comings and goings of agents and work mean for offers."""

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Context, World
from intercanal.people import live as people
from intercanal.routing.live.matching import agent_changed, enter, left, matcher
from intercanal.routing.live.offers import withdraw_from_absent

AgentEvent = (
    people.PresenceChanged
    | people.PauseAfterAsked
    | people.PauseAfterCancelled
    | people.CapacityChosen
    | people.ConnectionOpened
    | people.ConnectionLost
    | people.AbsenceDeclared
    | people.ContactEnded
)


def agent_configured(world: World, event: people.AgentConfigured, ctx: Context) -> None:
    """Take what the agent can do now."""
    row = world.store(people.AgentRow)[event.agent_id]
    matcher(world).set_agent(row.id, row.skills, row.team_ids)
    agent_moved(world, event, ctx)


def agent_moved(world: World, event: AgentEvent | people.AgentConfigured, ctx: Context) -> None:
    """Take back what an absent agent is shown, or choose for one who can take something."""
    withdraw_from_absent(world, ctx, event.agent_id)
    agent_changed(world, ctx, event.agent_id, "agent_changed")


def presence_changed(world: World, event: people.PresenceChanged, ctx: Context) -> None:
    """The same, said for what it is."""
    withdraw_from_absent(world, ctx, event.agent_id)
    agent_changed(world, ctx, event.agent_id, "agent_available")


def connections_forgotten(world: World, _event: people.ConnectionsForgotten, ctx: Context) -> None:
    """Offer nothing new to all whose screens are gone."""
    for row in list(world.store(people.AgentRow)):
        agent_changed(world, ctx, row.id, "agent_changed")


def agent_rested(world: World, event: people.AgentRested, ctx: Context) -> None:
    """Choose for an agent whose gap is over."""
    agent_changed(world, ctx, event.agent_id, "agent_rested", ctx.now)


def opened(world: World, event: interactions.Opened, ctx: Context) -> None:
    """Choose for new work."""
    enter(world, ctx, event.interaction_id, "arrived")


def queued(world: World, event: interactions.Queued, ctx: Context) -> None:
    """Choose for returned work, at the place of its original arrival."""
    enter(world, ctx, event.interaction_id, event.cause)


def held(world: World, event: interactions.Held, ctx: Context) -> None:
    """Stop choosing for it; its holder may have room for more."""
    left(world, ctx, event.interaction_id)
    agent_changed(world, ctx, event.agent_id, "agent_has_room")


def work_ended(
    world: World, event: interactions.Closed | interactions.Scheduled | interactions.Transferred, ctx: Context
) -> None:
    """Stop choosing for it; whoever held it begins to idle."""
    left(world, ctx, event.interaction_id)
    if event.agent_id is not None:
        agent_changed(world, ctx, event.agent_id, "work_ended", ctx.now)
