"""The machine's clock jumps under the running product: time in the journal never goes back, and timers still fire."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intercanal.kernel.ids import TenantId
from tests.faults.test_kills import identical
from tests.journeys.people import Centre
from tests.journeys.product import Product, running

pytestmark = pytest.mark.server


class Machine:
    """The clock of every process of one product, by libfaketime; real time goes on at its pace."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "offset"
        self.offset = timedelta(0)
        self.move(timedelta(0))

    def environment(self) -> dict[str, str]:
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        assert library is not None, "this test needs Debian's package faketime"
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def move(self, by: timedelta) -> None:
        self.offset += by
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{self.offset.total_seconds():+.0f}\n")
        draft.chmod(0o644)
        draft.replace(self._file)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="intercanal-clock-") as folder:
        Path(folder).chmod(0o755)
        yield Machine(Path(folder))


@pytest.fixture
def jumping(machine: Machine) -> Iterator[Product]:
    with running() as made:
        # begun under the real clock: making the database needs sleeps that libfaketime gets wrong
        assert made.stop() == 0
        made.environment.update(machine.environment())
        made.start()
        yield made


async def opening_at(centre: Centre, moment: datetime) -> str:
    closes = moment - timedelta(minutes=1)  # the next day
    hours = [{"day": f"{moment:%a}".lower(), "from": f"{moment:%H:%M}", "to": f"{closes:%H:%M}"}]
    made = await centre.admin.post("/api/tenancy/calendars", {"name": "Later", "timezone": "UTC", "hours": hours})
    return str(made["id"])


@pytest.mark.timeout(240)
async def test_the_clock_jumps_under_the_whole_product(machine: Machine, jumping: Product) -> None:
    centre = await Centre.make(jumping)
    queue = await centre.queue(offer_timeout_s=3600)
    later = await centre.queue(calendar_id=await opening_at(centre, machine.now() + timedelta(hours=1)))
    ana = await centre.agent()
    asleep = await centre.work(queue)
    await ana.accept(asleep)
    until = machine.now() + timedelta(hours=2)
    await ana.post(f"/api/interactions/{asleep}/snooze", {"until": until.isoformat()})
    waiting = await centre.work(later)
    assert await ana.offered() is None

    machine.move(timedelta(hours=3))  # forward: what was due in between fires
    assert {await ana.accept(), await ana.accept()} == {asleep, waiting}
    await ana.close_work(asleep)
    await ana.close_work(waiting)
    before = await jumping.query("SELECT max(at) AS at FROM live_log WHERE tenant_id = $1", centre.tenant_id)

    machine.move(timedelta(hours=-6))  # back: time goes on at its own pace
    work = await centre.work(queue)
    await ana.accept(work)
    soon = before[0]["at"] + timedelta(seconds=20)
    await ana.post(f"/api/interactions/{work}/snooze", {"until": soon.isoformat()})
    await centre.in_state(work, "offered", seconds=60)
    await ana.accept(work)

    jumping.kill("core")  # and a new owner, whose clock is hours behind the journal
    jumping.wait_ready()
    await ana.close_work(work)
    await centre.work(queue)
    await ana.accept()

    at = [row["at"] for row in await jumping.query(
        "SELECT at FROM live_log WHERE tenant_id = $1 ORDER BY sequence", centre.tenant_id
    )]  # fmt: skip
    assert at == sorted(at)
    await identical(jumping, TenantId(centre.tenant_id), at_least=20)
    await centre.close()
