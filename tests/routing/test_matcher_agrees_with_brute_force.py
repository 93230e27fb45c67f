"""The matcher chooses exactly whom a chooser that looks at everything chooses, first and second."""

import random

import pytest

from intercanal.routing.domain import (
    CHANNELS,
    Choice,
    Contact,
    Matcher,
    Requirement,
    channel_bit,
    deadline,
    idle_key,
)
from intercanal.routing.domain.terms import channel_index
from tests.routing.brute import Brute, Match, PlainAgent, PlainCircle, PlainContact, PlainQueue

SKILLS = [f"skill-{number}" for number in range(12)]
TEAMS = ["north", "south", "west"]
TARGETS = {"voice": 20, "chat": 60, "messaging": 300, "mail": 14_400, "task": 3_600}


class Twins:
    """The matcher and the brute-force chooser, told the same things."""

    def __init__(self, seed: int, agents: int, queues: int) -> None:
        self.chance = random.Random(seed)
        self.matcher, self.brute = Matcher(), Brute()
        self.now, self.number, self.decisions, self.matches = 1_800_000_000_000_000, 0, 0, 0
        for number in range(queues):
            self.set_queue(f"queue-{number}")
        for number in range(agents):
            self.set_agent(f"agent-{number:03}")

    def set_queue(self, queue_id: str) -> None:
        chance = self.chance
        skills = {skill: chance.randint(2, 5) for skill in chance.sample(SKILLS, chance.choice([0, 1, 1, 1, 2]))}
        circles = [PlainCircle(skills, tuple(chance.sample(TEAMS, 1)) if chance.random() < 0.2 else ())]
        while chance.random() < 0.5:
            last = circles[-1].skills
            circles.append(PlainCircle({skill: max(0, level - 1) for skill, level in last.items()}))
        evicted = [c for c in self.brute.waiting.values() if any(joined == queue_id for joined, _ in c.joined)]
        for contact in evicted:
            self.matcher.waiting.take(contact.id)
            del self.brute.waiting[contact.id]
        is_open = chance.random() < 0.8
        self.brute.queues[queue_id] = PlainQueue(circles, is_open)
        self.matcher.set_queue(queue_id, [Requirement.of(c.skills, c.teams) for c in circles], is_open=is_open)
        for contact in evicted:
            contact.joined = [(q, min(reached, len(self.brute.queues[q].circles) - 1)) for q, reached in contact.joined]
            self.arrive(contact)

    def set_agent(self, agent_id: str) -> None:
        chance = self.chance
        skills = {skill: chance.randint(1, 5) for skill in chance.sample(SKILLS, 3)}
        teams = (chance.choice(TEAMS),)
        self.brute.agents[agent_id] = PlainAgent(agent_id, skills, teams)
        self.matcher.set_agent(agent_id, skills, teams)

    def compare(self, expected: Match | None, choice: Choice | None) -> None:
        self.decisions += 1
        if expected is None:
            assert choice is None
            return
        self.matches += 1
        assert choice is not None
        second = choice.second_contact if choice.by_agent else choice.second_agent
        seen = Match(choice.contact.id, choice.agent.id, None if second is None else second.id)
        assert seen == expected

    def arrive(self, plain: PlainContact) -> None:
        contact = Contact(plain.id, channel_index(plain.channel), plain.deadline, plain.arrived, plain.joined)
        contact.preferred, contact.required = plain.preferred, plain.required
        self.compare(self.brute.arrive(plain), self.matcher.arrive(contact))

    def new_contact(self) -> None:
        chance = self.chance
        self.number += 1
        channel, priority = chance.choice(CHANNELS), chance.choice([0, 0, 0, 1, 3])
        arrived = self.now - chance.choice([0, 0, 3_600_000_000])
        due = deadline(arrived, TARGETS[channel], priority)
        entered = chance.sample(sorted(self.brute.queues), chance.choice([1, 1, 1, 2]))
        joined = [(queue_id, chance.randrange(len(self.brute.queues[queue_id].circles))) for queue_id in entered]
        plain = PlainContact(f"contact-{self.number:06}", channel, arrived, due, joined)
        if chance.random() < 0.1:
            plain.preferred = chance.choice(sorted(self.brute.agents))
        elif chance.random() < 0.05:
            plain.required = chance.choice(sorted(self.brute.agents))
        self.arrive(plain)

    def free_agent(self) -> None:
        chance = self.chance
        agent = self.brute.agents[chance.choice(sorted(self.brute.agents))]
        agent.channels = frozenset(chance.choice([CHANNELS, ("mail", "task"), ("chat", "mail"), ("voice",), ()]))
        agent.held, agent.idle_since = chance.choice([0, 0, 1, 2]), self.now - chance.choice([0, 0, 60_000_000])
        mask = sum(channel_bit(channel) for channel in agent.channels)
        self.compare(
            self.brute.for_agent(agent), self.matcher.free(agent.id, mask, idle_key(agent.held, agent.idle_since))
        )

    def vanish(self) -> None:
        if self.brute.waiting:
            contact_id = self.chance.choice(sorted(self.brute.waiting))
            del self.brute.waiting[contact_id]
            self.matcher.waiting.take(contact_id)

    def grow(self) -> None:
        if not self.brute.waiting:
            return
        plain = self.brute.waiting[self.chance.choice(sorted(self.brute.waiting))]
        plain.joined = [(q, min(n + 1, len(self.brute.queues[q].circles) - 1)) for q, n in plain.joined]
        contact = self.matcher.waiting.take(plain.id)
        assert contact is not None
        contact.joined = list(plain.joined)
        self.compare(self.brute.arrive(plain), self.matcher.arrive(contact))

    def switch(self) -> None:
        queue_id = self.chance.choice(sorted(self.brute.queues))
        is_open = not self.brute.queues[queue_id].is_open
        self.brute.queues[queue_id].is_open = is_open
        self.matcher.waiting.set_open(queue_id, is_open)
        found = list(self.matcher.match_queue(queue_id))
        expected = self.brute.for_queue(queue_id) if is_open else []
        assert [(c.contact.id, c.agent.id) for c in found] == [(m.contact_id, m.agent_id) for m in expected]
        for match, choice in zip(expected, found, strict=True):
            self.compare(match, choice)

    def step(self) -> None:
        self.now += self.chance.choice([0, 1, 1000, 1_000_000])
        draw = self.chance.random()
        if draw < 0.48:
            self.new_contact()
        elif draw < 0.94:
            self.free_agent()
        elif draw < 0.96:
            self.vanish()
        elif draw < 0.98:
            self.grow()
        elif draw < 0.99:
            self.switch()
        elif draw < 0.995:
            self.set_queue(self.chance.choice(sorted(self.brute.queues)))
        else:
            self.set_agent(self.chance.choice(sorted(self.brute.agents)))


