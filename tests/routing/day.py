"""A seeded day on one floor: work of all channels, agents who come, pause and vanish, owners who change."""

import random
from datetime import date, datetime, timedelta
from typing import get_args

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Command
from intercanal.people import live as people
from intercanal.routing import live as routing
from intercanal.tenancy.domain.calendars import Span, build_spec
from tests.routing.floor import Floor, some_id

CHANNELS: tuple[interactions.Channel, ...] = get_args(interactions.Channel)
SKILLS = [some_id(f"skill {number}") for number in range(4)]
AGENTS = [f"agent {number}" for number in range(12)]
QUEUES = ["everybody", "skilled", "circles", "hours", "spare"]
MOST_OPEN = 90


class Day:
    """What happens, step by step; `owners_change` false leaves out the rebuilds and nothing else."""

    def __init__(self, seed: int, *, owners_change: bool = True) -> None:
        self.chance = random.Random(seed)
        self.floor = Floor(f"day {seed}")
        self.arrivals: dict[str, datetime] = {}
        self.owners_change = owners_change
        self._screens = 0
        self._set_up()

    def _set_up(self) -> None:
        floor, chance = self.floor, self.chance
        floor.queue("spare", circles=[routing.Circle(skills={SKILLS[2]: 2}), routing.Circle(after_s=60)])
        floor.queue("everybody", overflow=routing.Overflow(120, some_id("spare")))
        floor.queue("skilled", circles=[routing.Circle(skills={SKILLS[0]: 3})], priority=1)
        growing = [routing.Circle(after_s=n * 20, skills={SKILLS[1]: 5 - 2 * n}) for n in range(3)]
        floor.queue("circles", circles=growing, overflow=routing.Overflow(90, some_id("everybody")))
        spans = ((Span(9 * 60, 12 * 60), Span(13 * 60, 18 * 60)),) * 7
        floor.queue("hours", calendar=build_spec("Europe/Paris", spans, [], {}, date(2030, 1, 1)))
        for number, name in enumerate(AGENTS):
            skills = {skill: chance.randint(1, 5) for skill in chance.sample(SKILLS, 2)}
            if number == 0:
                skills[SKILLS[0]] = 5
            floor.agent(name, skills=skills, gap_min_s=chance.choice([0, 0, 5]))

    def step(self) -> None:
        """Something happens to somebody."""
        draw = self.chance.random()
        if draw < 0.32:
            self.arrive()
        elif draw < 0.64:
            self.answer()
        elif draw < 0.88:
            self.end_work()
        elif draw < 0.97:
            self.come_or_go()
        else:
            self.disturb()

    def arrive(self) -> None:
        chance = self.chance
        if len(self.floor.world.store(interactions.InteractionRow)) > MOST_OPEN:
            return
        incoming = interactions.Incoming(
            channel=chance.choice(CHANNELS),
            queue_id=some_id(chance.choice(QUEUES)),
            priority=chance.choice([0, 0, 0, 1, 2]),
            preferred_agent_id=some_id(chance.choice(AGENTS)) if chance.random() < 0.1 else None,
        )
        opened = self.floor.do(interactions.Open(incoming))[0]
        assert isinstance(opened, interactions.Opened)
        self.arrivals[opened.interaction_id] = opened.arrived_at

    def answer(self) -> None:
        shown = sorted(self.floor.world.store(routing.OfferRow), key=lambda offer: offer.id)
        if shown:
            offer = self.chance.choice(shown)
            verb = routing.DeclineOffer if self.chance.random() < 0.05 else routing.AcceptOffer
            assert self.floor.may(verb(offer.id, offer.agent_id)) != "routing.offer_unknown"

    def end_work(self) -> None:
        chance, floor = self.chance, self.floor
        agent_id = some_id(chance.choice(AGENTS))
        mine = floor.world.part(interactions.OpenWork).held_by(agent_id)
        if not mine:
            return
        work, draw = chance.choice(mine), chance.random()
        command: Command = interactions.Close(work, agent_id)
        if draw < 0.06:
            queue_id = some_id(chance.choice(QUEUES))
            command = interactions.Transfer(interaction_id=work, agent_id=agent_id, to_queue_id=queue_id)
        elif draw < 0.10:
            colleague = some_id(chance.choice(AGENTS))
            command = interactions.Transfer(interaction_id=work, agent_id=agent_id, to_agent_id=colleague)
        elif draw < 0.15:
            command = interactions.Snooze(work, agent_id, floor.now + timedelta(seconds=chance.randint(1, 900)))
        floor.may(command)

    def come_or_go(self) -> None:
        chance, agent_id = self.chance, some_id(self.chance.choice(AGENTS))
        draw = chance.random()
        if draw < 0.72:
            self.floor.may(people.SetPresence(agent_id, "available"))
        elif draw < 0.79:
            self.floor.may(people.SetPresence(agent_id, "paused"))
        elif draw < 0.84:
            self.floor.may(people.SetPresence(agent_id, "offline"))
        elif draw < 0.87:
            self.floor.may(people.AskPauseAfter(agent_id))
        elif draw < 0.89:
            self.floor.may(people.CancelPauseAfter(agent_id))
        else:
            self.plug(agent_id)

    def plug(self, agent_id: str) -> None:
        connections = self.floor.world.store(people.AgentRow)[agent_id].connections
        if connections:
            self.floor.do(people.LoseConnection(agent_id, connections[0]))
        else:
            self._screens += 1
            self.floor.do(people.OpenConnection(agent_id, some_id(f"screen {self._screens}")))

    def disturb(self) -> None:
        chance, floor = self.chance, self.floor
        draw = chance.random()
        if draw < 0.55:
            floor.advance(chance.choice([0.001, 1, 5, 20, 31, 61]))
        elif draw < 0.75:
            rows = sorted(floor.world.store(interactions.InteractionRow), key=lambda row: row.id)
            free = [row.id for row in rows if row.agent_id is None]
            if free:
                floor.may(interactions.Close(chance.choice(free)))
        elif draw < 0.85:
            self.reconfigure()
        elif draw < 0.87:
            floor.advance(chance.choice([600, 3600]))
        elif draw < 0.89:
            floor.do(people.ForgetConnections())
        elif self.owners_change:
            floor.rebuild()

    def reconfigure(self) -> None:
        agents = self.floor.world.store(people.AgentRow)
        row = agents[some_id(self.chance.choice(AGENTS[1:]))]
        skills = {skill: self.chance.randint(1, 5) for skill in self.chance.sample(SKILLS, 2)}
        self.floor.do(
            people.ConfigureAgent(
                agent_id=row.id, version=row.version + 1, skills=skills, bounds=row.bounds, gap_min_s=row.gap_min_s
            )
        )

    def finish(self) -> None:
        """Everybody comes and stays until nothing is left to do."""
        floor = self.floor
        for _ in range(10_000):
            for name in AGENTS:
                row = floor.world.store(people.AgentRow)[some_id(name)]
                if row.lost_at is not None:
                    self.plug(row.id)
                floor.say(name, "available")
                if floor.offer_to(name) is not None:
                    floor.accept(name)
                for work in floor.world.part(interactions.OpenWork).held_by(row.id):
                    floor.close(work)
            if not len(floor.world.store(interactions.InteractionRow)):
                return
            floor.advance(29)
        raise AssertionError([row.id for row in floor.world.store(interactions.InteractionRow)])
