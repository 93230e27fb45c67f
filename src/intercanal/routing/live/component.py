"""What routing gives to the live core, and the invariant that it checks at run time."""

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Component, World
from intercanal.people import live as people
from intercanal.routing.domain import idle_key, microseconds
from intercanal.routing.live import apply, commands, events, offers, queues, react
from intercanal.routing.live.board import Board
from intercanal.routing.live.matching import contact_of, idle_since, mask_of, wait_of
from intercanal.routing.live.rows import OFFERS, QUEUES, STANDBYS, WAITS, OfferRow, QueueRow, WaitRow


def _rebuild(world: World) -> None:
    board = world.part(Board)
    for queue in world.store(QueueRow):
        queues.know(world, queue)
    for offer in world.store(OfferRow):
        board.offer_opened(offer.id, offer.interaction_id, offer.agent_id)
    for agent in world.store(people.AgentRow):
        board.matcher.set_agent(agent.id, agent.skills, agent.team_ids)
        mask, held = mask_of(world, agent)
        board.matcher.place(agent.id, mask, idle_key(held, microseconds(idle_since(world, agent))))
    for work in world.store(interactions.InteractionRow):
        if work.state == "queued":
            board.matcher.waiting.put(contact_of(world, work, wait_of(world, work, work.arrived_at)))


def _broken_offer(world: World, offer: OfferRow) -> str | None:
    board = world.part(Board)
    work = world.store(interactions.InteractionRow).get(offer.interaction_id)
    rules = {
        "an agent has one offer": board.offer_to(offer.agent_id) == offer.id,
        "an interaction has one offer": board.offer_of(offer.interaction_id) == offer.id,
        "it is shown to whom it is offered": work is not None and work.offered_to == offer.agent_id,
    }
    return next((rule for rule, holds in rules.items() if not holds), None)


def _check(world: World) -> None:
    board = world.part(Board)
    for offer in world.store(OfferRow).peek_touched():
        if offer.state == "open" and (broken := _broken_offer(world, offer)):
            raise AssertionError(broken, offer.id)
    for work in world.store(interactions.InteractionRow).peek_touched():
        if (board.offer_of(work.id) is not None) != (work.state == "offered"):
            raise AssertionError("offered means that an offer is open", work.id)
        if (work.id in board.matcher.waiting.contacts) != (work.state == "queued"):
            raise AssertionError("queued means that it can be chosen", work.id)


component = Component(
    name="routing",
    tables=(QUEUES, OFFERS, WAITS, STANDBYS),
    parts=(Board,),
    decide={
        commands.ConfigureQueue: queues.configure,
        commands.AcceptOffer: offers.accept,
        commands.DeclineOffer: offers.decline,
    },
    apply={
        events.QueueConfigured: apply.queue_configured,
        events.QueueOpened: apply.queue_turned,
        events.QueueClosed: apply.queue_turned,
        events.OfferMade: apply.offer_made,
        events.OfferAccepted: apply.offer_accepted,
        events.OfferDeclined: apply.offer_declined,
        events.OfferExpired: apply.offer_expired,
        events.OfferWithdrawn: apply.offer_withdrawn,
        events.WaitPlanned: apply.wait_planned,
        events.WaitEnded: apply.wait_ended,
        events.AgentIdle: apply.agent_idle,
    },
    react={
        people.AgentConfigured: react.agent_configured,
        people.PresenceChanged: react.presence_changed,
        people.PauseAfterAsked: react.agent_moved,
        people.PauseAfterCancelled: react.agent_moved,
        people.CapacityChosen: react.agent_moved,
        people.ConnectionOpened: react.agent_moved,
        people.ConnectionLost: react.agent_moved,
        people.ConnectionsForgotten: react.connections_forgotten,
        people.AbsenceDeclared: react.agent_moved,
        people.ContactEnded: react.agent_moved,
        people.AgentRested: react.agent_rested,
        interactions.Opened: react.opened,
        interactions.Queued: react.queued,
        interactions.Held: react.held,
        interactions.Scheduled: react.work_ended,
        interactions.Transferred: react.work_ended,
        interactions.Closed: react.work_ended,
    },
    on_timer={OfferRow: offers.time_came, QueueRow: queues.hours_changed, WaitRow: queues.wait_grew},
    rebuild=_rebuild,
    check=_check,
)