@pytest.mark.parametrize(
    ("seed", "decisions"),
    [(8, 1_500), (9, 1_500), *(pytest.param(seed, 6_000, marks=pytest.mark.slow) for seed in range(8))],
)
def test_every_choice_and_every_second_is_that_of_the_brute_force_chooser(seed: int, decisions: int) -> None:
    twins = Twins(seed, agents=40 if seed % 2 else 150, queues=10)
    while twins.decisions < decisions:
        twins.step()
    assert twins.matches > decisions / 8
    assert sorted(twins.matcher.waiting.contacts) == sorted(twins.brute.waiting)


@pytest.mark.parametrize(
    ("seed", "steps"), [(3, 1_500), *(pytest.param(seed, 6_000, marks=pytest.mark.slow) for seed in range(3))]
)
def test_left_behind_entries_never_outnumber_the_living_by_more_than_the_slack(seed: int, steps: int) -> None:
    twins = Twins(100 + seed, agents=200, queues=8)
    for _ in range(steps):
        twins.step()
    heaps = [line.heap for queue in twins.matcher.waiting.queues.values() for line in queue.lines.values()]
    pools = {pool.requirement: pool for queue in twins.matcher.waiting.queues.values() for pool in queue.pools}
    buckets = [bucket for pool in pools.values() for bucket in pool.buckets.values()]
    for entries, live in [(heap.entries, heap.live) for heap in heaps] + [(b.entries, b.live) for b in buckets]:
        living = sum(entry[3].version == entry[2] for entry in entries)
        assert living == live
        assert len(entries) <= 2 * live + 33
