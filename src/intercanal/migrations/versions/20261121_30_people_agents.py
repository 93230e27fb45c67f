"""Agents, teams and skills, and the live copy of each agent."""

from intercanal.migrations.helpers import chain, create_feature_tables
from intercanal.people.tables import AGENT_ROWS, Agent, Skill, Team

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """Create the tables."""
    create_feature_tables("people", [Agent, Team, Skill, AGENT_ROWS])
