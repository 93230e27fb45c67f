"""A full disk: a clear error while it lasts, recovery when there is room again, and nothing acknowledged is lost."""

import asyncio
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.faults.traffic import Traffic, say
from tests.journeys.people import Centre
from tests.journeys.product import Product, running, until

pytestmark = pytest.mark.server

SIZE_MB = 900
FINEST = 512


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a file system of its own, in memory and small."""
    folder = Path(tempfile.mkdtemp(prefix="intercanal-disk-"))
    options = f"size={SIZE_MB}m,mode=0755"
    said = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, f"this test needs to mount a tmpfs, as root: {said.stderr}"
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    shutil.rmtree(folder, ignore_errors=True)


def fill(disk: Path) -> Path:
    """Leave no room at all, while others use it too; again, since a checkpoint gives room back."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        size = 2**22
        while size >= FINEST:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
    return ballast


async def refused_for_want_of_room(disk: Path, centre: Centre, queue: str, seen: list[str]) -> bool:
    """Bring work with much text, so that the room runs out; true once it is refused, as a problem with a code."""
    fill(disk)
    body = {"queue_id": queue, "text": secrets.token_hex(90_000)}
    try:
        async with asyncio.timeout(20):
            answer = await centre.admin.ask("POST", "/api/interactions", body)
    except (httpx.TransportError, TimeoutError) as error:
        say(f"no answer: {type(error).__name__}")
        return False
    if answer.is_success:
        say("taken")
        return False
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    seen.append(f"{answer.status_code} {answer.json()['code']}")
    assert answer.status_code in {503, 507}, answer.text
    assert answer.headers["retry-after"]
    return True


@pytest.mark.timeout(300)
async def test_a_full_disk_is_told_and_got_over(small_disk: Path) -> None:
    with running(data=small_disk / "data") as product:
        centre = await Centre.make(product)
        traffic = Traffic(centre, seed=3)
        try:
            await traffic.begin()
            await asyncio.sleep(1.5)
            await _fill_and_free(product, traffic, small_disk)
            await asyncio.sleep(1.5)
            await traffic.end()
            assert traffic.diary.odd == []
            assert await traffic.missing() == []
            assert len(traffic.diary.closed) > 5
            await asyncio.gather(*(screen.agrees(30) for screen in traffic.screens))
        finally:
            await traffic.leave()
            await centre.close()


async def _fill_and_free(product: Product, traffic: Traffic, disk: Path) -> None:
    seen: list[str] = []
    ballast = fill(disk)
    try:
        await until(lambda: refused_for_want_of_room(disk, traffic.centre, traffic.queue, seen), 90, "a refusal")
        await asyncio.sleep(2)
        before = len(traffic.diary.opened)
    finally:
        ballast.unlink()
    say(f"refused with {sorted(set(seen))}; asked again {dict(traffic.diary.again)}")
    await asyncio.to_thread(product.wait_ready)

    async def goes_on() -> bool:
        return len(traffic.diary.opened) > before

    await until(goes_on, 60, "work is taken again")
