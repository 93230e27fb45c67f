"""Queues, offers, growing waits, and who idles since when."""

from intercanal.migrations.helpers import chain, create_feature_tables
from intercanal.routing.tables import OFFER_ROWS, QUEUE_ROWS, STANDBY_ROWS, WAIT_ROWS, Queue

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """Create the tables."""
    create_feature_tables("routing", [Queue, QUEUE_ROWS, OFFER_ROWS, WAIT_ROWS, STANDBY_ROWS])
