"""Agents: their settings, kept in versions, and their way into the live core."""

from typing import Any

from sqlalchemy.exc import IntegrityError

from intercanal.identity import service as identity
from intercanal.infra.db import versions
from intercanal.infra.db.unit_of_work import Submit, UnitOfWork
from intercanal.kernel.errors import NotFoundError
from intercanal.kernel.ids import AgentId
from intercanal.kernel.paging import Page, clamp, encode_cursor, id_cursor
from intercanal.people import repository
from intercanal.people.errors import (
    ChangedMeanwhileError,
    EmailTakenError,
    UnknownAgentError,
    UnknownReferenceError,
)
from intercanal.people.live import ConfigureAgent, Presence
from intercanal.people.schemas import AgentBody, AgentToken, AgentVersion, AgentView
from intercanal.people.tables import Agent, Skill, Team
from intercanal.tenancy import service as tenancy


async def create_agent(uow: UnitOfWork, body: AgentBody) -> AgentView:
    """Add an agent; the door answers once the live core knows them."""
    values = await _values(uow, body, None)
    return await _configure(uow, versions.first(uow, Agent, values, body.reason), "offline")


async def change_agent(uow: UnitOfWork, agent_id: str, body: AgentBody) -> AgentView:
    """Change an agent's settings."""
    row = await require_agent(uow, agent_id)
    if body.version is not None and body.version != row.version:
        raise ChangedMeanwhileError
    values = await _values(uow, body, agent_id)
    return await _configure(uow, versions.next_of(uow, row, values, body.reason), await _presence(uow, agent_id))


async def retire_agent(uow: UnitOfWork, agent_id: str, reason: str) -> None:
    """Let an agent go: their tokens end, and what they hold returns to its queues."""
    row = await require_agent(uow, agent_id)
    await _configure(uow, versions.next_of(uow, row, {"retired": True}, reason), "offline")
    await identity.revoke_agent_tokens(uow, AgentId(agent_id))


async def get_agent(uow: UnitOfWork, agent_id: str) -> AgentView:
    """Return an agent."""
    return _view(await require_agent(uow, agent_id), await _presence(uow, agent_id))


async def list_agents(uow: UnitOfWork, cursor: str | None, limit: int | None) -> Page[AgentView]:
    """Return the agents in the order they came."""
    after, size = id_cursor(cursor) or "", clamp(limit)
    rows = await versions.all_current(uow, Agent, after=after, limit=size + 1)
    live = await repository.live_agents(uow, [row.id for row in rows[:size]])
    views = [_view(row, live[row.id].presence if row.id in live else "offline") for row in rows[:size]]
    return Page(views, encode_cursor(rows[size - 1].id) if len(rows) > size else None)


async def agent_versions(uow: UnitOfWork, agent_id: str) -> list[AgentVersion]:
    """Return every version of an agent's settings, the newest first."""
    await require_agent(uow, agent_id)
    return [
        AgentVersion(
            version=row.version,
            author_id=row.author_id,
            at=row.at,
            reason=row.reason,
            skills=row.skills,
            languages=row.languages,
            team_ids=row.team_ids,
            capacity_bounds=row.bounds,
            gap_min_s=row.gap_min_s,
            retired=row.retired,
        )
        for row in await versions.history(uow, Agent, agent_id)
    ]


async def issue_token(uow: UnitOfWork, agent_id: str, name: str) -> AgentToken:
    """Make a token with which a robot works as this agent."""
    await require_agent(uow, agent_id)
    return AgentToken(await identity.issue_agent_token(uow, AgentId(agent_id), name))


async def require_agent(uow: UnitOfWork, agent_id: str) -> Agent:
    """Return an agent's current settings; an unknown or retired one is not found."""
    row = await versions.current(uow, Agent, agent_id)
    if row is None:
        raise UnknownAgentError
    return row


async def _values(uow: UnitOfWork, body: AgentBody, agent_id: str | None) -> dict[str, Any]:
    for kind, model, ids in (("skill", Skill, list(body.skills)), ("team", Team, body.team_ids)):
        if unknown := await repository.missing(uow, model, ids):
            raise UnknownReferenceError(kind, unknown)
    return {
        "name": " ".join(body.name.split()),
        "email": await _free_email(uow, body.email, agent_id),
        "skills": dict(body.skills),
        "languages": list(dict.fromkeys(body.languages)),
        "team_ids": sorted(set(body.team_ids)),
        "employer_id": body.employer_id,
        "site_id": body.site_id,
        "country": await _country(uow, body),
        "bounds": body.capacity_bounds.with_defaults(),
        "gap_min_s": body.gap_min_s,
        "retired": False,
    }


async def _free_email(uow: UnitOfWork, email: str, agent_id: str | None) -> str:
    normal = tenancy.normal_mail(email)
    await repository.lock_emails(uow)
    if any(row.id != agent_id for row in await repository.agents_with_email(uow, normal)):
        raise EmailTakenError
    return normal


async def _country(uow: UnitOfWork, body: AgentBody) -> str | None:
    """Say from where the agent answers: as told, else where the site is, else where the employer is."""
    country = body.country
    for kind, wanted, find in (
        ("site", body.site_id, tenancy.get_site),
        ("employer", body.employer_id, tenancy.get_employer),
    ):
        if wanted is None:
            continue
        try:
            found = await find(uow, wanted)
        except NotFoundError as error:
            raise UnknownReferenceError(kind, [wanted]) from error
        country = country or found.country
    return country


async def _configure(uow: UnitOfWork, row: Agent, presence: Presence) -> AgentView:
    try:
        await uow.session.flush()
    except IntegrityError as error:
        raise ChangedMeanwhileError from error
    uow.after_commit(
        Submit(
            ConfigureAgent(
                agent_id=row.id,
                version=row.version,
                skills=row.skills,
                languages=row.languages,
                team_ids=row.team_ids,
                bounds=row.bounds,
                gap_min_s=row.gap_min_s,
                employer_id=row.employer_id,
                country=row.country,
                retired=row.retired,
            )
        )
    )
    return _view(row, presence)


async def _presence(uow: UnitOfWork, agent_id: str) -> Presence:
    live = await repository.live_agent(uow, agent_id)
    return "offline" if live is None else live.presence


def _view(row: Agent, presence: Presence) -> AgentView:
    return AgentView(
        id=row.id,
        version=row.version,
        name=row.name,
        email=row.email,
        skills=row.skills,
        languages=row.languages,
        team_ids=row.team_ids,
        employer_id=row.employer_id,
        site_id=row.site_id,
        country=row.country,
        capacity_bounds=row.bounds,
        gap_min_s=row.gap_min_s,
        presence=presence,
    )
