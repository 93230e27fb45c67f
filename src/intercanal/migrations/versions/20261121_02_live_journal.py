"""The journal of the live core: domains, the log by month, answers kept for a day, the relay's positions."""

from alembic import op

from intercanal.infra.live.tables import LiveDomain, LiveIdempotency, LiveLog, LiveRelay
from intercanal.migrations.helpers import chain, lookup_function, make_partitions, open_to_lookups, protect_live

revision, down_revision = chain(__file__)


def upgrade() -> None:
    """Create the journal's tables, which only the journal role writes."""
    for table in (LiveDomain, LiveLog, LiveIdempotency, LiveRelay):
        table.metadata.tables[table.__tablename__].create(op.get_bind())
    protect_live(LiveDomain)
    protect_live(LiveLog, journal="SELECT, INSERT")
    protect_live(LiveIdempotency, journal="SELECT, INSERT, UPDATE, DELETE")
    protect_live(LiveRelay)
    make_partitions(LiveLog)
    open_to_lookups(LiveIdempotency, "ALL")
    lookup_function(
        "live_purge_answers", "before timestamptz", "bigint",
        "WITH gone AS (DELETE FROM live_idempotency WHERE at < before RETURNING 1) SELECT count(*) FROM gone",
    )  # fmt: skip
