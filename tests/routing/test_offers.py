"""Offers: one at a time, taken once, given back to their original place, and never after a pause was answered."""

from typing import Any

import pytest

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Refused
from intercanal.people import live as people
from intercanal.routing import live as routing
from tests.routing.floor import Floor, some_id


@pytest.fixture
def floor() -> Floor:
    floor = Floor()
    floor.queue()
    return floor


def presence(floor: Floor, name: str) -> str:
    return floor.world.store(people.AgentRow)[some_id(name)].presence


class TestOffer:
    def test_given_an_idle_agent_when_work_arrives_then_it_is_offered_with_its_reason(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(90)
        work = floor.work()
        offer = floor.offer_to("ada")
        assert offer is not None
        assert offer.interaction_id == work
        assert offer.reason.code == "routing.longest_idle"
        assert offer.reason.facts["idle_s"] == 90.0
        assert offer.reason.facts["trigger"] == "arrived"
        assert offer.reason.facts["second_agent_id"] is None
        assert floor.row(work).state == "offered"

    def test_given_waiting_work_when_an_agent_comes_then_the_nearest_deadline_is_offered(self, floor: Floor) -> None:
        mail, call = floor.work(), floor.work(channel="voice")
        chat = floor.work(channel="chat")
        floor.agent("ada")
        offer = floor.offer_to("ada")
        assert offer is not None
        assert offer.interaction_id == call
        assert offer.reason.code == "routing.nearest_deadline"
        assert offer.reason.facts["second_interaction_id"] == chat
        assert floor.row(mail).state == "queued"

    def test_an_agent_has_one_offer_at_a_time(self, floor: Floor) -> None:
        floor.agent("ada")
        first, second = floor.work(), floor.work()
        assert floor.shown("ada") == first
        assert floor.row(second).state == "queued"
        floor.accept("ada")
        assert floor.shown("ada") == second

    def test_longest_idle_counts_from_the_end_of_the_last_work(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(5)
        floor.agent("bob")
        floor.advance(5)
        first = floor.work(channel="voice")
        assert floor.accept("ada") == first
        floor.advance(60)
        floor.close(first)
        floor.advance(60)
        work = floor.work(channel="voice")
        assert floor.shown("bob") == work
        offer = floor.offer_to("bob")
        assert offer is not None
        assert offer.reason.facts["second_agent_id"] == some_id("ada")
        assert offer.reason.facts["second_idle_s"] == 60.0

    def test_who_has_less_in_hand_comes_before_who_idles_longer(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.work(channel="chat")
        floor.accept("ada")
        floor.advance(3600)
        floor.agent("bob")
        work = floor.work(channel="chat")
        assert floor.shown("bob") == work

    def test_capacity_is_one_call_or_three_chats_and_two_mails(self, floor: Floor) -> None:
        floor.agent("ada")
        taken: list[interactions.Channel] = ["chat", "chat", "chat", "mail", "mail"]
        for channel in taken:
            floor.work(channel=channel)
            floor.accept("ada")
        more: list[interactions.Channel] = ["chat", "mail", "voice"]
        assert [floor.row(floor.work(channel=channel)).state for channel in more] == ["queued"] * 3

    def test_given_a_gap_the_next_offer_waits_for_its_end(self, floor: Floor) -> None:
        floor.agent("ada", gap_min_s=20)
        first, second = floor.work(channel="voice"), floor.work(channel="voice")
        floor.accept("ada")
        floor.close(first)
        assert floor.shown("ada") is None
        floor.advance(19)
        assert floor.shown("ada") is None
        floor.advance(1)
        assert floor.shown("ada") == second


class TestAccept:
    def test_taking_it_twice_is_taking_it_once(self, floor: Floor) -> None:
        floor.agent("ada")
        work = floor.work()
        offer = floor.offer_to("ada")
        assert offer is not None
        floor.accept("ada")
        assert floor.do(routing.AcceptOffer(offer.id, offer.agent_id)) == ()
        assert floor.row(work).agent_id == some_id("ada")

    def test_only_its_agent_may_take_it(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(1)
        floor.agent("bob")
        floor.work()
        offer = floor.offer_to("ada")
        assert offer is not None
        with pytest.raises(Refused, match=r"routing\.offer_unknown"):
            floor.do(routing.AcceptOffer(offer.id, some_id("bob")))

    def test_past_its_time_it_is_refused_even_before_its_timer_fires(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.work()
        offer = floor.offer_to("ada")
        assert offer is not None
        floor.now = offer.expires_at
        with pytest.raises(Refused, match=r"routing\.offer_expired"):
            floor.do(routing.AcceptOffer(offer.id, offer.agent_id))


class TestGiveBack:
    @pytest.mark.parametrize("answer", ["decline", "miss"])
    def test_after_not_now_or_silence_the_agent_is_paused_and_the_work_keeps_its_place(
        self, floor: Floor, answer: str
    ) -> None:
        floor.agent("ada")
        first = floor.work()
        floor.advance(10)
        second = floor.work()
        floor.advance(5)
        if answer == "decline":
            floor.decline("ada")
        else:
            floor.advance(30)
        assert presence(floor, "ada") == "paused"
        assert [floor.row(work).state for work in (first, second)] == ["queued", "queued"]
        floor.agent("bob")
        assert floor.shown("bob") == first
        assert floor.row(first).arrived_at < floor.row(second).arrived_at

    def test_a_returned_offer_goes_on_to_the_next_agent_at_once(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(1)
        floor.agent("bob")
        work = floor.work()
        floor.decline("ada")
        assert floor.shown("bob") == work

    def test_when_the_work_goes_its_offer_is_withdrawn_and_the_agent_keeps_their_place(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(10)
        floor.agent("bob")
        floor.advance(10)
        work = floor.work()
        assert floor.shown("ada") == work
        events = floor.do(interactions.Close(work))
        assert [e.cause for e in events if isinstance(e, routing.OfferWithdrawn)] == ["work_gone"]
        assert floor.shown("ada") is None
        again = floor.work()
        assert floor.shown("ada") == again


class TestAway:
    def test_after_a_pause_the_offer_is_gone_and_none_appears(self, floor: Floor) -> None:
        floor.agent("ada")
        work = floor.work()
        floor.say("ada", "paused")
        assert floor.shown("ada") is None
        assert floor.row(work).state == "queued"
        floor.work()
        assert floor.shown("ada") is None

    def test_pause_after_this_one_withdraws_what_was_not_taken(self, floor: Floor) -> None:
        floor.agent("ada")
        held, shown = floor.work(), floor.work()
        floor.accept("ada")
        assert floor.shown("ada") == shown
        floor.do(people.AskPauseAfter(some_id("ada")))
        assert floor.row(shown).state == "queued"
        floor.close(held)
        assert presence(floor, "ada") == "paused"
        assert floor.shown("ada") is None

    def test_a_lost_screen_stops_new_offers_and_after_a_minute_returns_the_open_one(self, floor: Floor) -> None:
        floor.queue(version=2, offer_timeout_s=300)
        floor.agent("ada")
        floor.do(people.OpenConnection(some_id("ada"), some_id("screen")))
        work = floor.work()
        floor.do(people.LoseConnection(some_id("ada"), some_id("screen")))
        assert floor.shown("ada") == work
        floor.advance(59)
        assert floor.shown("ada") == work
        floor.advance(1)
        assert floor.row(work).state == "queued"
        floor.do(people.OpenConnection(some_id("ada"), some_id("screen again")))
        assert floor.shown("ada") == work

    def test_without_a_screen_nothing_new_is_offered(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.do(people.OpenConnection(some_id("ada"), some_id("screen")))
        floor.do(people.LoseConnection(some_id("ada"), some_id("screen")))
        work = floor.work()
        assert floor.row(work).state == "queued"

    def test_when_the_core_forgets_all_screens_nothing_new_is_offered(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.do(people.OpenConnection(some_id("ada"), some_id("screen")))
        floor.do(people.ForgetConnections())
        assert floor.row(floor.work()).state == "queued"


class TestLastAgent:
    def test_is_chosen_when_there_and_free_and_the_reason_says_so(self, floor: Floor) -> None:
        floor.agent("ada")
        floor.advance(10)
        floor.agent("bob")
        work = floor.work(preferred_agent_id=some_id("bob"))
        offer = floor.offer_to("bob")
        assert offer is not None
        assert offer.interaction_id == work
        assert offer.reason.code == "routing.preferred_agent"
        assert offer.reason.facts["second_agent_id"] == some_id("ada")

    @pytest.mark.parametrize("state", ["paused", "offline", "busy"])
    def test_is_not_waited_for(self, floor: Floor, state: Any) -> None:
        floor.agent("bob")
        if state == "busy":
            floor.work(channel="voice")
            floor.accept("bob")
        else:
            floor.say("bob", state)
        floor.agent("ada")
        work = floor.work(preferred_agent_id=some_id("bob"))
        assert floor.shown("ada") == work

    def test_a_direct_transfer_is_offered_to_its_recipient_alone(self, floor: Floor) -> None:
        floor.agent("ada")
        work = floor.work(channel="chat")
        floor.accept("ada")
        floor.agent("bob")
        floor.agent("cid")
        floor.work(channel="voice")
        floor.accept("bob")
        floor.do(interactions.Transfer(interaction_id=work, agent_id=some_id("ada"), to_agent_id=some_id("bob")))
        assert floor.row(work).state == "queued"
        call = next(row.id for row in floor.world.store(interactions.InteractionRow) if row.channel == "voice")
        floor.close(call)
        offer = floor.offer_to("bob")
        assert offer is not None
        assert offer.interaction_id == work
        assert offer.reason.code == "routing.required_agent"
