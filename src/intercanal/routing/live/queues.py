"""Queues in the live core: their settings, their hours, and the growth of waits."""

from datetime import datetime

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Context, World
from intercanal.routing.domain import Requirement
from intercanal.routing.live import commands, events
from intercanal.routing.live.matching import enter, matcher, offer
from intercanal.routing.live.rows import QueueRow, WaitRow
from intercanal.routing.live.waits import grown, next_growth
from intercanal.tenancy.live import CalendarSpec, is_open, next_change


def _hours(calendar: CalendarSpec | None, now: datetime) -> tuple[bool, datetime | None]:
    if calendar is None:
        return True, None
    change = next_change(calendar, now)
    return is_open(calendar, now), None if change is None else change.at


def know(world: World, queue: QueueRow) -> None:
    """Tell the matcher, and those who send work, about a queue; nobody may stand in it meanwhile."""
    circles = [Requirement.of(circle.skills, circle.team_ids) for circle in queue.circles]
    matcher(world).set_queue(queue.id, circles, is_open=queue.is_open)
    known = world.part(interactions.KnownQueues)
    if queue.retired:
        known.discard(queue.id)
    else:
        known.add(queue.id)


def configure(world: World, command: commands.ConfigureQueue, ctx: Context) -> None:
    """Take newer settings; all who wait there are looked at again under them."""
    row = world.store(QueueRow).get(command.queue_id)
    if row is not None and row.version >= command.version:
        return
    opened, changes_at = _hours(command.calendar, ctx.now)
    ctx.emit(
        events.QueueConfigured(
            queue_id=command.queue_id,
            version=command.version,
            circles=command.circles,
            priority=command.priority,
            targets=command.targets,
            offer_timeout_s=command.offer_timeout_s,
            calendar=command.calendar,
            overflow=command.overflow,
            retired=command.retired,
            is_open=opened,
            changes_at=changes_at,
        )
    )
    waiting = matcher(world).waiting
    standing = [contact for contact in waiting.contacts.values() if command.queue_id in dict(contact.joined)]
    standing.sort(key=lambda contact: (contact.key, contact.id))
    for contact in standing:
        waiting.take(contact.id)
    know(world, world.store(QueueRow)[command.queue_id])
    for contact in standing:
        enter(world, ctx, contact.id, "queue_changed")


def hours_changed(world: World, row: QueueRow, ctx: Context) -> None:
    """Open or close the queue; at its opening all who waited are chosen for, nearest deadline first."""
    opened, changes_at = _hours(row.calendar, ctx.now)
    ctx.emit((events.QueueOpened if opened else events.QueueClosed)(row.id, changes_at))
    board = matcher(world)
    board.waiting.set_open(row.id, opened)
    if opened:
        for choice in board.match_queue(row.id):
            offer(world, ctx, choice, "queue_opened")


def wait_grew(world: World, row: WaitRow, ctx: Context) -> None:
    """Let wider circles and other queues join in; work that is being shown meanwhile only remembers it."""
    queues = world.store(QueueRow)
    joined = grown(queues, row.joined, ctx.now)
    work = world.store(interactions.InteractionRow).get(row.id)
    if work is not None and work.state == "queued":
        enter(world, ctx, row.id, "overflow" if len(joined) > len(row.joined) else "circle_grew")
    else:
        ctx.emit(events.WaitPlanned(row.id, joined, next_growth(queues, joined, ctx.now)))
