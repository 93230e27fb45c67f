"""Queues: who serves them, how the circle grows, where they overflow, and their hours."""

from datetime import date, timedelta

from intercanal.interactions import live as interactions
from intercanal.routing import live as routing
from intercanal.tenancy.domain.calendars import Span, build_spec
from tests.routing.floor import START, Floor, some_id

FRENCH, SALES = some_id("french"), some_id("sales team")


def offered_codes(floor: Floor, name: str) -> tuple[str, object]:
    offer = floor.offer_to(name)
    assert offer is not None
    return offer.reason.code, offer.reason.facts["trigger"]


class TestSkills:
    def test_only_agents_with_the_level_are_offered_the_work(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(skills={FRENCH: 3})])
        floor.agent("low", skills={FRENCH: 2})
        floor.agent("none")
        work = floor.work()
        assert floor.row(work).state == "queued"
        floor.agent("high", skills={FRENCH: 3})
        assert floor.shown("high") == work

    def test_an_agent_who_learns_is_offered_what_waits(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(skills={FRENCH: 3})])
        floor.agent("ada", skills={FRENCH: 2})
        work = floor.work()
        floor.agent("ada", state=None, version=2, skills={FRENCH: 4})
        assert floor.shown("ada") == work

    def test_a_queue_may_be_for_some_teams(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(team_ids=[SALES])])
        floor.agent("ada")
        work = floor.work()
        assert floor.row(work).state == "queued"
        floor.agent("bob", team_ids=[SALES])
        assert floor.shown("bob") == work

    def test_who_waits_is_looked_at_again_when_the_queue_asks_less(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(skills={FRENCH: 3})])
        floor.agent("ada", skills={FRENCH: 1})
        work = floor.work()
        floor.queue(version=2, circles=[routing.Circle(skills={FRENCH: 1})])
        assert floor.shown("ada") == work
        assert offered_codes(floor, "ada")[1] == "queue_changed"

    def test_an_older_version_changes_nothing(self) -> None:
        floor = Floor()
        floor.queue(version=2)
        command = routing.ConfigureQueue(queue_id=some_id("queue"), version=1, circles=[], retired=True)
        assert floor.do(command) == ()


class TestCircle:
    def test_after_a_wait_lower_levels_and_more_teams_join(self) -> None:
        floor = Floor()
        floor.queue(
            circles=[
                routing.Circle(skills={FRENCH: 4}, team_ids=[SALES]),
                routing.Circle(after_s=30, skills={FRENCH: 2}, team_ids=[SALES]),
                routing.Circle(after_s=60, skills={FRENCH: 2}),
            ]
        )
        floor.agent("low", skills={FRENCH: 2}, team_ids=[SALES])
        floor.agent("other", skills={FRENCH: 2})
        first, second = floor.work(), floor.work()
        floor.advance(29)
        assert floor.shown("low") is None
        floor.advance(1)
        assert floor.shown("low") == first
        assert offered_codes(floor, "low") == ("routing.longest_idle", "circle_grew")
        offer = floor.offer_to("low")
        assert offer is not None
        assert offer.reason.facts["circle"] == 1
        assert floor.shown("other") is None
        floor.advance(29)
        floor.accept("low")
        assert floor.shown("low") == second
        floor.decline("low")
        floor.advance(1)
        assert floor.shown("other") == second

    def test_returned_work_keeps_the_circle_it_had_reached(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(skills={FRENCH: 4}), routing.Circle(after_s=30)])
        work = floor.work()
        floor.advance(40)
        floor.agent("ada")
        assert floor.shown("ada") == work
        floor.advance(1)
        floor.agent("bob")
        floor.decline("ada")
        assert floor.shown("bob") == work

    def test_the_circle_begins_anew_in_the_queue_work_is_handed_to(self) -> None:
        floor = Floor()
        floor.queue()
        other = floor.queue("other", circles=[routing.Circle(skills={FRENCH: 4}), routing.Circle(after_s=30)])
        floor.agent("ada")
        work = floor.work()
        floor.advance(20)
        floor.accept("ada")
        floor.advance(100)
        floor.do(interactions.Transfer(interaction_id=work, agent_id=some_id("ada"), to_queue_id=other))
        assert floor.row(work).state == "queued"
        floor.advance(29)
        assert floor.shown("ada") is None
        floor.advance(1)
        assert floor.shown("ada") == work

    def test_a_queue_that_gets_a_circle_grows_for_those_who_already_wait(self) -> None:
        floor = Floor()
        floor.queue(circles=[routing.Circle(skills={FRENCH: 4})])
        floor.agent("ada")
        work = floor.work()
        floor.advance(10)
        floor.queue(version=2, circles=[routing.Circle(skills={FRENCH: 4}), routing.Circle(after_s=30)])
        floor.advance(19)
        assert floor.shown("ada") is None
        floor.advance(1)
        assert floor.shown("ada") == work


