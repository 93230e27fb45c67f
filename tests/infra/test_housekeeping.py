"""Once a day what is over goes, and nothing else does."""

import dataclasses
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from intercanal.infra.db.database import Database
from intercanal.infra.db.housekeeping import keep_house
from intercanal.kernel.clock import ManualClock
from tests.fixtures.servers import Urls
from tests.infra.sample import ONE, TWO, Bench, bearer

pytestmark = pytest.mark.server


@dataclasses.dataclass
class Services:
    database: Database


async def test_answers_go_after_their_day_for_every_tenant(bench: Bench, database: Urls) -> None:
    async with bench.client() as client:
        for who in ("one", "two"):
            headers = bearer(who) | {"idempotency-key": "k"}
            assert (await client.post("/api/sample", json={"text": "x"}, headers=headers)).status_code == 201
    journal = await asyncpg.connect(database.journal)
    for tenant in (ONE, TWO):
        await journal.execute(
            "INSERT INTO live_idempotency (tenant_id, domain_id, scope, key, body_hash, sequence, at) "
            "VALUES ($1::text::uuid, $1::text::uuid, 's', 'k', 'h', 1, now())",
            tenant,
        )
    await journal.close()
    kept = []
    for hours in (0, 23, 26):
        later = Database(database.app, clock=ManualClock(datetime.now(UTC) + timedelta(hours=hours)))
        await keep_house(Services(later))
        await later.close()
        kept.append(await _counts(database))
    assert kept == [(2, 2), (2, 2), (0, 0)]
    assert await bench.notes(ONE) == ["x"]


async def _counts(urls: Urls) -> tuple[int, int]:
    connection = await asyncpg.connect(urls.superuser)
    try:
        row = await connection.fetchrow(
            "SELECT (SELECT count(*) FROM infra_idempotency), (SELECT count(*) FROM live_idempotency)"
        )
        assert row is not None
        return row[0], row[1]
    finally:
        await connection.close()
