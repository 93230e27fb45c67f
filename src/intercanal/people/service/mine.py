"""An agent's own state: everybody reads and changes their own, and nobody another's."""

from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal
from intercanal.infra.settings.service import effective
from intercanal.kernel.ids import AgentId
from intercanal.people import repository
from intercanal.people.errors import NotAnAgentError, UnknownAgentError
from intercanal.people.schemas import OwnState, PresenceView
from intercanal.people.service.agents import require_agent
from intercanal.people.settings import SHIFT_HOURS


def own_agent_id(principal: Principal) -> str:
    """Return the agent that the caller is, or refuse somebody who is none."""
    if principal.agent_id is None:
        raise NotAnAgentError
    return principal.agent_id


async def get_me(uow: UnitOfWork, agent_id: str) -> OwnState:
    """Return an agent's own state as the journal last wrote it."""
    settings = await require_agent(uow, agent_id)
    row = await repository.live_agent(uow, agent_id)
    if row is None:
        raise UnknownAgentError
    return OwnState(
        agent_id=agent_id,
        name=settings.name,
        presence=row.presence,
        pause_after=row.pause_after,
        since=row.since,
        connected=bool(row.connections),
        capacities=row.capacities,
        capacity_bounds=row.bounds,
        gap_s=max(row.gap_s, row.gap_min_s),
        gap_min_s=row.gap_min_s,
        shift_ends_at=row.shift_ends_at,
    )


async def shift_hours(uow: UnitOfWork, agent_id: str) -> int:
    """Return how long a shift of this agent lasts at most."""
    return await effective(uow, SHIFT_HOURS, AgentId(agent_id))


async def get_presence(uow: UnitOfWork, agent_id: str) -> PresenceView:
    """Return an agent's own presence."""
    row = await repository.live_agent(uow, agent_id)
    if row is None:
        raise UnknownAgentError
    return PresenceView(row.presence, row.pause_after)
