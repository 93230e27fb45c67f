"""How fast the next piece of work finds its agent, from 200 agents to 170,000, and whether it is the right one.

A decision is one call of the matcher: a contact arrives, or an agent becomes free; with the offer's event, its id and
its reason made when there is an offer. Nine agents in ten are busy all the time; the draws are made beforehand.
"""

import gc
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from bench.common import Bench, Param, percentile
from intercanal.infra.live.core import LiveCore
from intercanal.interactions import live as interactions
from intercanal.kernel.ids import TenantId, seeded_id
from intercanal.kernel.live import Command
from intercanal.people import live as people
from intercanal.routing import live as routing
from intercanal.routing.domain import (
    ALL_CHANNELS,
    CHANNELS,
    Choice,
    Contact,
    Matcher,
    Requirement,
    deadline,
    from_microseconds,
    idle_key,
    idle_since_of,
    microseconds,
    reason_for,
)
from tests.routing.test_matcher_agrees_with_brute_force import Twins

SIZES = (200, 2_000, 20_000, 170_000)
LIVE_SIZES, LIVE_COMMANDS = (200, 34_000), 30_000
PROFILES = SKILLS = 200
SKILLS_EACH = 5
BUSY = 0.9
ROUNDS, EACH, WARMING = 7, 30_000, 20_000
TARGETS = (20, 60, 300, 14_400, 14_400)
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
TIMEOUT = timedelta(seconds=30)

Skills = dict[str, int]


def draw_skills(chance: random.Random) -> Skills:
    """Draw what one profile can do."""
    return {f"skill-{n:03}": chance.randint(1, 5) for n in sorted(chance.sample(range(SKILLS), SKILLS_EACH))}


class Hall:
    """So many agents on one matcher, nine in ten busy; keeps only what the measuring needs."""

    def __init__(self, size: int, *, own_profiles: bool = False) -> None:
        self.chance = random.Random(size)
        self.matcher = Matcher()
        for number in range(SKILLS):
            self.matcher.set_queue(f"queue-{number:03}", [Requirement.of({f"skill-{number:03}": 1 + number % 3})])
        profiles = [draw_skills(self.chance) for _ in range(PROFILES)]
        for number in range(size):
            skills = draw_skills(self.chance) if own_profiles else profiles[number % PROFILES]
            self.matcher.set_agent(f"agent-{number:06}", skills)
        self.now = microseconds(START)
        self.busy = sorted(self.matcher.roster.agents)
        self.chance.shuffle(self.busy)
        self.wanted = int(size * BUSY)
        for agent_id in self.busy[self.wanted :]:
            self.now += 1_000
            self.matcher.free(agent_id, ALL_CHANNELS, idle_key(0, self.now))
        del self.busy[self.wanted :]
        self.number = 0

    def offer(self, choice: Choice, at: int) -> routing.OfferMade:
        """Make the event of a choice, as the live core does."""
        self.number += 1
        now = from_microseconds(at)
        return routing.OfferMade(
            offer_id=seeded_id(now, "bench", self.number),
            interaction_id=choice.contact.id,
            agent_id=choice.agent.id,
            queue_id=choice.queue_id,
            expires_at=now + TIMEOUT,
            idle_since=from_microseconds(idle_since_of(choice.key)),
            reason=reason_for(choice, at, "work_ended" if choice.by_agent else "arrived"),
        )

    def arrive(self, contact_id: str, queue_id: str, channel: int) -> routing.OfferMade | None:
        """Decide for a contact that arrives."""
        due = deadline(self.now, TARGETS[channel], 0)
        choice = self.matcher.arrive(Contact(contact_id, channel, due, self.now, ((queue_id, 0),)))
        return None if choice is None else self.offer(choice, self.now)

    def free(self, agent_id: str) -> routing.OfferMade | None:
        """Decide for an agent who becomes free."""
        choice = self.matcher.free(agent_id, ALL_CHANNELS, idle_key(0, self.now))
        return None if choice is None else self.offer(choice, self.now)

    def run(self, count: int) -> tuple[list[int], int]:
        """Take so many decisions; returns how long each took, in ns, and how many were offers."""
        chance, busy, clock = self.chance, self.busy, time.perf_counter_ns
        draws = [(chance.random(), f"queue-{chance.randrange(SKILLS):03}", chance.randrange(4)) for _ in range(count)]
        took: list[int] = []
        offers = 0
        for number, (draw, queue_id, channel) in enumerate(draws):
            self.now += 500
            if len(busy) >= self.wanted:
                place = int(draw * len(busy))
                agent_id, busy[place] = busy[place], busy[-1]
                busy.pop()
                begun = clock()
                made = self.free(agent_id)
            else:
                contact_id = f"contact-{self.now}-{number}"
                begun = clock()
                made = self.arrive(contact_id, queue_id, channel)
            took.append(clock() - begun)
            if made is not None:
                offers += 1
                busy.append(made.agent_id)
        return took, offers


