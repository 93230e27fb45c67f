"""Owners of one tenant's live work, with the real components on a real journal, and a seeded day for them to decide."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from intercanal.apps.live import make_core
from intercanal.infra.live.engine import Engine
from intercanal.infra.live.feed import Acked
from intercanal.infra.live.journal import Journal
from intercanal.interactions import live as interactions
from intercanal.kernel.clock import Clock, SystemClock
from intercanal.kernel.errors import IntercanalError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command
from intercanal.people import live as people
from intercanal.routing import live as routing

CHANNELS: tuple[interactions.Channel, ...] = ("mail", "task", "chat", "voice", "messaging")


def fresh_id() -> str:
    return new_id(SystemClock().now())


class House:
    """One database, and the engines that believe they own what is in it."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.engines: list[Engine] = []
        self.acked: list[Acked] = []

    def owner(self, clock: Clock | None = None) -> Engine:
        """Start one more owner; the one before is not told."""
        core = make_core()
        on_open = (people.ForgetConnections(),)
        engine = Engine(core, Journal(self.pool, core, "test"), clock or SystemClock(), on_open=on_open)
        engine.listeners.append(self.acked.append)
        self.engines.append(engine)
        return engine


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    pool = await asyncpg.create_pool(url, min_size=1, max_size=8)
    made = House(pool)
    try:
        yield made
        for engine in made.engines:
            await engine.drain()
    finally:
        pool.terminate()


class Day:
    """Arrivals, answers, ends, comings and goings, drawn from a seed and from what the database shows."""

    def __init__(self, tenant_id: TenantId, seed: int, pool: "asyncpg.Pool[asyncpg.Record]", agents: int = 5) -> None:
        self.tenant_id = tenant_id
        self.chance = random.Random(seed)
        self.pool = pool
        self.agents = [fresh_id() for _ in range(agents)]
        self.queues = [fresh_id() for _ in range(3)]
        self.done = self.refused = 0

    async def set_up(self, engine: Engine) -> None:
        skill = fresh_id()
        circles = [
            [routing.Circle()],
            [routing.Circle(skills={skill: 4}), routing.Circle(after_s=5, skills={skill: 1})],
            [routing.Circle(skills={skill: 5})],
        ]
        overflow = routing.Overflow(10, self.queues[0])
        for queue_id, circle in zip(self.queues, circles, strict=True):
            spare = overflow if queue_id == self.queues[2] else None
            await self._do(engine, routing.ConfigureQueue(queue_id=queue_id, version=1, circles=circle, overflow=spare))
        for agent_id in self.agents:
            levels = {skill: self.chance.randint(1, 5)}
            bounds = dict(people.DEFAULT_BOUNDS)
            await self._do(engine, people.ConfigureAgent(agent_id=agent_id, version=1, skills=levels, bounds=bounds))
            await self._do(engine, people.SetPresence(agent_id, "available"))

    async def _do(self, engine: Engine, command: Command) -> None:
        try:
            await engine.submit(self.tenant_id, command, actor="test")
        except IntercanalError:
            self.refused += 1
        else:
            self.done += 1

    async def step(self, engine: Engine) -> None:
        """Something happens to somebody."""
        draw = self.chance.random()
        if draw < 0.35:
            await self._do(engine, self._arrival())
        elif draw < 0.65:
            await self._answer(engine)
        elif draw < 0.85:
            await self._end(engine)
        else:
            await self._do(engine, self._move())

    def _arrival(self) -> Command:
        preferred = self.chance.choice([None, None, *self.agents])
        return interactions.Open(
            interactions.Incoming(
                channel=self.chance.choice(CHANNELS),
                queue_id=self.chance.choice(self.queues),
                message_id=fresh_id(),
                priority=self.chance.choice([0, 0, 1]),
                preferred_agent_id=preferred,
            )
        )

    def _move(self) -> Command:
        agent_id, connection = self.chance.choice(self.agents), fresh_id()
        wishes: Sequence[Command] = (
            people.SetPresence(agent_id, "available"),
            people.SetPresence(agent_id, "available"),
            people.SetPresence(agent_id, "paused"),
            people.SetPresence(agent_id, "offline"),
            people.AskPauseAfter(agent_id),
            people.OpenConnection(agent_id, connection),
        )
        return self.chance.choice(wishes)

    async def _answer(self, engine: Engine) -> None:
        shown = await self.pool.fetch(
            "SELECT id::text, agent_id::text FROM routing_offers WHERE tenant_id = $1 AND state = 'open' ORDER BY id",
            self.tenant_id,
        )
        if shown:
            offer = self.chance.choice(shown)
            verb = routing.DeclineOffer if self.chance.random() < 0.15 else routing.AcceptOffer
            await self._do(engine, verb(offer["id"], offer["agent_id"]))

    async def _end(self, engine: Engine) -> None:
        held = await self.pool.fetch(
            "SELECT id::text, agent_id::text FROM interactions_interactions "
            "WHERE tenant_id = $1 AND state = 'held' ORDER BY id",
            self.tenant_id,
        )
        if not held:
            return
        work = self.chance.choice(held)
        command: Command = interactions.Close(work["id"], work["agent_id"])
        draw = self.chance.random()
        if draw < 0.15:
            soon = SystemClock().now() + timedelta(seconds=self.chance.randint(1, 600))
            command = interactions.Snooze(work["id"], work["agent_id"], soon)
        elif draw < 0.25:
            queue_id = self.chance.choice(self.queues)
            command = interactions.Transfer(interaction_id=work["id"], agent_id=work["agent_id"], to_queue_id=queue_id)
        await self._do(engine, command)
