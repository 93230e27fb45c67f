"""Interactions, messages and their words, the timeline, dispositions."""

from intercanal.interactions.tables import (
    INTERACTION_ROWS,
    MESSAGE_ROWS,
    Disposition,
    MessageWords,
    TimelineEntry,
)
from intercanal.migrations.helpers import chain, create_feature_tables

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """Create the tables."""
    create_feature_tables("interactions", [INTERACTION_ROWS, MESSAGE_ROWS, MessageWords, TimelineEntry, Disposition])
