"""Presence as agents live it: one word changes it, screens come and go, a shift ends, a pause is never refused."""

from datetime import timedelta

import pytest

from intercanal.kernel.live import Command, Event, Refused
from intercanal.people import live as people
from tests.people.live_core import START, MemoryCore, refused, some_id

ANA = some_id("ana")


def bounds() -> dict[str, int]:
    return dict(people.DEFAULT_BOUNDS)


@pytest.fixture
def core() -> MemoryCore:
    made = MemoryCore([people.component])
    made.do(people.ConfigureAgent(agent_id=ANA, version=1, bounds=bounds()))
    return made


def ana(core: MemoryCore) -> people.AgentRow:
    return core.world.store(people.AgentRow)[ANA]


def kinds(events: tuple[Event, ...] | list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


class TestPresence:
    def test_a_new_agent_is_offline_and_gets_no_offer(self, core: MemoryCore) -> None:
        assert ana(core).presence == "offline"
        assert not people.may_be_offered(ana(core))
        assert not people.is_present(ana(core), "mail")

    def test_a_token_session_that_never_opened_a_socket_is_present(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "available"))
        core.advance(3600)
        assert people.may_be_offered(ana(core))
        assert people.is_present(ana(core), "chat")

    def test_paused_is_present_but_never_offered(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "available"))
        core.do(people.SetPresence(ANA, "paused"))
        assert people.is_present(ana(core), "chat")
        assert not people.may_be_offered(ana(core))

    def test_the_same_word_twice_changes_nothing(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "paused"))
        assert core.do(people.SetPresence(ANA, "paused")) == ()

    def test_an_unknown_agent_is_refused(self, core: MemoryCore) -> None:
        with refused("people.agent_unknown"):
            core.do(people.SetPresence(some_id("nobody"), "paused"))

    @pytest.mark.parametrize("first", ["available", "paused", "offline"])
    @pytest.mark.parametrize(
        "before",
        [
            people.OpenConnection(ANA, "s1"),
            people.AskPauseAfter(ANA),
            people.ChooseCapacity(ANA, {"chat": 0, "mail": 0}),
            people.ForgetConnections(),
        ],
    )
    def test_a_pause_is_never_refused(self, core: MemoryCore, first: people.Presence, before: Command) -> None:
        core.do(people.SetPresence(ANA, first))
        try:
            core.do(before)
        except Refused:
            assert isinstance(before, people.AskPauseAfter)
            assert first == "offline"
        core.do(people.SetPresence(ANA, "paused"))
        assert ana(core).presence == "paused"
        assert not people.may_be_offered(ana(core))

    def test_the_shift_ends_after_its_length_from_the_first_word(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "available", 10))
        core.advance(3600)
        core.do(people.SetPresence(ANA, "paused", 10))
        core.do(people.SetPresence(ANA, "available", 10))
        assert core.advance(9 * 3600 - 1) == []
        (event,) = core.advance(1)
        assert isinstance(event, people.PresenceChanged)
        assert (event.state, event.cause) == ("offline", "shift_ended")
        assert ana(core).since == START + timedelta(hours=10)

    def test_a_retired_agent_leaves_at_once_and_cannot_return(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "available"))
        events = core.do(people.ConfigureAgent(agent_id=ANA, version=2, bounds=bounds(), retired=True))
        assert kinds(events) == ["AgentConfigured", "PresenceChanged"]
        with pytest.raises(Refused):
            core.do(people.SetPresence(ANA, "available"))


