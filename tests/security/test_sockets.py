"""Events stay in their tenant, and no page but ours opens a socket."""

import asyncio
import contextlib
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.journeys.people import Agent, Centre
from tests.journeys.product import Product

pytestmark = pytest.mark.server


def address(product: Product, after: int) -> str:
    return f"{product.base.replace('http', 'ws', 1)}/api/realtime?after={after}"


async def lifecycle(centre: Centre, worker: Agent, queue: str) -> str:
    work = await centre.work(queue)
    await worker.shown(work)
    await worker.accept(work)
    await worker.close_work(work)
    return work


async def test_a_tenant_that_listens_hears_nothing_of_another_that_works(product: Product, centre: Centre) -> None:
    other = await Centre.make(product)
    listener, worker, queue = await centre.agent(state="paused"), await other.agent(), await other.queue()
    after = (await listener.snapshot())["sequence"]
    heard: list[dict[str, Any]] = []
    headers = {"authorization": f"Bearer {listener.token}"}
    async with connect(address(product, after), additional_headers=headers) as socket:
        works = [await lifecycle(other, worker, queue) for _ in range(5)]
        await listener.be("available")
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(json.loads(await asyncio.wait_for(socket.recv(), 1)))
    caught_up = await listener.get("/api/realtime/frames", after=str(after))
    await other.close()

    types = [frame["event"]["type"] for frame in heard]
    assert "people.presence_changed" in types, "the listener's own change is heard"
    assert [frame["sequence"] for frame in caught_up["frames"]][: len(heard)] == [f["sequence"] for f in heard]
    for foreign in (worker.id, queue, *works):
        assert foreign not in json.dumps([heard, caught_up])


@pytest.mark.parametrize(
    ("token", "origin"),
    [(None, None), ("nonsense", None), ("good", "https://evil.example")],
    ids=["no token", "bad token", "foreign page"],
)
async def test_a_socket_is_refused_before_it_opens(
    product: Product, centre: Centre, token: str | None, origin: str | None
) -> None:
    agent = await centre.agent()
    headers = {} if token is None else {"authorization": f"Bearer {agent.token if token == 'good' else token}"}
    if origin is not None:
        headers["origin"] = origin
    with pytest.raises(InvalidStatus) as refusal:
        await connect(address(product, 0), additional_headers=headers)
    assert refusal.value.response.status_code in {401, 403}
