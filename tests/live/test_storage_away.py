"""Storage that does not answer: the caller is told in time, and asking again under the same key is safe."""

import asyncpg
import pytest

from intercanal.infra.live.client import Key
from intercanal.infra.live.engine import Bounds
from intercanal.kernel.errors import UnavailableError
from tests.live.conftest import Bench, tenant
from tests.live.test_engine import opened
from tests.live.toy import Add

pytestmark = pytest.mark.server


async def test_a_caller_does_not_wait_for_ever_and_finds_what_became_of_the_command(bench: Bench) -> None:
    engine, of = await bench.engine(Bounds(answer_within_s=0.5)), tenant()
    account = await opened(engine, of)
    key = Key("agent:route", "k1", "hash")
    blocker = await asyncpg.connect(bench.urls.superuser)
    try:
        async with blocker.transaction():
            await blocker.execute("SELECT 1 FROM live_domains FOR UPDATE")
            with pytest.raises(UnavailableError) as refusal:
                await engine.submit(of, Add(account, 3), actor="t", key=key)
            assert refusal.value.code == "live.storage"
            assert refusal.value.facts["retry_after_s"]
    finally:
        await blocker.close()
    assert (await engine.submit(of, Add(account, 3), actor="t", key=key)).sequence >= 2
    assert (await bench.query("SELECT total FROM toy_accounts"))[0][0] == 3
