"""A small centre behind the API: two queues, two agents, an integration that hands work in."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from intercanal.kernel.ids import TenantId
from tests.interactions.desk import OTHER_QUEUE, QUEUE, Accept, AddQueue, MakeOffer
from tests.people.api import Api, Caller


@dataclass
class Centre:
    """Everybody in the centre, and what they do most."""

    api: Api
    tenant_id: TenantId
    admin: Caller
    ana_id: str
    ana: Caller
    ben_id: str
    ben: Caller

    async def arrive(self, text: str = "Bonjour", **more: object) -> dict[str, Any]:
        """Hand work in."""
        begun: dict[str, Any] = await self.admin.post("/api/interactions", {"queue_id": QUEUE, "text": text, **more})
        return begun

    async def take(self, interaction_id: str, agent_id: str | None = None) -> None:
        """Let an agent have it, as a queue would."""
        for command in (MakeOffer, Accept):
            await self.api.engine.submit(
                self.tenant_id, command(interaction_id, agent_id or self.ana_id), actor="system"
            )

    async def held(self, channel: str = "task") -> str:
        """Hand work in and let Ana have it."""
        one: str = (await self.arrive(channel=channel))["id"]
        await self.take(one)
        return one

    async def get(self, interaction_id: str) -> dict[str, Any]:
        """Look at an interaction."""
        seen: dict[str, Any] = await self.admin.get(f"/api/interactions/{interaction_id}")
        return seen

    async def wait_for(self, interaction_id: str, state: str) -> None:
        """Wait until an interaction is in a state."""

        async def there() -> bool:
            return bool((await self.get(interaction_id))["state"] == state)

        await until(there)


async def make_centre(api: Api) -> Centre:
    """Make a tenant with its queues and agents."""
    tenant_id, admin = await api.tenant()
    for queue_id in (QUEUE, OTHER_QUEUE):
        await api.engine.submit(tenant_id, AddQueue(queue_id), actor="system")
    ana_id, ana = await api.agent(admin, "ana", country="BE")
    ben_id, ben = await api.agent(admin, "ben")
    for agent in (ana, ben):
        await agent.put("/api/people/me/presence", {"state": "available"})
    return Centre(api, tenant_id, admin, ana_id, ana, ben_id, ben)


async def until(look: Callable[[], Awaitable[object]], seconds: float = 10.0) -> None:
    """Wait for something that another part brings about; fails loudly when it does not come."""
    async with asyncio.timeout(seconds):
        while not await look():  # noqa: ASYNC110 - a test may look again and again; the product may not
            await asyncio.sleep(0.01)
