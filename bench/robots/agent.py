"""An agent at a screen: snapshot, socket, offers; answers and closes; pauses, leaves and vanishes as people do."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec

from bench.robots.caller import Caller, GaveUpError, RefusedError, Tally, new_key
from bench.robots.diary import Act, Diary
from bench.robots.http import LostError
from bench.robots.manners import Manners
from bench.robots.screen import Screen

RESET: Final = 4009  # the hub's word for: take a snapshot again
REVOKED: Final = 4001
BACK_AFTER_S: Final = 0.2


class Fact(msgspec.Struct):
    """What a robot reads of an event."""

    type: str
    interaction_id: str | None = None
    offer_id: str | None = None
    agent_id: str | None = None
    state: str | None = None


class Frame(msgspec.Struct):
    """One text of the socket."""

    sequence: int
    previous: int
    event: Fact


class ShownOffer(msgspec.Struct):
    """An offer as the snapshot has it."""

    id: str
    interaction_id: str


class ShownWork(msgspec.Struct):
    """Work in hand as the snapshot has it."""

    id: str


class Presence(msgspec.Struct):
    """One's own presence."""

    state: str


class Snapshot(msgspec.Struct):
    """What a screen begins with."""

    sequence: int
    presence: Presence | None
    offers: list[ShownOffer]
    work: list[ShownWork]


class Got(msgspec.Struct):
    """The id in an answer."""

    id: str


class Seen:
    """What an agent saw, for whoever measures; times are of `perf_counter_ns` in the robots' process.

    `offers_while_away` counts by the order of the agent's own events: an offer made after a pause and before its end.
    """

    def __init__(self) -> None:
        self.snapshots = 0
        self.gaps = 0
        self.reconnections = 0
        self.offers_while_away = 0
        self.closed = 0
        self.offers: list[tuple[str, int, int]] = []  # interaction, seen at, free since
        self.accepted: dict[str, int] = {}


_decode_frame: Final = msgspec.json.Decoder(Frame).decode
_decode_id: Final = msgspec.json.Decoder(Got).decode


