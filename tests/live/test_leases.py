"""Who may answer for a shard: only who holds its lease, also when it was lost at an awkward moment."""

import asyncio

from intercanal.infra.bus.memory import MemoryLeases
from intercanal.infra.live.owner import Owner


class Shards:
    """Domains that take their time to open."""

    def __init__(self) -> None:
        self.may_open = asyncio.Event()
        self.served: set[int] = set()
        self.kept: set[int] = set()

    async def open_shard(self, shard: int) -> None:
        await self.may_open.wait()
        self.served.add(shard)

    def keep_shard(self, shard: int) -> None:
        self.kept.add(shard)

    async def drop_shard(self, shard: int) -> None:
        self.served.discard(shard)


async def test_a_lease_lost_while_its_shard_is_opened_leaves_nothing_served() -> None:
    leases, shards = MemoryLeases(), Shards()
    owner = Owner(leases, shards, "a")
    starting = asyncio.create_task(owner.start())
    async with asyncio.timeout(10):
        await asyncio.sleep(0)
        leases.expire("shard.3")
        assert await leases.acquire("shard.3", "b") is not None
        await owner._round()
        shards.may_open.set()
        await starting
    assert shards.served == {0, 1, 2, 4, 5, 6, 7}
    assert shards.kept == shards.served
    await owner.stop()
