"""What happens to a piece of work, told step by step on the pure model."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from intercanal.interactions import live as work
from intercanal.kernel.live import Refused
from intercanal.people import live as people
from tests.interactions.desk import OTHER_QUEUE, QUEUE, Accept, EndOffer, MakeOffer, make_core, opened
from tests.people.live_core import START, MemoryCore, refused, some_id

ANA, BEN = some_id("ana"), some_id("ben")


@pytest.fixture
def core() -> MemoryCore:
    made = make_core([ANA, BEN])
    for agent_id in (ANA, BEN):
        made.do(people.SetPresence(agent_id, "available"))
    return made


def arrive(core: MemoryCore, channel: work.Channel = "mail", conversation: str | None = None, name: str = "m1") -> str:
    incoming = work.Incoming(
        channel=channel,
        queue_id=QUEUE,
        conversation_id=conversation,
        message_id=some_id(name),
        customer_id=some_id("c"),
    )
    return opened(core.do(work.Open(incoming)))


def take(core: MemoryCore, interaction_id: str, agent_id: str = ANA) -> None:
    core.do(MakeOffer(interaction_id, agent_id))
    core.do(Accept(interaction_id, agent_id))


def row(core: MemoryCore, interaction_id: str) -> work.InteractionRow:
    return core.world.store(work.InteractionRow)[interaction_id]


def gone(core: MemoryCore, interaction_id: str) -> bool:
    return interaction_id not in core.world.store(work.InteractionRow)


class TestArrival:
    def test_work_waits_in_its_queue_from_its_arrival(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        assert (one.state, one.queue_id, one.arrived_at) == ("queued", QUEUE, START)
        assert one.last_in_message_id == some_id("m1")

    def test_a_second_message_joins_the_open_interaction(self, core: MemoryCore) -> None:
        first = arrive(core)
        conversation = row(core, first).conversation_id
        events = core.do(
            work.ReceiveMessage(conversation_id=conversation, message_id=some_id("m2"), channel="mail", queue_id=QUEUE)
        )
        assert [type(event) for event in events] == [work.MessageReceived]
        assert row(core, first).last_in_message_id == some_id("m2")

    def test_a_message_after_the_end_opens_a_new_one_in_the_same_conversation(self, core: MemoryCore) -> None:
        first = arrive(core)
        conversation = row(core, first).conversation_id
        take(core, first)
        core.do(work.Close(first, ANA))
        second = arrive(core, conversation=conversation, name="m2")
        assert second != first
        assert row(core, second).conversation_id == conversation

    def test_another_channel_of_the_conversation_is_work_of_its_own(self, core: MemoryCore) -> None:
        first = arrive(core)
        second = arrive(core, "chat", row(core, first).conversation_id, "m2")
        assert second != first
        assert row(core, second).conversation_id == row(core, first).conversation_id

    @pytest.mark.parametrize("classification", ["auto_reply", "bounce", "abuse_report"])
    def test_automatic_mail_is_kept_closed_and_leaves_the_open_work_alone(
        self, core: MemoryCore, classification: work.Classification
    ) -> None:
        first = arrive(core)
        conversation = row(core, first).conversation_id
        events = core.do(
            work.Open(
                work.Incoming(
                    channel="mail",
                    queue_id=QUEUE,
                    conversation_id=conversation,
                    message_id=some_id("robot"),
                    classification=classification,
                )
            )
        )
        second = opened(events)
        assert gone(core, second)
        assert row(core, first).last_in_message_id == some_id("m1")
        with pytest.raises(Refused):
            core.do(MakeOffer(second, ANA))

    def test_an_unknown_queue_is_refused(self, core: MemoryCore) -> None:
        with refused("interactions.queue_unknown"):
            core.do(work.Open(work.Incoming(channel="task", queue_id=some_id("nowhere"))))


class TestHandling:
    def test_who_answers_is_kept_with_employer_and_country(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        take(core, one.id)
        assert one.state == "held"
        assert (one.answered_by_agent, one.answered_by_employer, one.answered_by_country) == (
            ANA,
            some_id("employer"),
            "FR",
        )

    def test_only_the_holder_answers_wraps_up_and_closes(self, core: MemoryCore) -> None:
        one = arrive(core)
        take(core, one)
        for command in (
            work.SendMessage(one, BEN, some_id("a1")),
            work.RecordWrapUp(one, BEN),
            work.Close(one, BEN),
            work.Close(one),
            work.Snooze(one, BEN, START + timedelta(days=1)),
            work.Transfer(interaction_id=one, agent_id=BEN, to_queue_id=OTHER_QUEUE),
        ):
            with refused("interactions.not_held_by_you"):
                core.do(command)
        core.do(work.SendMessage(one, ANA, some_id("a1")))
        core.do(work.RecordWrapUp(one, ANA, some_id("solved"), some_id("note")))
        assert row(core, one).state == "held"
        assert row(core, one).wrap_up == work.WrapUp(some_id("solved"), START)
        core.do(work.Close(one, ANA))
        assert gone(core, one)

    def test_a_colleague_may_close_what_nobody_holds(self, core: MemoryCore) -> None:
        one = arrive(core)
        core.do(work.Close(one))
        assert gone(core, one)

    def test_snoozed_work_sleeps_and_returns_in_its_original_place(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        core.advance(60)
        take(core, one.id)
        core.do(work.Snooze(one.id, ANA, core.now + timedelta(hours=1)))
        assert (one.state, one.agent_id) == ("scheduled", None)
        core.advance(3600)
        assert (one.state, one.arrived_at, one.preferred_agent_id) == ("queued", START, ANA)

    def test_a_date_gone_by_is_refused(self, core: MemoryCore) -> None:
        one = arrive(core)
        take(core, one)
        with refused("interactions.until_passed"):
            core.do(work.Snooze(one, ANA, START))

    @pytest.mark.parametrize(
        "until",
        [
            datetime.max.replace(tzinfo=UTC),
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
            START + timedelta(days=3661),
        ],
        ids=["end_of_time", "beyond_it", "years"],
    )
    def test_a_date_that_nobody_can_mean_is_refused(self, core: MemoryCore, until: datetime) -> None:
        one = arrive(core)
        take(core, one)
        with refused("interactions.until_too_far"):
            core.do(work.Snooze(one, ANA, until))

    def test_a_customers_answer_wakes_sleeping_work(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        take(core, one.id)
        core.do(work.Snooze(one.id, ANA, core.now + timedelta(days=1)))
        core.do(
            work.ReceiveMessage(
                conversation_id=one.conversation_id, message_id=some_id("m2"), channel="mail", queue_id=QUEUE
            )
        )
        assert (one.state, one.due_at) == ("queued", None)


class TestTransfer:
    def test_to_a_queue_keeps_the_original_arrival_and_prefers_nobody(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        core.advance(60)
        take(core, one.id)
        core.do(
            work.Transfer(interaction_id=one.id, agent_id=ANA, to_queue_id=OTHER_QUEUE, note_id=some_id("please look"))
        )
        assert (one.state, one.queue_id, one.arrived_at) == ("queued", OTHER_QUEUE, START)
        assert (one.preferred_agent_id, one.required_agent_id) == (None, None)

    def test_to_an_agent_waits_for_that_agent(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        take(core, one.id)
        core.do(work.Transfer(interaction_id=one.id, agent_id=ANA, to_agent_id=BEN))
        assert (one.state, one.queue_id, one.required_agent_id) == ("queued", QUEUE, BEN)
        core.do(people.SetPresence(BEN, "paused"))
        assert row(core, one.id).required_agent_id == BEN
        core.do(people.SetPresence(BEN, "offline"))
        freed = row(core, one.id)
        assert (freed.state, freed.required_agent_id, freed.preferred_agent_id) == ("queued", None, BEN)

    @pytest.mark.parametrize("cause", ["offer_declined", "offer_expired"])
    def test_a_recipient_who_does_not_take_it_frees_it_for_all(self, core: MemoryCore, cause: work.QueuedCause) -> None:
        one = row(core, arrive(core))
        take(core, one.id)
        core.do(work.Transfer(interaction_id=one.id, agent_id=ANA, to_agent_id=BEN))
        core.do(MakeOffer(one.id, BEN))
        core.do(EndOffer(one.id, cause))
        assert (one.state, one.required_agent_id, one.preferred_agent_id) == ("queued", None, None)

    def test_a_recipient_who_leaves_while_it_is_shown_frees_it_for_all(self, core: MemoryCore) -> None:
        one = row(core, arrive(core))
        take(core, one.id)
        core.do(work.Transfer(interaction_id=one.id, agent_id=ANA, to_agent_id=BEN))
        core.do(MakeOffer(one.id, BEN))
        core.do(people.SetPresence(BEN, "offline"))
        assert (one.state, one.required_agent_id) == ("queued", None)

    def test_to_somebody_away_to_oneself_to_nobody_or_to_two_is_refused(self, core: MemoryCore) -> None:
        one = arrive(core)
        take(core, one)
        core.do(people.SetPresence(BEN, "offline"))
        for queue_id, agent_id, code in (
            (None, BEN, "interactions.agent_not_present"),
            (None, ANA, "interactions.agent_not_present"),
            (None, some_id("nobody"), "interactions.agent_not_present"),
            (None, None, "interactions.transfer_to_one"),
            (OTHER_QUEUE, BEN, "interactions.transfer_to_one"),
            (some_id("nowhere"), None, "interactions.queue_unknown"),
        ):
            with refused(code):
                core.do(work.Transfer(interaction_id=one, agent_id=ANA, to_queue_id=queue_id, to_agent_id=agent_id))
        assert row(core, one).agent_id == ANA


class TestAgentsWhoVanish:
    def test_going_offline_returns_everything_in_its_original_place(self, core: MemoryCore) -> None:
        mail, chat = row(core, arrive(core)), row(core, arrive(core, "chat", name="m2"))
        core.advance(30)
        take(core, mail.id)
        take(core, chat.id)
        core.do(work.RecordWrapUp(mail.id, ANA))
        core.do(people.SetPresence(ANA, "offline"))
        for one in (mail, chat):
            assert (one.state, one.agent_id, one.arrived_at, one.preferred_agent_id) == ("queued", None, START, ANA)

    def test_a_paused_agent_keeps_what_they_hold(self, core: MemoryCore) -> None:
        one = row(core, arrive(core, "chat"))
        take(core, one.id)
        core.do(people.SetPresence(ANA, "paused"))
        core.advance(3600)
        assert (one.state, one.agent_id) == ("held", ANA)

    def test_a_lost_screen_returns_chats_after_a_minute_and_mail_at_the_end_of_the_shift(
        self, core: MemoryCore
    ) -> None:
        core.do(people.OpenConnection(ANA, "tab"))
        mail, chat = row(core, arrive(core)), row(core, arrive(core, "chat", name="m2"))
        take(core, mail.id)
        take(core, chat.id)
        core.do(people.LoseConnection(ANA, "tab"))
        core.advance(59)
        assert (mail.state, chat.state) == ("held", "held")
        core.advance(1)
        assert (mail.state, chat.state) == ("held", "queued")
        core.advance(12 * 3600)
        assert (mail.state, mail.arrived_at) == ("queued", START)

    def test_nobody_absent_can_take_a_chat(self, core: MemoryCore) -> None:
        core.do(people.OpenConnection(ANA, "tab"))
        chat = arrive(core, "chat")
        core.do(people.LoseConnection(ANA, "tab"))
        core.advance(60)
        with refused("interactions.agent_not_present"):
            core.do(Accept(chat, ANA))


class TestPauseAfterThisOne:
    def test_with_work_in_hand_the_pause_begins_when_it_ends(self, core: MemoryCore) -> None:
        one = arrive(core)
        take(core, one)
        agent = core.world.store(people.AgentRow)[ANA]
        core.do(people.AskPauseAfter(ANA))
        assert (agent.presence, agent.pause_after) == ("available", True)
        assert not people.may_be_offered(agent)
        core.do(work.SendMessage(one, ANA, some_id("a1")))
        assert agent.presence == "available"
        core.do(work.Close(one, ANA))
        assert (agent.presence, agent.pause_after) == ("paused", False)

    def test_with_empty_hands_it_begins_at_once(self, core: MemoryCore) -> None:
        core.do(people.AskPauseAfter(ANA))
        agent = core.world.store(people.AgentRow)[ANA]
        assert (agent.presence, agent.pause_after) == ("paused", False)

    def test_the_wish_can_be_taken_back(self, core: MemoryCore) -> None:
        one = arrive(core)
        take(core, one)
        core.do(people.AskPauseAfter(ANA))
        core.do(people.CancelPauseAfter(ANA))
        core.do(work.Close(one, ANA))
        assert people.may_be_offered(core.world.store(people.AgentRow)[ANA])


class TestOwnGap:
    def test_no_offer_before_the_agents_own_gap_is_over(self, core: MemoryCore) -> None:
        core.do(people.ChooseCapacity(ANA, gap_s=10))
        one = arrive(core)
        take(core, one)
        core.do(work.Close(one, ANA))
        agent = core.world.store(people.AgentRow)[ANA]
        assert not people.may_be_offered(agent)
        core.advance(9.9)
        assert not people.may_be_offered(agent)
        (event,) = core.advance(0.1)
        assert event == people.AgentRested(ANA)
        assert people.may_be_offered(agent)


def test_capacity_counts_what_is_held_and_what_is_shown(core: MemoryCore) -> None:
    index = core.world.part(work.OpenWork)
    mail, chat = arrive(core), arrive(core, "chat", name="m2")
    take(core, mail)
    core.do(MakeOffer(chat, ANA))
    assert index.load_of(ANA) == {"mail": 1, "chat": 1}
    core.do(EndOffer(chat, "offer_expired"))
    core.do(work.Close(mail, ANA))
    assert sum(index.load_of(ANA).values()) == 0


def test_what_breaks_the_invariant_is_found_at_run_time(core: MemoryCore) -> None:
    one = row(core, arrive(core, "chat"))
    take(core, one.id)
    core.world.store(people.AgentRow)[ANA].presence = "offline"
    core.world.store(work.InteractionRow).put(one)
    with pytest.raises(AssertionError, match="held by a present agent"):
        work.component.check(core.world)
