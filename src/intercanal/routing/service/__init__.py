"""The use cases of routing: one function per verb, the unit of work first."""

from intercanal.routing.service.moment import look_at_queue
from intercanal.routing.service.offers import after_refusal, get_decision, open_offers
from intercanal.routing.service.queues import (
    change_queue,
    create_queue,
    get_queue,
    list_queues,
    queue_versions,
    refresh_hours,
    require_queue,
    retire_queue,
)

__all__ = [
    "after_refusal",
    "change_queue",
    "create_queue",
    "get_decision",
    "get_queue",
    "list_queues",
    "look_at_queue",
    "open_offers",
    "queue_versions",
    "refresh_hours",
    "require_queue",
    "retire_queue",
]