class Agent:
    """One robot; `work` runs until `leave`."""

    def __init__(self, caller: Caller, agent_id: str, diary: Diary, manners: Manners, seed: int = 0) -> None:
        self.id = agent_id
        self.seen = Seen()
        self.manners = manners
        self.is_available = False
        self.on_offer: Callable[[str], None] | None = None
        self._caller = caller
        self._diary = diary
        self._chance = random.Random(seed)
        self._screen: Screen | None = None
        self._last: int | None = None
        self._free_at = 0
        self._gone = False
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._offers: dict[str, asyncio.Task[None]] = {}
        self._ready = asyncio.Event()

    def count_into(self, tally: Tally) -> None:
        """Have what this robot sees from now on counted apart."""
        self._caller.tally = tally

    async def work(self) -> None:
        """Be at the screen until told to leave; a cut, a restart and a reset are come back from."""
        while not self._gone:
            try:
                await self._sit_down()
            except (LostError, GaveUpError):
                await _pause(BACK_AFTER_S)

    async def ready(self) -> None:
        """Wait until the socket is open."""
        await self._ready.wait()

    async def be(self, state: str) -> None:
        """Say where one is."""
        if state == "available":
            self._free_at = time.perf_counter_ns()
        await self._caller.put("/api/people/me/presence", {"state": state})

    async def leave(self) -> None:
        """Finish what is in hand, go offline and close the screen."""
        while self._in_hand or self._offers:
            await asyncio.wait([*self._in_hand.values(), *self._offers.values()])
        self._gone = True
        with contextlib.suppress(RefusedError, GaveUpError):
            await self.be("offline")
        if self._screen is not None:
            self._screen.close()

    def vanish(self) -> None:
        """Be cut off without a word, work and all; `work` comes back by itself."""
        if self._screen is not None:
            self._screen.vanish()

    async def stop(self) -> None:
        """End this robot at once, without a word to the server."""
        self._gone = True
        tasks = [*self._in_hand.values(), *self._offers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.vanish()

    async def _sit_down(self) -> None:
        if self._last is None:
            await self._look()
        http = self._caller.http
        path = f"/api/realtime?after={self._last}"
        self._screen = await Screen.open(http.host, http.port, path, self._caller.token, self._heard)
        self._ready.set()
        code = await self._screen.closed
        self._screen = None
        self.seen.reconnections += 1
        if code == RESET:
            self._last = None
        if code == REVOKED:
            self._gone = True

    async def _look(self) -> None:
        """Take a snapshot, and go on with what it shows."""
        self.seen.snapshots += 1
        shown = await self._caller.get("/api/realtime/snapshot", Snapshot)
        self._last = shown.sequence
        if shown.presence is not None:
            self.is_available = shown.presence.state == "available"
        for work in shown.work:
            self._begin(self._in_hand, work.id, self._finish(work.id))
        for offer in shown.offers:
            self._begin(self._offers, offer.id, self._answer(offer.id, offer.interaction_id))

    def _heard(self, text: bytes) -> None:
        frame = _decode_frame(text)
        if self._last is None or frame.sequence <= self._last:
            return
        if frame.previous > self._last:
            self.seen.gaps += 1
            self._last = None
            self.vanish()
            return
        self._last = frame.sequence
        event = frame.event
        if event.agent_id != self.id:
            return
        if event.type == "routing.offer_made":
            self._was_offered(event.offer_id or "", event.interaction_id or "")
        elif event.type == "people.presence_changed":
            self.is_available = event.state == "available"

    def _was_offered(self, offer_id: str, interaction_id: str) -> None:
        self.seen.offers.append((interaction_id, time.perf_counter_ns(), self._free_at))
        if not self.is_available:
            self.seen.offers_while_away += 1
        if self.on_offer is not None:
            self.on_offer(interaction_id)
        self._begin(self._offers, offer_id, self._answer(offer_id, interaction_id))

    def _begin(self, tasks: dict[str, asyncio.Task[None]], name: str, doing: Coroutine[Any, Any, None]) -> None:
        if name in tasks:
            doing.close()
            return
        task = tasks[name] = asyncio.create_task(doing)
        task.add_done_callback(lambda _: tasks.pop(name, None))

    async def _answer(self, offer_id: str, interaction_id: str) -> None:
        """Take an offer, or do not; nothing is wrong when it has gone meanwhile."""
        drawn = self._chance.random()
        if drawn < self.manners.ignore:
            return
        if drawn < self.manners.ignore + self.manners.decline:
            if await self._do("declined", f"/api/routing/offers/{offer_id}/decline", offer_id):
                await _pause(self.manners.away_s)
                await self._come_back()
            return
        if await self._do("accepted", f"/api/routing/offers/{offer_id}/accept", offer_id):
            self.seen.accepted[interaction_id] = time.perf_counter_ns()
            self._begin(self._in_hand, interaction_id, self._finish(interaction_id))

    async def _finish(self, interaction_id: str) -> None:
        """Answer, say how it ended, close; each at its own time after the beginning."""
        begun, takes = time.monotonic(), self.manners.handling(self._chance)
        path = f"/api/interactions/{interaction_id}"
        acts: tuple[tuple[Act, str, dict[str, str], float], ...] = (
            ("sent", "messages", {"text": f"Answer to {interaction_id}"}, 0.6),
            ("wrapped_up", "wrap-up", {}, 0.9),
            ("closed", "close", {}, 1.0),
        )
        for act, last, body, share in acts:
            await _pause(begun + takes * share - time.monotonic())
            if not await self._do(act, f"{path}/{last}", interaction_id, body):
                return
        self.seen.closed += 1
        await self._after_contact()

    async def _after_contact(self) -> None:
        drawn, manners = self._chance.random(), self.manners
        if drawn < manners.vanish:
            self.vanish()
        elif drawn < manners.vanish + manners.pause:
            await self._go("paused")
        elif drawn < manners.vanish + manners.pause + manners.leave:
            await self._go("offline")

    async def _go(self, state: str) -> None:
        with contextlib.suppress(RefusedError, GaveUpError):
            await self.be(state)
        await _pause(self.manners.away_s)
        await self._come_back()

    async def _come_back(self) -> None:
        if not self._gone:
            with contextlib.suppress(RefusedError, GaveUpError):
                await self.be("available")

    async def _do(self, act: Act, path: str, about: str, body: object = None) -> bool:
        """Ask for something once, however often it takes; False when it was refused or never answered."""
        key = new_key()
        self._diary.asks(act, key, about)
        if act == "closed":
            # From here on: the offer that follows may arrive before the answer to this.
            self._free_at = time.perf_counter_ns()
        try:
            answer = await self._caller.post(path, body or {}, key=key, what=act)
        except (RefusedError, GaveUpError):
            return False
        self._diary.was_told(act, key, about, _decode_id(answer.body).id)
        return True


async def _pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)
