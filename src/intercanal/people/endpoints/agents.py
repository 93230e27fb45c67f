"""The doors to agents' settings."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import Parameter

from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page
from intercanal.people import service
from intercanal.people.schemas import AgentBody, AgentToken, AgentVersion, AgentView, Reason, TokenBody

Limit = Annotated[int | None, Parameter(ge=1)]


@post("/agents", opt={"permission": "people.configure"})
async def create_agent(door: Door, data: AgentBody) -> AgentView:
    """Add an agent; answers once they can be offered work."""
    return await door.write(lambda uow: service.create_agent(uow, data))


@get("/agents", opt={"permission": "people.read"})
async def list_agents(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[AgentView]:
    """Return the agents in the order they came."""
    return await door.read(lambda uow: service.list_agents(uow, cursor, limit))


@get("/agents/{agent_id:str}", opt={"permission": "people.read"})
async def get_agent(door: Door, agent_id: str) -> AgentView:
    """Return an agent."""
    return await door.read(lambda uow: service.get_agent(uow, agent_id))


@get("/agents/{agent_id:str}/versions", opt={"permission": "people.read"})
async def agent_versions(door: Door, agent_id: str) -> Page[AgentVersion]:
    """Return every version of an agent's settings, the newest first, with author, date and reason."""
    return Page(await door.read(lambda uow: service.agent_versions(uow, agent_id)))


@put("/agents/{agent_id:str}", opt={"permission": "people.configure"})
async def change_agent(door: Door, agent_id: str, data: AgentBody) -> AgentView:
    """Change an agent's settings."""
    return await door.write(lambda uow: service.change_agent(uow, agent_id, data))


@delete("/agents/{agent_id:str}", opt={"permission": "people.configure"})
async def retire_agent(door: Door, agent_id: str, reason: Reason = "") -> None:
    """Let an agent go; what they hold returns to its queues."""
    await door.write(lambda uow: service.retire_agent(uow, agent_id, reason))


@post("/agents/{agent_id:str}/token", opt={"permission": "people.issue_tokens"})
async def issue_token(door: Door, agent_id: str, data: TokenBody) -> AgentToken:
    """Make a token with which a robot works as this agent; it is shown this once."""
    return await door.write(lambda uow: service.issue_token(uow, agent_id, data.name), secrets=("token",))


HANDLERS = [create_agent, list_agents, get_agent, agent_versions, change_agent, retire_agent, issue_token]
