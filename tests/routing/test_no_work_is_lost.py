"""The invariant over 100,000 interactions: agents vanish and pause at random, owners change, no work is lost."""

import pytest

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Event, World
from intercanal.people import live as people
from intercanal.routing import live as routing
from intercanal.routing.domain import CHANNELS
from tests.routing.brute import Brute, PlainAgent, PlainCircle, PlainContact, PlainQueue
from tests.routing.day import Day
from tests.routing.floor import CORE

PARTS, EACH, FEW = 20, 5_000, 1_000
STATES = {"in_flow", "queued", "offered", "held", "scheduled"}


def insist_on_the_invariant(day: Day) -> None:
    world = day.floor.world
    offers = list(world.store(routing.OfferRow))
    assert len({offer.agent_id for offer in offers}) == len(offers)
    assert len({offer.interaction_id for offer in offers}) == len(offers)
    shown = {offer.interaction_id: offer.agent_id for offer in offers}
    agents = world.store(people.AgentRow)
    for row in world.store(interactions.InteractionRow):
        assert row.state in STATES
        assert row.arrived_at == day.arrivals[row.id]
        assert shown.get(row.id) == row.offered_to
        assert (row.state == "held") == (row.agent_id is not None)
        if row.agent_id is not None:
            assert people.is_present(agents[row.agent_id], row.channel)
    for offer in offers:
        assert agents[offer.agent_id].presence == "available"
        assert not agents[offer.agent_id].pause_after


def plain(world: World) -> Brute:
    """Everything as a chooser sees it that looks at rows alone."""
    brute = Brute()
    for queue in world.store(routing.QueueRow):
        circles = [PlainCircle(circle.skills, tuple(circle.team_ids)) for circle in queue.circles]
        brute.queues[queue.id] = PlainQueue(circles, queue.is_open)
    busy = {offer.agent_id for offer in world.store(routing.OfferRow)}
    work = world.part(interactions.OpenWork)
    for agent in world.store(people.AgentRow):
        if agent.id not in busy and people.may_be_offered(agent):
            load = work.load_of(agent.id)
            channels = frozenset(channel for channel in CHANNELS if people.has_room(agent, load, channel))
            brute.agents[agent.id] = PlainAgent(agent.id, agent.skills, tuple(agent.team_ids), channels)
    for row in world.store(interactions.InteractionRow):
        if row.state == "queued":
            wait = world.store(routing.WaitRow).get(row.id)
            joined = [(one.queue_id, one.circle) for one in wait.joined] if wait else [(row.queue_id or "", 0)]
            brute.waiting[row.id] = PlainContact(row.id, row.channel, 0, 0, joined, None, row.required_agent_id)
    return brute


def insist_that_nobody_idles_while_allowed_work_waits(world: World) -> None:
    brute = plain(world)
    for contact in brute.waiting.values():
        for agent in brute.agents.values():
            assert contact.channel not in agent.channels or not brute.may(agent, contact), (contact, agent)


@pytest.mark.parametrize(
    ("part", "count"), [(PARTS, FEW), *(pytest.param(part, EACH, marks=pytest.mark.slow) for part in range(PARTS))]
)
def test_no_work_is_lost_doubled_or_held_by_somebody_absent(part: int, count: int) -> None:
    day, steps = Day(part), 0
    while len(day.arrivals) < count:
        day.step()
        steps += 1
        if steps % 100 == 0:
            insist_on_the_invariant(day)
            insist_that_nobody_idles_while_allowed_work_waits(day.floor.world)
            day.floor.log = []
    day.finish()
    assert day.floor.closed.keys() == day.arrivals.keys()
    assert all(row.arrived_at == day.arrivals[row.id] for row in day.floor.closed.values())
    assert sum(row.answered_by_agent is not None for row in day.floor.closed.values()) > 0.8 * count


def events_of(day: Day) -> list[tuple[Event, ...]]:
    return [events for _, _, _, events in day.floor.log or []]


@pytest.mark.parametrize(
    ("seed", "steps"), [(4, 1_000), *(pytest.param(seed, 3_000, marks=pytest.mark.slow) for seed in range(4))]
)
def test_an_owner_that_starts_from_rows_decides_the_same(seed: int, steps: int) -> None:
    changing, staying = Day(1000 + seed), Day(1000 + seed, owners_change=False)
    for _ in range(steps):
        changing.step()
        staying.step()
    assert events_of(changing) == events_of(staying)


@pytest.mark.parametrize("steps", [1_000, pytest.param(3_000, marks=pytest.mark.slow)])
def test_a_day_run_again_from_its_commands_gives_identical_decisions(steps: int) -> None:
    day = Day(77)
    for _ in range(steps):
        day.step()
    world = CORE.new_world(day.floor.world.tenant_id)
    for command, now, seed, events in day.floor.log or []:
        if events:
            assert CORE.decide(world, command, now, seed) == events
