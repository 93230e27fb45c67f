"""Pause against offer, accept, decline and expiry in every order: after the pause is answered, no offer appears."""

from itertools import permutations

import pytest

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Command
from intercanal.people import live as people
from intercanal.routing import live as routing
from tests.routing.floor import Floor, some_id

STEPS = ("first arrives", "second arrives", "accept", "decline", "time passes", "colleague comes", "pause")
ADA = some_id("ada")


class Race:
    """One agent who pauses somewhere in the middle; `seen` is the offer that their screen last showed."""

    def __init__(self, wish: Command) -> None:
        self.floor = Floor()
        self.floor.queue()
        self.floor.agent("ada")
        self.wish = wish
        self.seen = some_id("no offer yet")

    def take(self, step: str) -> None:
        floor = self.floor
        if step.endswith("arrives"):
            floor.work(channel="mail")
        elif step == "accept":
            floor.may(routing.AcceptOffer(self.seen, ADA))
        elif step == "decline":
            floor.may(routing.DeclineOffer(self.seen, ADA))
        elif step == "time passes":
            floor.advance(31)
        elif step == "colleague comes":
            floor.agent("bob")
        else:
            floor.do(self.wish)
        shown = floor.offer_to("ada")
        self.seen = self.seen if shown is None else shown.id

    def run(self, order: tuple[str, ...]) -> None:
        paused_at = order.index("pause")
        for number, step in enumerate(order):
            held = self.held()
            self.take(step)
            if number >= paused_at:
                assert self.floor.offer_to("ada") is None, order
                assert all(row.offered_to != ADA for row in self.rows()), order
                assert self.held() <= held, order

    def rows(self) -> list[interactions.InteractionRow]:
        return list(self.floor.world.store(interactions.InteractionRow))

    def held(self) -> set[str]:
        return {row.id for row in self.rows() if row.agent_id == ADA}


ORDERS = list(permutations(STEPS))


WISHES = {
    "pause": people.SetPresence(ADA, "paused"),
    "leave": people.SetPresence(ADA, "offline"),
    "pause after this one": people.AskPauseAfter(ADA),
}


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("part", range(4))
def test_after_the_answer_to_a_pause_no_offer_appears(wish: str, part: int) -> None:
    """5,040 orders times three ways of saying it: 15,120 interleavings."""
    for order in ORDERS[part::4]:
        Race(WISHES[wish]).run(order)