class TestScreens:
    @pytest.fixture(autouse=True)
    def seated(self, core: MemoryCore) -> None:
        core.do(people.SetPresence(ANA, "available"))
        core.do(people.OpenConnection(ANA, "tab1"))
        core.do(people.OpenConnection(ANA, "tab2"))

    def test_a_second_screen_keeps_the_agent_there(self, core: MemoryCore) -> None:
        core.do(people.LoseConnection(ANA, "tab1"))
        assert people.may_be_offered(ana(core))

    def test_the_last_screen_lost_stops_new_offers_at_once(self, core: MemoryCore) -> None:
        core.do(people.LoseConnection(ANA, "tab1"))
        core.do(people.LoseConnection(ANA, "tab2"))
        assert not people.may_be_offered(ana(core))
        assert people.is_present(ana(core), "chat")

    def test_after_a_minute_live_work_is_no_longer_theirs_but_mail_is(self, core: MemoryCore) -> None:
        core.do(people.LoseConnection(ANA, "tab1"))
        core.do(people.LoseConnection(ANA, "tab2"))
        assert core.advance(59.9) == []
        assert kinds(core.advance(0.1)) == ["AbsenceDeclared"]
        assert not people.is_present(ana(core), "chat")
        assert not people.is_present(ana(core), "messaging")
        assert people.is_present(ana(core), "mail")
        assert ana(core).presence == "available"

    def test_a_screen_back_within_the_minute_means_nothing_happened(self, core: MemoryCore) -> None:
        core.do(people.LoseConnection(ANA, "tab1"))
        core.do(people.LoseConnection(ANA, "tab2"))
        core.advance(59)
        core.do(people.OpenConnection(ANA, "tab3"))
        assert core.advance(600) == []
        assert people.may_be_offered(ana(core))

    def test_an_absent_agent_who_comes_back_is_offered_work_again(self, core: MemoryCore) -> None:
        core.do(people.ForgetConnections())
        core.advance(61)
        core.do(people.OpenConnection(ANA, "tab4"))
        assert people.may_be_offered(ana(core))
        assert people.is_present(ana(core), "chat")

    def test_a_word_sent_without_a_screen_does_not_bring_offers_to_a_dark_desk(self, core: MemoryCore) -> None:
        core.do(people.ForgetConnections())
        core.do(people.SetPresence(ANA, "paused"))
        core.do(people.SetPresence(ANA, "available"))
        assert not people.may_be_offered(ana(core))

    def test_a_new_owner_counts_every_screen_lost(self, core: MemoryCore) -> None:
        assert kinds(core.do(people.ForgetConnections())) == ["ConnectionsForgotten"]
        assert not people.may_be_offered(ana(core))
        assert core.do(people.LoseConnection(ANA, "tab1")) == ()
        assert kinds(core.advance(60)) == ["AbsenceDeclared"]


class TestOwnPace:
    def test_capacity_is_one_call_or_three_chats_and_two_mails(self, core: MemoryCore) -> None:
        row = ana(core)
        assert people.has_room(row, {}, "voice")
        assert not people.has_room(row, {"voice": 1}, "voice")
        assert not people.has_room(row, {"voice": 1}, "chat")
        assert not people.has_room(row, {"voice": 1}, "mail")
        assert not people.has_room(row, {"chat": 1}, "voice")
        assert people.has_room(row, {"chat": 2, "mail": 2}, "chat")
        assert not people.has_room(row, {"chat": 3, "mail": 1}, "chat")
        assert people.has_room(row, {"chat": 3, "mail": 1}, "mail")
        assert not people.has_room(row, {"chat": 3, "mail": 2}, "mail")
        assert not people.has_room(row, {}, "cobrowse")

    def test_the_agent_chooses_inside_the_bounds(self, core: MemoryCore) -> None:
        core.do(people.ChooseCapacity(ANA, {"chat": 5}, 30))
        assert ana(core).capacities["chat"] == 5
        assert ana(core).capacities["mail"] == 2
        assert ana(core).gap_s == 30
        with refused("people.capacity_out_of_bounds", channel="chat", maximum=6):
            core.do(people.ChooseCapacity(ANA, {"chat": 7}))
        with pytest.raises(Refused):
            core.do(people.ChooseCapacity(ANA, {"chat": -1}))
        with pytest.raises(Refused):
            core.do(people.ChooseCapacity(ANA, {"carrier pigeon": 1}))

    def test_tighter_bounds_shrink_the_choice_and_a_choice_survives_new_settings(self, core: MemoryCore) -> None:
        core.do(people.ChooseCapacity(ANA, {"mail": 5, "chat": 1}))
        core.do(people.ConfigureAgent(agent_id=ANA, version=2, bounds={**bounds(), "mail": 4}))
        assert ana(core).capacities["mail"] == 4
        assert ana(core).capacities["chat"] == 1

    def test_an_older_version_of_the_settings_changes_nothing(self, core: MemoryCore) -> None:
        core.do(people.ConfigureAgent(agent_id=ANA, version=3, bounds=bounds(), skills={some_id("s"): 4}))
        assert core.do(people.ConfigureAgent(agent_id=ANA, version=2, bounds=bounds())) == ()
        assert ana(core).skills == {some_id("s"): 4}

    def test_a_gap_below_the_least_is_refused(self, core: MemoryCore) -> None:
        core.do(people.ConfigureAgent(agent_id=ANA, version=2, bounds=bounds(), gap_min_s=10))
        with refused("people.gap_out_of_bounds"):
            core.do(people.ChooseCapacity(ANA, gap_s=9))
        core.do(people.ChooseCapacity(ANA, gap_s=10))
