"""The doors to teams and skills."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import Parameter

from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page
from intercanal.people import service
from intercanal.people.schemas import NamedBody, NamedView, Reason
from intercanal.people.tables import Skill, Team

Limit = Annotated[int | None, Parameter(ge=1)]


@post("/teams", opt={"permission": "people.configure"})
async def create_team(door: Door, data: NamedBody) -> NamedView:
    """Add a team."""
    return await door.write(lambda uow: service.create_group(uow, Team, data))


@get("/teams", opt={"permission": "people.read"})
async def list_teams(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[NamedView]:
    """Return the teams in use."""
    return await door.read(lambda uow: service.list_groups(uow, Team, cursor, limit))


@get("/teams/{team_id:str}", opt={"permission": "people.read"})
async def get_team(door: Door, team_id: str) -> NamedView:
    """Return a team."""
    return await door.read(lambda uow: service.get_group(uow, Team, team_id))


@put("/teams/{team_id:str}", opt={"permission": "people.configure"})
async def change_team(door: Door, team_id: str, data: NamedBody) -> NamedView:
    """Rename a team."""
    return await door.write(lambda uow: service.change_group(uow, Team, team_id, data))


@delete("/teams/{team_id:str}", opt={"permission": "people.configure"})
async def retire_team(door: Door, team_id: str, reason: Reason = "") -> None:
    """Take a team out of use."""
    await door.write(lambda uow: service.retire_group(uow, Team, team_id, reason))


@post("/skills", opt={"permission": "people.configure"})
async def create_skill(door: Door, data: NamedBody) -> NamedView:
    """Add a skill."""
    return await door.write(lambda uow: service.create_group(uow, Skill, data))


@get("/skills", opt={"permission": "people.read"})
async def list_skills(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[NamedView]:
    """Return the skills in use."""
    return await door.read(lambda uow: service.list_groups(uow, Skill, cursor, limit))


@get("/skills/{skill_id:str}", opt={"permission": "people.read"})
async def get_skill(door: Door, skill_id: str) -> NamedView:
    """Return a skill."""
    return await door.read(lambda uow: service.get_group(uow, Skill, skill_id))


@put("/skills/{skill_id:str}", opt={"permission": "people.configure"})
async def change_skill(door: Door, skill_id: str, data: NamedBody) -> NamedView:
    """Rename a skill."""
    return await door.write(lambda uow: service.change_group(uow, Skill, skill_id, data))


@delete("/skills/{skill_id:str}", opt={"permission": "people.configure"})
async def retire_skill(door: Door, skill_id: str, reason: Reason = "") -> None:
    """Take a skill out of use."""
    await door.write(lambda uow: service.retire_group(uow, Skill, skill_id, reason))


HANDLERS = [
    create_team, list_teams, get_team, change_team, retire_team,
    create_skill, list_skills, get_skill, change_skill, retire_skill,
]  # fmt: skip
