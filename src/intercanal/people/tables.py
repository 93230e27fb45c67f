"""The tables of people: settings rows of agents, teams and skills, and the live copy of each agent."""

from typing import Any

from sqlalchemy.orm import Mapped

from intercanal.infra.db.tables import Base, Versioned, state_table
from intercanal.people.live import AGENTS


class Agent(Versioned, Base):
    """Somebody who answers customers, as their settings say."""

    __tablename__ = "people_agent_settings"

    name: Mapped[str]
    email: Mapped[str]
    skills: Mapped[dict[str, Any]]
    languages: Mapped[list[str]]
    team_ids: Mapped[list[str]]
    employer_id: Mapped[str | None]
    site_id: Mapped[str | None]
    country: Mapped[str | None]
    bounds: Mapped[dict[str, Any]]
    gap_min_s: Mapped[int]


class Team(Versioned, Base):
    """A group of agents."""

    __tablename__ = "people_teams"

    name: Mapped[str]


class Skill(Versioned, Base):
    """Something that agents can do, better or less well."""

    __tablename__ = "people_skills"

    name: Mapped[str]


AGENT_ROWS = state_table(AGENTS)
