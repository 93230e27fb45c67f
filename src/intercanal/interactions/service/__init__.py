"""The use cases of interactions: one function per verb, the unit of work first."""

from intercanal.interactions.repository import Fact, Filter, QueueWork, queue_work
from intercanal.interactions.service.arrivals import Thread, get_thread, name_message, recognise
from intercanal.interactions.service.dispositions import (
    change_disposition,
    check_disposition,
    create_disposition,
    get_disposition,
    list_dispositions,
    retire_disposition,
)
from intercanal.interactions.service.erasing import erase_words, words_of_customers
from intercanal.interactions.service.story import LoggedBatch, facts_of, keep
from intercanal.interactions.service.views import (
    get_interaction,
    get_timeline,
    list_interactions,
    require_interaction,
)

__all__ = [
    "Fact",
    "Filter",
    "LoggedBatch",
    "QueueWork",
    "Thread",
    "change_disposition",
    "check_disposition",
    "create_disposition",
    "erase_words",
    "facts_of",
    "get_disposition",
    "get_interaction",
    "get_thread",
    "get_timeline",
    "keep",
    "list_dispositions",
    "list_interactions",
    "name_message",
    "queue_work",
    "recognise",
    "require_interaction",
    "retire_disposition",
    "words_of_customers",
]