class TestOverflow:
    def test_after_the_delay_the_other_queue_joins_and_the_arrival_stays(self) -> None:
        floor = Floor()
        spare = floor.queue("spare")
        overflow = routing.Overflow(45, spare)
        floor.queue(circles=[routing.Circle(skills={FRENCH: 1})], overflow=overflow)
        floor.agent("ada")
        work = floor.work()
        floor.advance(45)
        offer = floor.offer_to("ada")
        assert offer is not None
        assert offer.interaction_id == work
        assert (offer.queue_id, offer.reason.facts["trigger"]) == (spare, "overflow")
        assert floor.row(work).arrived_at == START
        assert floor.row(work).queue_id == some_id("queue")

    def test_its_own_agents_may_still_take_it(self) -> None:
        floor = Floor()
        spare = floor.queue("spare", circles=[routing.Circle(skills={SALES: 1})])
        floor.queue(circles=[routing.Circle(skills={FRENCH: 1})], overflow=routing.Overflow(45, spare))
        work = floor.work()
        floor.advance(46)
        floor.agent("ada", skills={FRENCH: 1})
        assert floor.shown("ada") == work

    def test_two_queues_that_overflow_into_each_other_do_not_turn_for_ever(self) -> None:
        floor = Floor()
        floor.queue("a", circles=[routing.Circle(skills={FRENCH: 1})])
        floor.queue("b", circles=[routing.Circle(skills={SALES: 1})], overflow=routing.Overflow(10, some_id("a")))
        floor.queue(
            "a", version=2, circles=[routing.Circle(skills={FRENCH: 1})], overflow=routing.Overflow(10, some_id("b"))
        )
        work = floor.work(some_id("a"))
        floor.advance(1000)
        wait = floor.world.store(routing.WaitRow)[work]
        assert [one.queue_id for one in wait.joined] == [some_id("a"), some_id("b")]
        assert wait.due_at is None


class TestPriority:
    def test_priority_of_work_and_of_queue_pull_the_deadline_earlier(self) -> None:
        floor = Floor()
        floor.queue()
        urgent = floor.queue("urgent", priority=1)
        usual = floor.work(channel="voice")
        pulled = floor.work(channel="voice", priority=2)
        served = floor.work(urgent, channel="voice")
        floor.agent("ada")
        order = []
        for _ in range(3):
            order.append(floor.accept("ada"))
            floor.close(order[-1])
        assert order == [pulled, served, usual]

    def test_a_queue_may_have_targets_of_its_own(self) -> None:
        floor = Floor()
        floor.queue()
        quick = floor.queue("quick", targets={"mail": 10})
        floor.work(channel="voice")
        mail = floor.work(quick, channel="mail")
        floor.agent("ada")
        assert floor.shown("ada") == mail


class TestHours:
    def make(self) -> Floor:
        """A queue open from nine to ten in Brussels, at half past nine."""
        floor = Floor()
        calendar = build_spec("Europe/Brussels", ((Span(9 * 60, 10 * 60),),) * 7, [], {}, date(2027, 12, 31))
        floor.now = START + timedelta(minutes=30)
        floor.queue(calendar=calendar)
        return floor

    def test_inside_the_hours_work_is_offered(self) -> None:
        floor = self.make()
        floor.agent("ada")
        work = floor.work()
        assert floor.shown("ada") == work

    def test_outside_them_it_waits_though_an_agent_is_free_and_the_opening_gives_it_out(self) -> None:
        floor = self.make()
        floor.advance(1800)
        late = floor.work(channel="mail")
        floor.advance(22 * 3600)
        call = floor.work(channel="voice")
        floor.agent("ada")
        assert floor.shown("ada") is None
        floor.advance(3599)
        assert floor.shown("ada") is None
        floor.advance(1)
        assert floor.shown("ada") == late
        assert offered_codes(floor, "ada") == ("routing.longest_idle", "queue_opened")
        floor.accept("ada")
        assert floor.shown("ada") == call

    def test_what_is_shown_at_closing_time_may_still_be_taken(self) -> None:
        floor = self.make()
        floor.agent("ada")
        floor.advance(1790)
        work = floor.work()
        floor.advance(15)
        floor.accept("ada")
        assert floor.row(work).state == "held"

    def test_a_closed_queue_may_overflow_to_an_open_one(self) -> None:
        floor = self.make()
        spare = floor.queue("spare")
        closed = floor.world.store(routing.QueueRow)[some_id("queue")].calendar
        floor.queue(version=2, calendar=closed, overflow=routing.Overflow(60, spare))
        floor.agent("ada")
        floor.advance(1800)
        work = floor.work()
        floor.advance(59)
        assert floor.shown("ada") is None
        floor.advance(1)
        assert floor.shown("ada") == work
