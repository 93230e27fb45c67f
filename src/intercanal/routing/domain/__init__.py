"""The matcher: pure decisions over waiting contacts and idle agents, in memory, without clock, chance or waiting."""

from intercanal.routing.domain.agents import Agent
from intercanal.routing.domain.contacts import Contact
from intercanal.routing.domain.matcher import Choice, Matcher
from intercanal.routing.domain.policy import deadline, idle_key, microseconds
from intercanal.routing.domain.reasons import Reason, reason_for
from intercanal.routing.domain.terms import ALL_CHANNELS, CHANNELS, Requirement, channel_bit

__all__ = [
    "ALL_CHANNELS",
    "CHANNELS",
    "Agent",
    "Choice",
    "Contact",
    "Matcher",
    "Reason",
    "Requirement",
    "channel_bit",
    "deadline",
    "idle_key",
    "microseconds",
    "reason_for",
]
