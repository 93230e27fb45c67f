"""A date that no database keeps is a poisoned command like any other: it fails alone."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from intercanal.infra.live.engine import Bounds
from intercanal.kernel.errors import InvalidError
from tests.live.conftest import Bench, tenant
from tests.live.test_engine import opened
from tests.live.toy import Add, Open

pytestmark = pytest.mark.server

BEYOND = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=23, minutes=59)))
BEFORE = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59)))


@pytest.mark.parametrize("date", [BEYOND, BEFORE], ids=["beyond", "before"])
async def test_a_date_that_cannot_be_kept_fails_alone_in_its_batch(bench: Bench, date: datetime) -> None:
    engine, of = await bench.engine(Bounds(window_s=0.05)), tenant()
    account = await opened(engine, of)
    commands = [Add(account, 1), Open(wakes_at=date), Add(account, 1)]
    results = await asyncio.gather(*(engine.submit(of, c, actor="t") for c in commands), return_exceptions=True)
    assert [type(one).__name__ for one in results] == ["Outcome", "InvalidError", "Outcome"]
    assert isinstance(results[1], InvalidError)
    assert (await engine.submit(of, Add(account, 1), actor="t")).sequence == 4


ENDS = {"max": datetime.max.replace(tzinfo=UTC), "min": datetime.min.replace(tzinfo=UTC)}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_a_domain_with_a_row_at_an_end_of_time_can_be_loaded_again(bench: Bench, end: datetime) -> None:
    engine, of = await bench.engine(), tenant()
    account = await opened(engine, of, 3600)
    await engine.submit(of, Open(wakes_at=end), actor="t")
    heir = await bench.engine()
    assert (await heir.submit(of, Add(account, 1), actor="t")).sequence >= 3
