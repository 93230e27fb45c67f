"""What the live core decides about mail: pure, replayed identically, one row for each answer."""

from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercanal.interactions import live as work
from intercanal.kernel.live import Event, Refused
from intercanal.mail import live as mail
from intercanal.people import live as people
from tests.interactions.desk import QUEUE, Accept, AddQueue, MakeOffer, desk
from tests.people.live_core import START, MemoryCore, refused, some_id

BOX = some_id("mailbox")
ANA = some_id("ana")
Kind = TypeVar("Kind", bound=Event)


def core() -> MemoryCore:
    made = MemoryCore([people.component, work.component, desk, mail.component])
    made.do(AddQueue(QUEUE))
    made.do(people.ConfigureAgent(agent_id=ANA, version=1, bounds=dict(people.DEFAULT_BOUNDS), country="FR"))
    made.do(people.SetPresence(ANA, "available", 10))
    return made


def receive(made: MemoryCore, name: str, **more: object) -> tuple[Event, ...]:
    values: dict[str, object] = {"message_id": some_id(name), "mailbox_id": BOX, "queue_id": QUEUE} | more
    return made.do(mail.Receive(**values))  # type: ignore[arg-type]  # each value is of its field's type


def the(kind: type[Kind], events: tuple[Event, ...]) -> Kind:
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def answered(made: MemoryCore, name: str = "ask") -> mail.OutgoingQueued:
    """Have a mail taken by Ana and answered."""
    filed = the(mail.Filed, receive(made, name))
    made.do(MakeOffer(filed.interaction_id, ANA))
    made.do(Accept(filed.interaction_id, ANA))
    events = made.do(work.SendMessage(filed.interaction_id, ANA, some_id(f"answer to {name}")))
    return the(mail.OutgoingQueued, events)


def test_an_answer_answers_the_last_mail_of_its_interaction() -> None:
    made = core()
    queued = answered(made)
    assert queued.in_reply_to == some_id("ask")
    receive(made, "more", conversation_id=queued.conversation_id)
    events = made.do(work.SendMessage(queued.interaction_id, ANA, some_id("second answer")))
    assert the(mail.OutgoingQueued, events).in_reply_to == some_id("more")


def test_a_mail_continues_the_open_interaction_even_when_its_queue_is_gone() -> None:
    made = core()
    queued = answered(made)
    with refused("mail.queue_unknown"):
        receive(made, "other", queue_id=some_id("retired"))
    filed = the(mail.Filed, receive(made, "more", queue_id=some_id("retired"), conversation_id=queued.conversation_id))
    assert filed.interaction_id == queued.interaction_id


def test_automatic_mail_needs_no_queue_and_is_closed_from_the_start() -> None:
    made = core()
    events = receive(made, "away", classification="auto_reply", queue_id=some_id("retired"))
    assert the(work.Opened, events).state == "closed"
    assert made.rows(work.InteractionRow) == []


def test_what_is_settled_is_settled() -> None:
    made = core()
    queued = answered(made)
    note = mail.NoteDelivery(message_id=queued.message_id, state="sent", attempts=1)
    made.do(note)
    assert made.rows(mail.OutgoingRow) == []
    with refused("mail.not_waiting"):
        made.do(note)


STATES: list[mail.DeliveryState] = ["waiting", "sent", "failed"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STATES), st.integers(1, 9)), max_size=30))
def test_a_day_of_answers_replays_identically_and_each_ends_once(
    steps: list[tuple[int, mail.DeliveryState, int]],
) -> None:
    made = core()
    answers = [answered(made, f"mail {number}") for number in range(2)]
    ended: dict[str, int] = {}
    for which, state, attempts in steps:
        message_id = answers[which].message_id if which < len(answers) else some_id("nobody")
        try:
            made.do(mail.NoteDelivery(message_id=message_id, state=state, attempts=attempts, code="mail.deferred"))
        except Refused:
            continue
        ended[message_id] = ended.get(message_id, 0) + (state != "waiting")
    assert all(count <= 1 for count in ended.values())
    waiting = {row.id for row in made.rows(mail.OutgoingRow)}
    assert waiting == {answer.message_id for answer in answers if not ended.get(answer.message_id)}
    assert made.rows(mail.OutgoingRow, made.replayed()) == made.rows(mail.OutgoingRow)


def test_a_mail_that_comes_back_fails_an_answer_that_is_no_longer_in_memory() -> None:
    made = core()
    queued = answered(made)
    made.do(mail.NoteDelivery(message_id=queued.message_id, state="sent", attempts=1))
    returned = mail.Undelivered(
        queued.message_id, queued.interaction_id, queued.conversation_id, queued.in_reply_to, START, "5.1.1"
    )
    events = receive(made, "returned", classification="bounce", undelivered=returned)
    failed = the(mail.DeliveryFailed, events)
    assert (failed.interaction_id, failed.code, failed.status) == (queued.interaction_id, "mail.returned", "5.1.1")


@pytest.mark.parametrize("channel", ["chat", "voice"])
def test_answers_on_other_channels_are_none_of_mails_business(channel: work.Channel) -> None:
    made = core()
    opened = the(work.Opened, made.do(work.Open(work.Incoming(channel=channel, queue_id=QUEUE))))
    made.do(MakeOffer(opened.interaction_id, ANA))
    made.do(Accept(opened.interaction_id, ANA))
    events = made.do(work.SendMessage(opened.interaction_id, ANA, some_id("hello")))
    assert not [event for event in events if isinstance(event, mail.OutgoingQueued)]
