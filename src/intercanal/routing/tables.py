"""The tables of routing: settings rows of queues, and the live rows."""

from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Versioned, state_table
from intercanal.routing.live import OFFERS, QUEUES, STANDBYS, WAITS


class Queue(Versioned, Base):
    """A queue as its author wrote it; `circles` are those that join after a wait.

    `hours_digest` tells which hours of its calendar the core was given with this version.
    """

    __tablename__ = "routing_queue_settings"

    name: Mapped[str]
    skills: Mapped[dict[str, Any]]
    team_ids: Mapped[list[str]]
    circles: Mapped[list[Any]] = mapped_column(JSONB())
    priority: Mapped[int]
    targets: Mapped[dict[str, Any]]
    offer_timeout_s: Mapped[int]
    calendar_id: Mapped[str | None]
    hours_digest: Mapped[str | None]
    overflow: Mapped[dict[str, Any] | None]


QUEUE_ROWS = state_table(QUEUES)

OFFER_ROWS = state_table(OFFERS)
Index(None, OFFER_ROWS.c.tenant_id, OFFER_ROWS.c.interaction_id)
Index(
    "ix_routing_offers_open",
    OFFER_ROWS.c.tenant_id,
    OFFER_ROWS.c.agent_id,
    postgresql_where=OFFER_ROWS.c.state == "open",
)

WAIT_ROWS = state_table(WAITS)
STANDBY_ROWS = state_table(STANDBYS)
