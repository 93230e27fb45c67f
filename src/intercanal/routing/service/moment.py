"""A queue at this moment, as the journal last wrote it: work in order with why it waits, people only counted."""

from datetime import datetime

import msgspec

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.interactions import service as interactions
from intercanal.interactions.live import InteractionRow
from intercanal.people import service as people
from intercanal.routing import repository
from intercanal.routing.domain import Reason, deadline, from_microseconds, microseconds
from intercanal.routing.errors import UnknownQueueError
from intercanal.routing.live import DEFAULT_TARGETS, Circle, Joined, QueueRow
from intercanal.routing.schemas import Counts, QueueLive, WaitingView

MOST_SHOWN = 200


class Reach(msgspec.Struct, frozen=True):
    """Who may serve a piece of work now: circles of queues, none when all its queues are closed."""

    circles: tuple[tuple[str, int], ...]
    opens_at: datetime | None


async def look_at_queue(uow: UnitOfWork, queue_id: str) -> QueueLive:
    """Return what waits in a queue, in the order in which it is served, and how many agents there are for it."""
    queue = (await repository.live_queues(uow, [queue_id])).get(queue_id)
    if queue is None:
        raise UnknownQueueError
    work = await interactions.queue_work(uow, queue_id, MOST_SHOWN)
    waits = await repository.waits(uow, [row.id for row in work.waiting])
    joined = {row.id: _joined(queue, waits[row.id].joined if row.id in waits else []) for row in work.waiting}
    others = {one.queue_id for all_joined in joined.values() for one in all_joined} - {queue_id}
    queues = {queue_id: queue} | await repository.live_queues(uow, others)
    counted: dict[Reach, Counts] = {}
    waiting = []
    for row in sorted(work.waiting, key=lambda row: (_due(queue, row), row.id)):
        reach = _reach(queues, joined[row.id])
        if reach not in counted:
            counted[reach] = await _count(uow, queues, reach)
        waiting.append(_waiting(queue, row, joined[row.id][0].circle, _why(row, reach, counted[reach])))
    return QueueLive(
        queue_id=queue_id,
        is_open=queue.is_open,
        changes_at=queue.changes_at,
        queued=work.queued,
        offered=work.offered,
        held=work.held,
        agents=await _count(uow, queues, Reach(((queue_id, 0),), None)),
        waiting=waiting,
    )


def _joined(queue: QueueRow, kept: list[Joined]) -> list[Joined]:
    return kept or [Joined(queue.id, from_microseconds(0))]


def _due(queue: QueueRow, row: InteractionRow) -> datetime:
    target = queue.targets.get(row.channel, DEFAULT_TARGETS[row.channel])
    return from_microseconds(deadline(microseconds(row.arrived_at), target, queue.priority + row.priority))


def _reach(queues: dict[str, QueueRow], joined: list[Joined]) -> Reach:
    known = [queues[one.queue_id] for one in joined if one.queue_id in queues]
    reached = {one.queue_id: one.circle for one in joined}
    opens_at = min((queue.changes_at for queue in known if queue.changes_at is not None), default=None)
    return Reach(tuple((queue.id, reached[queue.id]) for queue in known if queue.is_open), opens_at)


def _circles(queues: dict[str, QueueRow], reach: Reach) -> list[Circle]:
    return [circle for queue_id, reached in reach.circles for circle in queues[queue_id].circles[: reached + 1]]


async def _count(uow: UnitOfWork, queues: dict[str, QueueRow], reach: Reach) -> Counts:
    able = await people.count_able(uow, [(circle.skills, circle.team_ids) for circle in _circles(queues, reach)])
    return Counts(able.able, able.present, able.available)


def _why(row: InteractionRow, reach: Reach, agents: Counts) -> Reason:
    if row.required_agent_id is not None:
        return Reason("routing.waits_for_recipient", {})
    if not reach.circles:
        at = None if reach.opens_at is None else reach.opens_at.isoformat()
        return Reason("routing.waits_closed", {"opens_at": at})
    if not agents.able:
        return Reason("routing.waits_nobody_able", {})
    if not agents.present:
        return Reason("routing.waits_nobody_present", {"able": agents.able})
    if not agents.available:
        return Reason("routing.waits_all_paused", {"present": agents.present})
    return Reason("routing.waits_all_busy", {"available": agents.available})


def _waiting(queue: QueueRow, row: InteractionRow, circle: int, why: Reason) -> WaitingView:
    return WaitingView(
        interaction_id=row.id,
        channel=row.channel,
        arrived_at=row.arrived_at,
        due_at=_due(queue, row),
        priority=queue.priority + row.priority,
        circle=circle,
        why=why,
    )
