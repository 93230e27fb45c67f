"""Why this agent, why now, and who was second: a code with facts, worded for people from the catalogue."""

from typing import Literal

import msgspec

from intercanal.routing.domain.matcher import Choice
from intercanal.routing.domain.policy import SECOND, held_of, idle_since_of

Fact = str | int | float | None
Trigger = Literal[
    "arrived",
    "offer_declined",
    "offer_expired",
    "offer_withdrawn",
    "agent_offline",
    "agent_absent",
    "shift_ended",
    "transferred",
    "due",
    "customer_answered",
    "recipient_away",
    "overflow",
    "circle_grew",
    "queue_opened",
    "queue_changed",
    "agent_available",
    "agent_changed",
    "agent_rested",
    "agent_has_room",
    "work_ended",
]

_TENTH = SECOND // 10


class Reason(msgspec.Struct, frozen=True, gc=False):
    """A stable code and its facts; sentences are made where somebody reads them."""

    code: str
    facts: dict[str, Fact]


def _seconds(span: int) -> float:
    return span // _TENTH / 10


def reason_for(choice: Choice, now: int, trigger: Trigger) -> Reason:
    """Say why a choice was made; a null second means that there was no other."""
    contact, key = choice.contact, choice.key
    facts: dict[str, Fact] = {
        "trigger": trigger,
        "queue_id": choice.queue_id,
        "circle": choice.circle,
        "waited_s": _seconds(now - contact.arrived),
        "due_in_s": _seconds(contact.key - now),
        "priority": contact.priority,
        "agent_id": choice.agent.id,
        "idle_s": _seconds(now - idle_since_of(key)),
        "held": held_of(key),
    }
    if choice.by_agent:
        second = choice.second_contact
        facts["second_interaction_id"] = None if second is None else second.id
        facts["second_due_in_s"] = None if second is None else _seconds(second.key - now)
        return Reason("routing.required_agent" if choice.is_wanted else "routing.nearest_deadline", facts)
    other = choice.second_agent
    facts["second_agent_id"] = None if other is None else other.id
    facts["second_idle_s"] = None if other is None else _seconds(now - idle_since_of(other.key))
    facts["second_held"] = None if other is None else held_of(other.key)
    if not choice.is_wanted:
        return Reason("routing.longest_idle", facts)
    return Reason("routing.required_agent" if contact.required else "routing.preferred_agent", facts)
