"""The matcher: pure decisions over waiting contacts and idle agents, in memory, without clock, chance or waiting."""

from intercanal.routing.domain.agents import Agent
from intercanal.routing.domain.contacts import Contact
from intercanal.routing.domain.matcher import Choice, Matcher
from intercanal.routing.domain.policy import deadline, from_microseconds, idle_key, idle_since_of, microseconds
from intercanal.routing.domain.reasons import Reason, Trigger, reason_for
from intercanal.routing.domain.terms import ALL_CHANNELS, CHANNELS, Requirement, channel_bit, channel_index

__all__ = [
    "ALL_CHANNELS",
    "CHANNELS",
    "Agent",
    "Choice",
    "Contact",
    "Matcher",
    "Reason",
    "Requirement",
    "Trigger",
    "channel_bit",
    "channel_index",
    "deadline",
    "from_microseconds",
    "idle_key",
    "idle_since_of",
    "microseconds",
    "reason_for",
]
