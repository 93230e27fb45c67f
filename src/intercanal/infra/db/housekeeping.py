"""What the database needs every day: kept answers go after their time, and the log has months to grow into."""

from datetime import timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy import text

from intercanal.infra.db.database import Database

MONTHS_AHEAD: Final = 13
KEPT: Final = timedelta(hours=25)
"""Live answers are promised for 24 hours; an hour more, so that clocks may differ."""

log = structlog.get_logger(__name__)


class Services(Protocol):
    """What housekeeping needs of the program."""

    @property
    def database(self) -> Database:
        """Return the database as doors see it."""
        ...


async def keep_house(services: Services) -> None:
    """Forget answers whose day is over, and make the partitions of the coming months."""
    database = services.database
    now = database.clock.now()
    answers = await database.lookup(text("SELECT infra_purge_idempotency(:now) AS gone"), now=now)
    live = await database.lookup(text("SELECT live_purge_answers(:before) AS gone"), before=now - KEPT)
    made = await database.lookup(text("SELECT infra_make_partitions('live_log', :months) AS made"), months=MONTHS_AHEAD)
    log.info("infra.house_kept", answers=answers[0].gone, live_answers=live[0].gone, partitions=made[0].made)
