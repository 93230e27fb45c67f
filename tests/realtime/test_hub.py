"""Frames are numbered per subscription; a screen that reconnects inside the ring misses and repeats nothing."""

import asyncio
import json
import random
from datetime import UTC, datetime

import pytest

from intercanal.infra.live.feed import Acked, Decision
from intercanal.infra.realtime.hub import (
    CROWDED,
    OVERFLOW,
    QUEUE,
    RESET,
    REVOKED,
    SCREENS,
    GapError,
    Hub,
    Subscription,
)
from intercanal.kernel.ids import DomainId, TenantId
from tests.live.toy import Added

TENANT = TenantId("01900000-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def batch(first: int, *addressees: tuple[str, ...]) -> Acked:
    events = tuple(Added("a", first + i, "") for i in range(len(addressees)))
    last = first + len(events) - 1
    return Acked(TENANT, DomainId(TENANT), first, last, (Decision(last, AT, "t", events, addressees),))


def frames(subscription: Subscription) -> list[dict[str, object]]:
    found = []
    while not subscription.waiting.empty():
        entry = subscription.waiting.get_nowait()
        found.append(json.loads(entry) if isinstance(entry, str) else {"ended": entry.code})
    return found


def test_each_frame_names_the_one_before_it_in_its_own_subscription() -> None:
    hub = Hub()
    hub.opened(TENANT, 10)
    one, two = hub.attach(TENANT, "one", 10), hub.attach(TENANT, "two", 10)
    hub.heard(batch(11, ("one",), ("two",), (), ("one", "two")))
    assert [(f["sequence"], f["previous"]) for f in frames(one)] == [(11, 10), (14, 11)]
    assert [(f["sequence"], f["previous"]) for f in frames(two)] == [(12, 10), (14, 12)]


def test_a_screen_is_told_nothing_that_concerns_others() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    other = hub.attach(TENANT, "other", 0)
    hub.heard(batch(1, ("one",), ("one",)))
    assert frames(other) == []


@pytest.mark.parametrize("seed", range(20))
def test_cuts_at_random_places_lose_and_repeat_nothing(seed: int) -> None:
    chance = random.Random(seed)
    hub = Hub()
    hub.opened(TENANT, 0)
    expected, seen, known, sequence = [], [], 0, 1
    screen: Subscription | None = hub.attach(TENANT, "me", 0)
    for _ in range(300):
        size = chance.randint(1, 4)
        told = [("me",) if chance.random() < 0.3 else ("you",) for _ in range(size)]
        hub.heard(batch(sequence, *told))
        expected += [sequence + i for i, who in enumerate(told) if who == ("me",)]
        sequence += size
        if screen is not None:
            for frame in frames(screen):
                assert frame["previous"] <= known < frame["sequence"]  # type: ignore[operator]  # json numbers
                known = int(str(frame["sequence"]))
                seen.append(known)
            if chance.random() < 0.2:
                hub.detach(screen)
                screen = None
        elif chance.random() < 0.5:
            screen = hub.attach(TENANT, "me", known)
    if screen is None:
        screen = hub.attach(TENANT, "me", known)
    seen += [int(str(f["sequence"])) for f in frames(screen)]
    assert seen == expected


def test_before_the_ring_and_after_a_restart_a_snapshot_is_needed() -> None:
    hub = Hub(ring=3)
    hub.opened(TENANT, 5)
    with pytest.raises(GapError):
        hub.attach(TENANT, "me", 4)
    hub.heard(batch(6, *[("me",)] * 5))
    with pytest.raises(GapError):
        hub.attach(TENANT, "me", 6)
    assert [f["sequence"] for f in frames(hub.attach(TENANT, "me", 7))] == [8, 9, 10]
    with pytest.raises(GapError):
        hub.attach(TENANT, "me", 11)


def test_a_batch_that_never_came_ends_the_sockets_rather_than_hide_it() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    screen = hub.attach(TENANT, "me", 0)
    hub.heard(batch(1, ("me",)))
    hub.heard(batch(3, ("me",)))
    assert [f.get("sequence", f.get("ended")) for f in frames(screen)] == [1, RESET.code]


def test_a_slow_reader_is_cut_off_and_costs_nobody_else() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    slow = hub.attach(TENANT, "me", 0)
    hub.heard(batch(1, *[("me",)] * (QUEUE + 10)))
    found = frames(slow)
    assert found[-1] == {"ended": OVERFLOW.code}
    assert len(found) <= QUEUE
    again = hub.attach(TENANT, "me", QUEUE - 5)
    assert [f["sequence"] for f in frames(again)] == list(range(QUEUE - 4, QUEUE + 11))


def test_an_ended_session_loses_its_sockets_alone() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    mine, other = hub.attach(TENANT, "me", 0, "s1"), hub.attach(TENANT, "me", 0, "s2")
    hub.end(TENANT, "s1")
    hub.heard(batch(1, ("me",)))
    assert frames(mine) == [{"ended": REVOKED.code}]
    assert [f["sequence"] for f in frames(other)] == [1]


async def test_a_snapshot_ahead_of_the_ring_is_waited_for_and_not_a_gap() -> None:
    hub = Hub()
    hub.opened(TENANT, 5)
    waiting = asyncio.create_task(hub.reach(TENANT, 6))
    await asyncio.sleep(0)
    hub.heard(batch(6, ("me",)))
    await asyncio.wait_for(waiting, 1)
    screen = hub.attach(TENANT, "me", 6)
    hub.heard(batch(7, ("me",)))
    assert [(f["sequence"], f["previous"]) for f in frames(screen)] == [(7, 6)]


async def test_a_sequence_that_never_comes_is_a_gap() -> None:
    hub = Hub()
    hub.opened(TENANT, 5)
    await hub.reach(TENANT, 9, patience_s=0.01)
    with pytest.raises(GapError):
        hub.attach(TENANT, "me", 9)


def test_a_second_screen_that_knows_less_sees_no_gap_where_nothing_was_missed() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    hub.heard(batch(1, *[("you",)] * 9))
    first, second = hub.attach(TENANT, "me", 9), hub.attach(TENANT, "me", 4)
    hub.heard(batch(10, ("me",), ("me",)))
    assert [(f["sequence"], f["previous"]) for f in frames(first)] == [(10, 9), (11, 10)]
    assert [(f["sequence"], f["previous"]) for f in frames(second)] == [(10, 4), (11, 10)]


def test_a_domain_that_is_owned_here_no_more_keeps_no_screen_waiting_in_vain() -> None:
    hub = Hub()
    hub.opened(TENANT, 5)
    screen = hub.attach(TENANT, "me", 5)
    hub.closed(TENANT)
    assert frames(screen) == [{"ended": RESET.code}]
    with pytest.raises(GapError):
        hub.attach(TENANT, "me", 5)
    with pytest.raises(GapError):
        hub.since(TENANT, "me", 5)
    hub.opened(TENANT, 5)
    again = hub.attach(TENANT, "me", 5)
    hub.heard(batch(6, ("me",)))
    assert [(f["sequence"], f["previous"]) for f in frames(again)] == [(6, 5)]


def test_whoever_opens_sockets_without_end_keeps_the_newest_and_others_keep_theirs() -> None:
    hub = Hub()
    hub.opened(TENANT, 0)
    other = hub.attach(TENANT, "other", 0)
    mine = [hub.attach(TENANT, "me", 0) for _ in range(SCREENS + 3)]
    hub.heard(batch(1, ("me", "other")))
    assert [frames(each) for each in mine[:3]] == [[{"ended": CROWDED.code}]] * 3
    assert [[f["sequence"] for f in frames(each)] for each in (*mine[3:], other)] == [[1]] * (SCREENS + 1)
