"""The queries of people beyond the versions of a row."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, and_, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import array

from intercanal.infra.db import versions
from intercanal.infra.db.tables import Versioned
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import is_id
from intercanal.people.live import AGENTS, AgentRow
from intercanal.people.tables import AGENT_ROWS, Agent

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('people_email/' || :tenant, 0))")


async def lock_emails(uow: UnitOfWork) -> None:
    """Wait to be the only one of the tenant who gives an agent an address, until the end of the transaction."""
    await uow.session.execute(_ONE_AT_A_TIME, {"tenant": uow.tenant_id})


async def agents_with_email(uow: UnitOfWork, email: str) -> Sequence[Agent]:
    """Return the agents who have an address now, however its letters are written."""
    return await versions.all_current(uow, Agent, func.lower(Agent.email) == email.lower())


async def missing(uow: UnitOfWork, model: type[Versioned], ids: Iterable[str]) -> list[str]:
    """Return those of some ids that no current row has."""
    asked = set(ids)
    real = [one for one in asked if is_id(one)]
    found = {row.id for row in await versions.all_current(uow, model, model.id.in_(real))} if real else set()
    return sorted(asked - found)


async def live_agent(uow: UnitOfWork, agent_id: str) -> AgentRow | None:
    """Return the live copy of an agent as the journal last wrote it."""
    return (await live_agents(uow, [agent_id])).get(agent_id)


async def live_agents(uow: UnitOfWork, agent_ids: Iterable[str]) -> dict[str, AgentRow]:
    """Return the live copies of some agents by id."""
    statement = select(*(AGENT_ROWS.c[name] for name in AGENTS.columns)).where(
        AGENT_ROWS.c.tenant_id == uow.tenant_id, AGENT_ROWS.c.id.in_([one for one in agent_ids if is_id(one)])
    )
    rows = [
        msgspec.convert(dict(zip(AGENTS.columns, row, strict=True)), AgentRow)
        for row in await uow.session.execute(statement)
    ]
    return {row.id: row for row in rows}


Wanted = tuple[Mapping[str, int], Sequence[str]]


class Able(msgspec.Struct, frozen=True):
    """How many agents could take some work, how many of them are there, and how many are available."""

    able: int
    present: int
    available: int


def _meets(wanted: Wanted) -> ColumnElement[bool]:
    skills, team_ids = wanted
    levels = [AGENT_ROWS.c.skills[skill].as_integer() >= level for skill, level in skills.items()]
    teams = [AGENT_ROWS.c.team_ids.has_any(array(team_ids))] if team_ids else []
    return and_(true(), *levels, *teams)


async def count_able(uow: UnitOfWork, circles: Iterable[Wanted]) -> Able:
    """Count the agents who meet any of some circles."""
    agents = AGENT_ROWS.c
    statement = select(
        func.count(),
        func.count().filter(agents.presence != "offline"),
        func.count().filter(agents.presence == "available", agents.pause_after.is_(False), agents.lost_at.is_(None)),
    ).where(agents.tenant_id == uow.tenant_id, agents.retired.is_(False), or_(*(_meets(one) for one in circles)))
    return Able(*(await uow.session.execute(statement)).one())
