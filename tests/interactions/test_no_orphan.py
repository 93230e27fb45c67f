"""Whatever agents, customers and screens do, each interaction is in exactly one state, never with somebody absent."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intercanal.interactions import live as work
from intercanal.kernel.live import Command, Refused, World
from intercanal.people import live as people
from tests.interactions.desk import OTHER_QUEUE, QUEUE, Accept, EndOffer, MakeOffer, make_core, opened
from tests.people.live_core import MemoryCore, some_id

AGENTS = [some_id(f"agent {number}") for number in range(4)]
agents = st.sampled_from(AGENTS)
picks = st.integers(0, 50)


class Centre(RuleBasedStateMachine):
    """A small centre where anything may happen to anybody at any time."""

    core: MemoryCore
    arrivals: dict[str, datetime]

    @initialize()
    def begin(self) -> None:
        self.core = make_core(AGENTS)
        self.arrivals = {}
        self.conversations: list[str] = []
        self.messages = 0

    def attempt(self, command: Command) -> None:
        before = [work_row.version for work_row in self.rows()]
        try:
            self.core.do(command)
        except Refused:
            assert [work_row.version for work_row in self.rows()] == before

    def rows(self) -> list[work.InteractionRow]:
        return self.core.rows(work.InteractionRow)

    def pick(self, number: int) -> work.InteractionRow:
        rows = self.rows()
        return rows[number % len(rows)]

    def next_message(self) -> str:
        self.messages += 1
        return some_id(f"message {self.messages}")

    @rule(
        channel=st.sampled_from(["mail", "chat", "messaging", "task"]),
        number=picks,
        again=st.booleans(),
        classification=st.sampled_from(["normal", "normal", "normal", "bounce"]),
        queued=st.booleans(),
    )
    def customer_writes(
        self, channel: work.Channel, number: int, again: bool, classification: work.Classification, queued: bool
    ) -> None:
        known = self.conversations[number % len(self.conversations)] if self.conversations and again else None
        incoming = work.Incoming(
            channel=channel,
            queue_id=QUEUE if queued else None,
            message_id=self.next_message(),
            conversation_id=known,
            classification=classification,
        )
        events = self.core.do(work.Open(incoming))
        if any(isinstance(event, work.Opened) for event in events):
            self.arrivals[opened(events)] = self.core.now
            self.conversations.extend(e.conversation_id for e in events if isinstance(e, work.Opened))

    @rule(agent_id=agents, state=st.sampled_from(["available", "available", "paused", "offline"]))
    def agent_says(self, agent_id: str, state: people.Presence) -> None:
        self.core.do(people.SetPresence(agent_id, state))

    @rule(agent_id=agents, screen=st.sampled_from(["a", "b"]), opens=st.booleans())
    def screen_changes(self, agent_id: str, screen: str, opens: bool) -> None:
        kind = people.OpenConnection if opens else people.LoseConnection
        self.core.do(kind(agent_id, screen))

    @rule(agent_id=agents, asks=st.booleans())
    def agent_wishes_a_pause(self, agent_id: str, asks: bool) -> None:
        self.attempt((people.AskPauseAfter if asks else people.CancelPauseAfter)(agent_id))

    @rule(agent_id=agents, gap_s=st.integers(0, 30))
    def agent_chooses_a_gap(self, agent_id: str, gap_s: int) -> None:
        self.core.do(people.ChooseCapacity(agent_id, gap_s=gap_s))

    @rule()
    def owner_changes(self) -> None:
        self.core.do(people.ForgetConnections())

    @rule(seconds=st.sampled_from([0.5, 5, 61, 1800, 13 * 3600]))
    def time_passes(self, seconds: float) -> None:
        self.core.advance(seconds)

    @precondition(lambda self: self.rows())
    @rule(number=picks, agent_id=agents)
    def work_is_shown(self, number: int, agent_id: str) -> None:
        if people.may_be_offered(self.core.world.store(people.AgentRow)[agent_id]):
            self.attempt(MakeOffer(self.pick(number).id, agent_id))

    @precondition(lambda self: self.rows())
    @rule(number=picks, cause=st.sampled_from(["offer_declined", "offer_expired"]))
    def offer_ends(self, number: int, cause: work.QueuedCause) -> None:
        if self.pick(number).state == "offered":
            self.core.do(EndOffer(self.pick(number).id, cause))

    @precondition(lambda self: self.rows())
    @rule(number=picks, agent_id=agents)
    def work_is_taken(self, number: int, agent_id: str) -> None:
        self.attempt(Accept(self.pick(number).id, agent_id))

    @precondition(lambda self: self.rows())
    @rule(
        number=picks,
        agent_id=agents,
        other=agents,
        deed=st.sampled_from(["send", "wrap_up", "close", "tidy", "snooze", "to_queue", "to_agent"]),
    )
    def agent_acts(self, number: int, agent_id: str, other: str, deed: str) -> None:
        row = self.pick(number)
        actor = row.agent_id or agent_id
        deeds: dict[str, Command] = {
            "send": work.SendMessage(row.id, actor, self.next_message()),
            "wrap_up": work.RecordWrapUp(row.id, actor),
            "close": work.Close(row.id, actor),
            "tidy": work.Close(row.id),
            "snooze": work.Snooze(row.id, actor, self.core.now + timedelta(minutes=20)),
            "to_queue": work.Transfer(interaction_id=row.id, agent_id=actor, to_queue_id=OTHER_QUEUE),
            "to_agent": work.Transfer(interaction_id=row.id, agent_id=actor, to_agent_id=other),
        }
        self.attempt(deeds[deed])

    @precondition(lambda self: any(row.state == "queued" for row in self.rows()))
    @rule(agent_id=agents, other=agents, shown=st.booleans())
    def work_is_handed_to_a_colleague(self, agent_id: str, other: str, shown: bool) -> None:
        row = next(row for row in self.rows() if row.state == "queued")
        for command in (
            Accept(row.id, agent_id),
            work.Transfer(interaction_id=row.id, agent_id=agent_id, to_agent_id=other),
        ):
            self.attempt(command)
        if shown and row.state == "queued" and people.may_be_offered(self.core.world.store(people.AgentRow)[other]):
            self.core.do(MakeOffer(row.id, other))

    @invariant()
    def nothing_is_orphaned(self) -> None:
        if not hasattr(self, "core"):
            return
        present = self.core.world.store(people.AgentRow)
        for row in self.rows():
            assert row.state in {"in_flow", "queued", "offered", "held", "scheduled"}
            assert (row.state == "held") == (row.agent_id is not None)
            assert (row.state == "offered") == (row.offered_to is not None)
            assert (row.state == "scheduled") == (row.due_at is not None)
            assert row.arrived_at == self.arrivals[row.id]
            if row.agent_id is not None:
                assert people.is_present(present[row.agent_id], row.channel)
            if row.offered_to is not None:
                assert people.is_present(present[row.offered_to], "mail")
            if row.required_agent_id is not None:
                assert people.is_reachable(present[row.required_agent_id])

    @invariant()
    def the_books_agree_with_the_rows(self) -> None:
        if not hasattr(self, "core"):
            return
        index = self.core.world.part(work.OpenWork)
        for agent_id in AGENTS:
            held = [row for row in self.rows() if row.agent_id == agent_id]
            shown = [row for row in self.rows() if row.offered_to == agent_id]
            assert index.held_by(agent_id) == [row.id for row in held]
            counted = {channel: n for channel, n in index.load_of(agent_id).items() if n}
            channels = [row.channel for row in held + shown]
            assert counted == {channel: channels.count(channel) for channel in channels}

    def teardown(self) -> None:
        if not hasattr(self, "core"):
            return
        again = self.core.replayed()
        for kind in (people.AgentRow, work.InteractionRow):
            assert self.core.rows(kind, again) == self.core.rows(kind)
        self._the_index_survives_a_rebuild()

    def _the_index_survives_a_rebuild(self) -> None:
        fresh: World = self.core.core.new_world(self.core.world.tenant_id)
        for kind in (people.AgentRow, work.InteractionRow):
            fresh.store(kind).load(self.core.rows(kind))
        self.core.core.rebuild(fresh)
        known, rebuilt = self.core.world.part(work.OpenWork), fresh.part(work.OpenWork)
        for agent_id in AGENTS:
            assert rebuilt.held_by(agent_id) == known.held_by(agent_id)
            assert rebuilt.awaiting(agent_id) == known.awaiting(agent_id)


def days(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=60,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )


class OnManyDays(Centre):
    """The same for longer: each machine has one test case of its own."""


TestNoOrphan = Centre.TestCase
TestNoOrphan.settings = days(15)
TestNoOrphanOnManyDays = pytest.mark.slow(OnManyDays.TestCase)
TestNoOrphanOnManyDays.settings = days(120)
