"""The whole product under robots: how soon an offer is on a screen, what a contact costs, whether anything is lost.

The robots are in this process, the product in its own, over HTTP and WebSocket. A contact's life is six durable
events: opened, offered, held, answered, wrapped up, closed. An offer's time runs from the moment at which the contact's
request left or the agent's closing request left, whichever is later, to the frame at the agent's socket: the way in,
the decision, the journal and the way out are all in it.
"""

import argparse
import asyncio
import os
import random
import shutil
import time
from typing import Final

import msgspec
import uvloop

from bench import _usage
from bench._database import durability
from bench.common import Bench, percentile
from bench.robots.agent import Seen
from bench.robots.caller import Tally
from bench.robots.centre import Centre
from bench.robots.compare import Comparison, compare
from bench.robots.customer import Customer
from bench.robots.manners import Manners
from bench.robots.product import Product, Tenant, open_folder

AGENTS: Final = 500
RATE: Final = 200
SECONDS: Final = 60
SEARCH_SECONDS: Final = 15
BUSY: Final = 0.9  # share of the agents who are in a contact, on average
BUSY_IN_SEARCH: Final = 0.7  # so that it is not the agents who limit the rate when answers take longer
TARGET_MS: Final = 50
LIMIT_MS: Final = 200
STEP: Final = 1.25
GOAL: Final = 1000
FINISHES_WITHIN_S: Final = 30.0
LONGEST_S: Final = 8.0  # a contact at a low rate

Params = dict[str, str | int | float | bool]


class Outcome(msgspec.Struct):
    """What was seen at one rate."""

    rate: float
    seconds: float
    opened: int
    unanswered: int
    closed: int
    offers_us: list[int]
    waited_us: list[int]
    tally: Tally
    usage: _usage.Usage

    @property
    def is_held(self) -> bool:
        """Say whether the rate was kept up: everybody answered, everything closed, offers in time."""
        return (
            not self.unanswered
            and self.closed == self.opened
            and self.opened / self.seconds >= 0.95 * self.rate
            and bool(self.offers_us)
            and percentile(self.offers_us, 0.99) <= LIMIT_MS * 1000
        )


class Floor:
    """A tenant's floor of agents, and contacts that arrive at a rate whatever becomes of those before."""

    def __init__(self, product: Product, centre: Centre) -> None:
        self._product = product
        self._centre = centre
        self._chance = random.Random(7)

    @property
    def parts(self) -> dict[str, list[int]]:
        """Return the processes by part, the robots included."""
        return {**self._product.processes(), "robots": [os.getpid()]}

    async def run(self, rate: float, seconds: float, busy: float = BUSY) -> Outcome:
        """Bring contacts for a while, and wait until all are closed."""
        centre, customer = self._centre, self._centre.customer()
        tally = self._renew(busy * len(centre.agents) / rate)
        before, begun = _usage.look(self.parts), time.perf_counter()
        contacts = await self._bring(customer, rate, seconds)
        await asyncio.gather(*contacts)
        took = time.perf_counter() - begun
        await self._finish(len(customer.arrived))
        usage = _usage.look(self.parts).since(before)
        offers, waited = _times([agent.seen for agent in centre.agents], customer.arrived)
        return Outcome(
            rate=rate,
            seconds=took,
            opened=len(customer.arrived),
            unanswered=customer.unanswered,
            closed=sum(agent.seen.closed for agent in centre.agents),
            offers_us=offers,
            waited_us=waited,
            tally=tally,
            usage=usage,
        )

    def _renew(self, handling_s: float) -> Tally:
        tally = Tally()
        manners = Manners(handling_s=min(LONGEST_S, handling_s))
        self._centre.count_into(tally)
        for agent in self._centre.agents:
            agent.seen = Seen()
            agent.manners = manners
        return tally

    async def _bring(self, customer: Customer, rate: float, seconds: float) -> list[asyncio.Task[str | None]]:
        """Open contacts at instants drawn beforehand: a slow server does not make them come more slowly."""
        loop = asyncio.get_running_loop()
        contacts: list[asyncio.Task[str | None]] = []
        over: asyncio.Future[None] = loop.create_future()
        at, end = loop.time(), loop.time() + seconds
        while (at := at + self._chance.expovariate(rate)) < end:
            loop.call_at(at, lambda: contacts.append(asyncio.create_task(customer.contact())))
        loop.call_at(end, over.set_result, None)
        await over
        return contacts

    async def _finish(self, opened: int) -> None:
        agents = self._centre.agents
        end = time.monotonic() + FINISHES_WITHIN_S
        while sum(agent.seen.closed for agent in agents) < opened and time.monotonic() < end:
            await _moment()


async def _moment() -> None:
    await asyncio.sleep(0.1)