class Rounds:
    """What was measured of one hall, round by round."""

    def __init__(self, size: int, *, own_profiles: bool = False) -> None:
        begun = time.perf_counter()
        self.hall = Hall(size, own_profiles=own_profiles)
        self.setup_s = time.perf_counter() - begun
        self.params: dict[str, Param] = {"agents": size, "profiles": size if own_profiles else PROFILES}
        self.rates: list[float] = []
        self.per_cpu: list[float] = []
        self.took: list[int] = []
        self.offers = 0
        self.hall.run(WARMING)

    def once(self) -> None:
        """Measure one more round."""
        cpu = time.process_time()
        took, offers = self.hall.run(EACH)
        self.per_cpu.append(EACH / (time.process_time() - cpu))
        self.rates.append(EACH / (sum(took) / 1e9))
        self.took += took
        self.offers += offers

    def tell(self, bench: Bench) -> None:
        """Print the figures."""
        took = sorted(self.took)
        bench.figure("decisions_per_s", self.params, median(self.rates), "1/s")
        bench.figure("decisions_per_cpu_s_with_harness", self.params, median(self.per_cpu), "1/s")
        bench.figure("offers_per_decision", self.params, self.offers / len(took), "")
        for name, at in (("p50_us", 0.50), ("p99_us", 0.99), ("max_us", 1.0)):
            bench.figure(name, self.params, percentile(took, at) / 1000, "us")
        bench.figure("setup_s", self.params, self.setup_s, "s")


def measure(bench: Bench) -> None:
    """Measure all sizes in turn, again and again, so that a busy moment of the machine meets each alike."""
    measured = [Rounds(size) for size in SIZES] + [Rounds(SIZES[-1], own_profiles=True)]
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for one in measured:
            one.once()
    gc.unfreeze()
    for one in measured:
        one.tell(bench)
    few, many = measured[0], measured[len(SIZES) - 1]
    params: dict[str, Param] = {"agents": SIZES[-1], "to_agents": SIZES[0]}
    bench.figure("time_ratio", params, median(few.rates) / median(many.rates), "")
    bench.figure("time_ratio_cpu_with_harness", params, median(few.per_cpu) / median(many.per_cpu), "")


def compare(bench: Bench, seed: int, agents: int, decisions: int) -> bool:
    """Let a chooser that looks at everybody judge each choice and each second; prints whether all agreed."""
    agreed = True
    twins = Twins(seed, agents, queues=20)
    try:
        while twins.decisions < decisions:
            twins.step()
    except AssertionError:
        agreed = False
    params = {"agents": agents, "decisions": twins.decisions, "offers": twins.matches}
    bench.figure("identical_to_brute_force", params, agreed, "")
    return agreed


class Centre:
    """A whole live core in memory, rows and all: queues, agents who are there, nine in ten of them on a call."""

    def __init__(self, size: int) -> None:
        self.core = LiveCore((people.component, interactions.component, routing.component))
        self.world = self.core.new_world(TenantId(seeded_id(START, "tenant", 0)))
        self.chance, self.now, self.count = random.Random(size), START, 0
        self.held: list[tuple[str, str]] = []
        self.wanted = int(size * BUSY)
        skills = [seeded_id(START, "skill", number) for number in range(SKILLS)]
        self.queues = [seeded_id(START, "queue", number) for number in range(SKILLS)]
        for queue_id, skill in zip(self.queues, skills, strict=True):
            circles = [routing.Circle(skills={skill: 1})]
            self.decide(routing.ConfigureQueue(queue_id=queue_id, version=1, circles=circles))
        profiles = [dict.fromkeys(self.chance.sample(skills, SKILLS_EACH), 3) for _ in range(PROFILES)]
        bounds = dict.fromkeys(CHANNELS, 1)
        for number in range(size):
            agent_id, can = seeded_id(START, "agent", number), profiles[number % PROFILES]
            self.decide(people.ConfigureAgent(agent_id=agent_id, version=1, skills=can, bounds=bounds))
            self.decide(people.SetPresence(agent_id, "available"))
        while len(self.held) < self.wanted:
            self.step()

    def decide(self, command: Command) -> None:
        """Decide a command, take what is offered, and keep the books as the engine does."""
        self.count += 1
        self.now += timedelta(milliseconds=1)
        events = self.core.decide(self.world, command, self.now, f"{self.count}")
        for store in self.world.stores.values():
            store.take_touched()
        for event in events:
            if isinstance(event, routing.OfferMade):
                self.held.append((event.interaction_id, event.agent_id))
                self.decide(routing.AcceptOffer(event.offer_id, event.agent_id))

    def step(self) -> None:
        """End a call when nine in ten agents are busy, else let one arrive."""
        if len(self.held) < self.wanted:
            incoming = interactions.Incoming(channel="voice", queue_id=self.chance.choice(self.queues))
            self.decide(interactions.Open(incoming))
        else:
            place = self.chance.randrange(len(self.held))
            (work, agent_id), self.held[place] = self.held[place], self.held[-1]
            self.held.pop()
            self.decide(interactions.Close(work, agent_id))


def measure_live(bench: Bench, size: int) -> None:
    """Print how many commands a whole live core decides in memory: arrival, offer, acceptance and end."""
    centre = Centre(size)
    gc.collect()
    gc.freeze()
    begun, cpu, count = time.perf_counter(), time.process_time(), centre.count
    while centre.count - count < LIVE_COMMANDS:
        centre.step()
    wall, cpu = time.perf_counter() - begun, time.process_time() - cpu
    gc.unfreeze()
    bench.figure("live_commands_per_s", {"agents": size}, (centre.count - count) / wall, "1/s")
    bench.figure("live_commands_per_cpu_s", {"agents": size}, (centre.count - count) / cpu, "1/s")


def main() -> int:
    """Measure everything; fails when a choice differs from that of the chooser who looks at everybody."""
    bench = Bench("decision")
    measure(bench)
    for size in LIVE_SIZES:
        measure_live(bench, size)
    agreed = [compare(bench, 7, 60, 20_000), compare(bench, 8, 400, 10_000)]
    bench.write()
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    sys.exit(main())
