"""The floors around interactions in small: commands that offer, accept and give back, as queues do."""

from datetime import datetime

from intercanal.interactions import live as work
from intercanal.kernel.live import Command, Component, Context, Event, World
from intercanal.people import live as people
from tests.people.live_core import MemoryCore, some_id

QUEUE, OTHER_QUEUE = some_id("queue"), some_id("other queue")


class QueueReady(Event, frozen=True, tag="desk.queue_ready"):
    queue_id: str


class AddQueue(Command, frozen=True, tag="desk.add_queue"):
    queue_id: str


class MakeOffer(Command, frozen=True, tag="desk.make_offer"):
    interaction_id: str
    agent_id: str


class EndOffer(Command, frozen=True, tag="desk.end_offer"):
    interaction_id: str
    cause: work.QueuedCause


class Accept(Command, frozen=True, tag="desk.accept"):
    interaction_id: str
    agent_id: str


def _add_queue(_world: World, command: AddQueue, ctx: Context) -> None:
    ctx.emit(QueueReady(command.queue_id))


def _queue_ready(world: World, event: QueueReady, _now: datetime) -> None:
    world.part(work.KnownQueues).add(event.queue_id)


def _make_offer(world: World, command: MakeOffer, ctx: Context) -> None:
    work.offer_marks(world, ctx, command.interaction_id, command.agent_id, ctx.new_id())


def _end_offer(world: World, command: EndOffer, ctx: Context) -> None:
    work.queue_back(world, ctx, command.interaction_id, command.cause)


def _accept(world: World, command: Accept, ctx: Context) -> None:
    work.hold(world, ctx, command.interaction_id, command.agent_id)


def _withdraw(world: World, event: people.PresenceChanged | people.AbsenceDeclared, ctx: Context) -> None:
    if isinstance(event, people.PresenceChanged) and event.state == "available":
        return
    shown = [row.id for row in world.store(work.InteractionRow) if row.offered_to == event.agent_id]
    for interaction_id in sorted(shown):
        work.queue_back(world, ctx, interaction_id, "offer_withdrawn")


desk = Component(
    name="desk",
    decide={AddQueue: _add_queue, MakeOffer: _make_offer, EndOffer: _end_offer, Accept: _accept},
    apply={QueueReady: _queue_ready},
    react={people.PresenceChanged: _withdraw, people.AbsenceDeclared: _withdraw},
)


def make_core(agents: list[str], seed: str = "test") -> MemoryCore:
    """A core with two queues and agents who are not there yet."""
    core = MemoryCore([people.component, work.component, desk], seed)
    for queue_id in (QUEUE, OTHER_QUEUE):
        core.do(AddQueue(queue_id))
    for agent_id in agents:
        core.do(
            people.ConfigureAgent(
                agent_id=agent_id,
                version=1,
                bounds=dict(people.DEFAULT_BOUNDS),
                employer_id=some_id("employer"),
                country="FR",
            )
        )
    return core


def opened(events: tuple[Event, ...]) -> str:
    """The id of the interaction that a decision opened."""
    return next(event.interaction_id for event in events if isinstance(event, work.Opened))