def _times(seen: list[Seen], arrived: dict[str, int]) -> tuple[list[int], list[int]]:
    """Return, sorted, the time of each offer in microseconds: of all, and of those for which an agent was awaited."""
    offers, waited = [], []
    for one in seen:
        for interaction_id, seen_at, free_at in one.offers:
            since = arrived.get(interaction_id)
            if since is None:
                continue
            offers.append((seen_at - max(since, free_at)) // 1000)
            if free_at > since:
                waited.append(offers[-1])
    return sorted(offers), sorted(waited)


def tell(bench: Bench, outcome: Outcome, agents: int) -> None:
    """Print what one rate gave."""
    params: Params = {"agents": agents, "rate": outcome.rate, "seconds": round(outcome.seconds, 1)}
    bench.figure("contacts_per_s", params, outcome.opened / outcome.seconds, "1/s")
    bench.figure("contacts_closed", params, outcome.closed, "1")
    for name, times in (("offer", outcome.offers_us), ("offer_when_agent_free", outcome.waited_us)):
        if times:
            bench.figure(f"{name}_count", params, len(times), "1")
            bench.figure(f"{name}_p50_ms", params, percentile(times, 0.5) / 1000, "ms")
            bench.figure(f"{name}_p99_ms", params, percentile(times, 0.99) / 1000, "ms")
            bench.figure(f"{name}_max_ms", params, times[-1] / 1000, "ms")
    for what, unsorted in sorted(outcome.tally.took.items()):
        times = sorted(unsorted)
        bench.figure("request_p50_ms", {**params, "act": what}, percentile(times, 0.5) / 1000, "ms")
        bench.figure("request_p99_ms", {**params, "act": what}, percentile(times, 0.99) / 1000, "ms")
    for code, count in sorted((outcome.tally.again + outcome.tally.refused).items()):
        bench.figure("asked_again_or_refused", {**params, "code": code}, count, "1")
    bench.figure("unanswered", params, outcome.unanswered, "1")
    for part, used in sorted(outcome.usage.parts.items()):
        each = used / max(1, outcome.closed) * 1_000_000
        bench.figure("cpu_us_per_contact", {**params, "process": part}, each, "us")
    bench.figure("cores_taken_by_others", params, outcome.usage.others / outcome.seconds, "1")


async def search(bench: Bench, floor: Floor, agents: int, seconds: float) -> None:
    """Find the highest rate that is held: upwards by a quarter, then once half-way back."""
    held, rate = 0.0, float(RATE)
    failed = 0.0
    while not failed:
        outcome = await floor.run(rate, seconds, BUSY_IN_SEARCH)
        tell(bench, outcome, agents)
        if outcome.is_held:
            held = rate
            if rate >= GOAL:
                break
            rate = min(float(GOAL), round(rate * STEP))
        else:
            failed = rate
    if failed and held:
        rate = round((held + failed) / 2)
        outcome = await floor.run(rate, seconds, BUSY_IN_SEARCH)
        tell(bench, outcome, agents)
        held = rate if outcome.is_held else held
    params: Params = {"agents": agents, "offer_p99_limit_ms": LIMIT_MS, "seconds": seconds, "goal": GOAL}
    bench.figure("highest_rate_held_per_s", params, held, "1/s")


def judge(bench: Bench, found: Comparison) -> None:
    """Print what the comparison after the restart found."""
    params: Params = {"acknowledged": found.acknowledged, "interactions": found.interactions, "events": found.events}
    for name, wrong in (("lost", found.lost), ("doubled", found.doubled), ("orphans", found.orphans)):
        bench.figure(name, params, len(wrong), "1")
        for line in wrong[:10]:
            print(line)


async def furnish(bench: Bench, product: Product, tenant: Tenant, agents: int) -> Centre:
    """Make the queue and the agents, and seat them."""
    centre = Centre(product.http(), tenant, product.data.parent / "diary.jsonl")
    begun = time.perf_counter()
    await centre.open_queue()
    await centre.hire(agents, Manners(), {"task": 1})
    bench.figure("agents_made_s", {"agents": agents}, time.perf_counter() - begun, "s")
    begun = time.perf_counter()
    await centre.seat()
    bench.figure("agents_seated_s", {"agents": agents}, time.perf_counter() - begun, "s")
    return centre


async def main(given: argparse.Namespace) -> int:
    """Measure on an empty folder; 1 when anything was lost, doubled or misplaced."""
    folder = open_folder()
    product = Product(folder)
    try:
        await product.start()
        bench = Bench("live", await durability(product.urls().superuser))
        tenant = await product.bootstrap("Robots")
        centre = await furnish(bench, product, tenant, given.agents)
        floor = Floor(product, centre)
        tell(bench, await floor.run(given.rate, given.seconds), given.agents)
        weigh(bench, product)
        if given.search:
            await search(bench, floor, given.agents, given.search)
            weigh(bench, product)
        seen = [agent.seen for agent in centre.agents]
        bench.figure("snapshots_taken_again", {}, sum(one.snapshots for one in seen), "1")
        bench.figure("offers_after_a_pause", {}, sum(one.offers_while_away for one in seen), "1")
        await centre.close()
        await product.stop()
        await product.start()
        found = await compare(centre.diary.path, product.urls().superuser, tenant.tenant_id)
        judge(bench, found)
        bench.write()
        return 0 if found.is_clean else 1
    finally:
        await product.remove()
        shutil.rmtree(folder, ignore_errors=True)


def weigh(bench: Bench, product: Product) -> None:
    """Print the memory of each part."""
    for part, pids in sorted(product.processes().items()):
        bench.figure("memory_mb", {"process": part}, _usage.memory(pids) / 1_000_000, "MB")


def arguments() -> argparse.Namespace:
    """Read the command line; a shorter run serves a quick look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--search", type=float, default=SEARCH_SECONDS, help="seconds a step; 0 for no search")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(uvloop.run(main(arguments())))
