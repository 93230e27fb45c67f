"""How a wait grows: wider circles of its queue, then the queue it overflows to; pure over the queues' rows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from intercanal.routing.live.rows import Joined, QueueRow


class Queues(Protocol):
    """Where queues are found by their id."""

    def get(self, key: str) -> QueueRow | None:
        """Return the queue, or None."""
        ...


def _circle_at(queue: QueueRow, since: datetime, now: datetime) -> int:
    waited = now - since
    return max((n for n, circle in enumerate(queue.circles) if timedelta(seconds=circle.after_s) <= waited), default=0)


def grown(queues: Queues, joined: list[Joined], now: datetime) -> list[Joined]:
    """Return where a contact may be served by now; a queue is joined once, in the order of the overflow."""
    result: dict[str, Joined] = {}
    todo = list(joined)
    while todo:
        one = todo.pop(0)
        queue = queues.get(one.queue_id)
        if queue is None or one.queue_id in result:
            continue
        result[one.queue_id] = Joined(one.queue_id, one.since, _circle_at(queue, one.since, now))
        if queue.overflow is not None:
            at = one.since + timedelta(seconds=queue.overflow.after_s)
            target = queues.get(queue.overflow.to_queue_id)
            if at <= now and target is not None and not target.retired:
                todo.append(Joined(queue.overflow.to_queue_id, at))
    return list(result.values())


def next_growth(queues: Queues, joined: list[Joined], now: datetime) -> datetime | None:
    """Return when the next circle or queue joins, None when nothing is left to join."""
    known: Mapping[str, Joined] = {one.queue_id: one for one in joined}
    found: list[datetime] = []
    for one in joined:
        queue = queues.get(one.queue_id)
        if queue is None:
            continue
        found += [one.since + timedelta(seconds=circle.after_s) for circle in queue.circles]
        if queue.overflow is not None and queue.overflow.to_queue_id not in known:
            found.append(one.since + timedelta(seconds=queue.overflow.after_s))
    return min((at for at in found if at > now), default=None)


def may_grow(queue: QueueRow) -> bool:
    """Say whether waiting in this queue can change who may serve."""
    return len(queue.circles) > 1 or queue.overflow is not None
