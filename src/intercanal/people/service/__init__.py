"""The use cases of people: one function per verb, the unit of work first."""

from intercanal.people.repository import live_agent, live_agents
from intercanal.people.service.agents import (
    agent_versions,
    change_agent,
    create_agent,
    get_agent,
    issue_token,
    list_agents,
    require_agent,
    retire_agent,
)
from intercanal.people.service.counting import check_known, count_able
from intercanal.people.service.groups import change_group, create_group, get_group, list_groups, retire_group
from intercanal.people.service.mine import get_me, get_presence, own_agent_id, shift_hours

__all__ = [
    "agent_versions",
    "change_agent",
    "change_group",
    "check_known",
    "count_able",
    "create_agent",
    "create_group",
    "get_agent",
    "get_group",
    "get_me",
    "get_presence",
    "issue_token",
    "list_agents",
    "list_groups",
    "live_agent",
    "live_agents",
    "own_agent_id",
    "require_agent",
    "retire_agent",
    "retire_group",
    "shift_hours",
]
