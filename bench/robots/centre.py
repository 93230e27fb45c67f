"""Furnishes a tenant through the API: a queue, and agents by the hundred with bounded parallelism."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.robots.agent import Agent
from bench.robots.caller import Caller, Tally
from bench.robots.customer import Customer
from bench.robots.diary import Diary
from bench.robots.http import Http
from bench.robots.manners import Manners
from bench.robots.product import Tenant

AT_ONCE = 16


class _Made(msgspec.Struct):
    id: str


class _Token(msgspec.Struct):
    token: str


class Centre:
    """One tenant with its robots."""

    def __init__(self, http: Http, tenant: Tenant, diary: Path) -> None:
        self.tenant = tenant
        self.tally = Tally()
        self.diary = Diary(diary)
        self.admin = Caller(http, tenant.api_key, self.tally)
        self.agents: list[Agent] = []
        self.queue_id = ""
        self._http = http
        self._working: list[asyncio.Task[None]] = []

    async def open_queue(self, name: str = "Robots", **settings: object) -> str:
        """Make the queue that customers come to."""
        answer = await self.admin.post("/api/routing/queues", {"name": name, **settings}, what="queue")
        self.queue_id = msgspec.json.decode(answer.body, type=_Made).id
        return self.queue_id

    async def hire(self, count: int, manners: Manners, capacities: dict[str, int] | None = None) -> list[Agent]:
        """Make agents, each with a token; `capacities` are how much each takes at once, by channel."""
        room = asyncio.Semaphore(AT_ONCE)
        first = len(self.agents)

        async def hire_one(number: int) -> Agent:
            async with room:
                body = {"name": f"Robot {number}", "email": f"robot{number}@example.org"}
                bounds = {} if capacities is None else {"capacity_bounds": capacities}
                made = await self.admin.post("/api/people/agents", {**body, **bounds}, what="agent")
                agent_id = msgspec.json.decode(made.body, type=_Made).id
                told = await self.admin.post(f"/api/people/agents/{agent_id}/token", {}, what="token")
                token = msgspec.json.decode(told.body, type=_Token).token
                return Agent(Caller(self._http, token, self.tally), agent_id, self.diary, manners, seed=number)

        hired = await asyncio.gather(*(hire_one(first + number) for number in range(count)))
        self.agents.extend(hired)
        return hired

    def count_into(self, tally: Tally) -> None:
        """Have what every robot sees from now on counted apart."""
        self.tally = self.admin.tally = tally
        for agent in self.agents:
            agent.count_into(tally)

    def customer(self, channel: str = "task") -> Customer:
        """Return somebody who brings work through the API."""
        return Customer(self.admin, self.queue_id, self.diary, channel)

    async def seat(self, agents: Sequence[Agent] | None = None) -> None:
        """Put agents at their screens and make them available."""
        room = asyncio.Semaphore(AT_ONCE)

        async def seat_one(agent: Agent) -> None:
            async with room:
                self._working.append(asyncio.create_task(agent.work()))
                await agent.ready()
                await agent.be("available")

        await asyncio.gather(*(seat_one(agent) for agent in agents or self.agents))

    async def close(self) -> None:
        """Take every robot away at once; the server is not told."""
        await asyncio.gather(*(agent.stop() for agent in self.agents))
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self.diary.close()
        self._http.close()
