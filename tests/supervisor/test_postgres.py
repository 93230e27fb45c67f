"""PostgreSQL as our child: nothing acknowledged is lost, root is dropped, the folder says which version serves it."""

import asyncio
import secrets
from pathlib import Path

import asyncpg
import pytest

from intercanal.infra.supervisor import binaries, postgres
from intercanal.infra.supervisor.account import unprivileged
from intercanal.infra.supervisor.child import Child
from intercanal.infra.supervisor.errors import StartError
from tests.fixtures.background import Background
from tests.fixtures.servers import OwnServer, PostgresServer

pytestmark = pytest.mark.server

DEBIAN = Path("/usr/lib/postgresql/15/bin")
ENOUGH = 50
SMALL = {"shared_buffers": "32MB"}


def _uid(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[2])


async def _write_until_gone(url: str, acknowledged: list[int], enough: asyncio.Event) -> None:
    connection = await asyncpg.connect(url)
    try:
        for number in range(1_000_000):
            await connection.execute("INSERT INTO acked VALUES ($1)", number)
            acknowledged.append(number)
            if number == ENOUGH:
                enough.set()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        return


async def _connect_when_back(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncpg.connect(url)
            except (asyncpg.PostgresError, OSError):
                await asyncio.sleep(0.05)


async def test_given_writers_when_the_server_is_killed_then_it_is_back_with_every_acknowledged_row(
    own_postgres: tuple[PostgresServer, OwnServer],
) -> None:
    server, keeper = own_postgres
    url = server.place.url("postgres")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE acked (n integer)")
    await connection.close()
    for _ in range(3):
        acknowledged: list[int] = []
        enough = asyncio.Event()
        writer = asyncio.create_task(_write_until_gone(url, acknowledged, enough))
        await enough.wait()
        killed = keeper.child.pid
        keeper.kill()
        await writer
        connection = await _connect_when_back(url)
        kept = {row["n"] for row in await connection.fetch("SELECT n FROM acked")}
        assert kept >= set(acknowledged)
        assert keeper.child.pid != killed
        await connection.execute("TRUNCATE acked")
        await connection.close()
    assert keeper.child.starts == 4


def test_given_root_when_the_server_runs_then_neither_it_nor_its_folder_is_roots(
    own_postgres: tuple[PostgresServer, OwnServer],
) -> None:
    server, keeper = own_postgres
    assert keeper.child.pid is not None
    assert _uid(keeper.child.pid) != 0
    assert server.place.data.stat().st_mode & 0o777 == 0o700
    assert server.place.data.stat().st_uid == _uid(keeper.child.pid)


async def test_given_the_socket_when_somebody_comes_without_the_password_then_they_are_refused(
    own_postgres: tuple[PostgresServer, OwnServer],
) -> None:
    server, _ = own_postgres
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.place.url("postgres", postgres.SUPERUSER, "guess"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.place.url("postgres", "postgres", ""))


async def test_given_the_server_when_it_is_asked_then_nothing_durable_is_off_and_nobody_can_reach_it_by_network(
    own_postgres: tuple[PostgresServer, OwnServer],
) -> None:
    connection = await asyncpg.connect(own_postgres[0].place.url("postgres"))
    rows = await connection.fetch("SELECT name, setting FROM pg_settings")
    settings: dict[str, str] = {row["name"]: row["setting"] for row in rows}
    assert [settings[name] for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3
    assert settings["listen_addresses"] == ""
    assert settings["data_checksums"] == "on"
    assert settings["server_encoding"] == "UTF8"
    assert settings["shared_preload_libraries"] == "pg_stat_statements"
    assert await connection.fetchval("SELECT upper('é') || lower('Ž')") == "Éž"
    await connection.close()


async def test_given_a_folder_behind_one_that_is_roots_alone_when_the_server_starts_then_it_works_and_no_mode_changes(
    open_folder: Path, background: Background
) -> None:
    barred = open_folder / "home"
    barred.mkdir(mode=0o700)
    state = barred / "data"
    state.mkdir()
    place = postgres.prepare(state, secrets.token_urlsafe(24), unprivileged())
    server = OwnServer(Child(postgres.child(place, SMALL)), background)
    connection = await asyncpg.connect(place.url("postgres"))
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    assert barred.stat().st_mode & 0o777 == 0o700
    server.close()
    postgres.forget(place)


async def test_given_an_initdb_that_was_cut_short_when_the_server_is_prepared_then_the_folder_is_made_again(
    open_folder: Path, background: Background
) -> None:
    half = open_folder / "postgres" / "base"
    half.mkdir(parents=True)
    (half / "1").write_text("half")
    place = postgres.prepare(open_folder, secrets.token_urlsafe(24), unprivileged())
    server = OwnServer(Child(postgres.child(place, SMALL)), background)
    await postgres.check(place.url("postgres"))
    server.close()
    postgres.forget(place)


async def test_given_a_folder_of_version_15_when_the_server_starts_then_debians_binaries_serve_it(
    open_folder: Path, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(binaries.CHOICE, str(DEBIAN))
    password = secrets.token_urlsafe(24)
    place = postgres.prepare(open_folder, password, unprivileged())
    assert place.binaries.major == 15
    postgres.forget(place)
    monkeypatch.delenv(binaries.CHOICE)
    again = postgres.prepare(open_folder, password, unprivileged())
    assert again.binaries.folder == DEBIAN
    server = OwnServer(Child(postgres.child(again, SMALL)), background)
    connection = await asyncpg.connect(again.url("postgres"))
    assert (await connection.fetchval("SHOW server_version")).startswith("15.")
    assert await connection.fetchval("SELECT upper('é')") == "É"
    await connection.close()
    server.close()
    postgres.forget(again)


def test_given_a_folder_of_a_version_that_nobody_has_when_it_is_prepared_then_the_error_names_it(
    open_folder: Path,
) -> None:
    (open_folder / "postgres").mkdir()
    (open_folder / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartError, match="version 12"):
        postgres.prepare(open_folder, "unused", unprivileged())


def test_given_the_wheel_when_nothing_is_configured_then_it_is_chosen(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(binaries.CHOICE, raising=False)
    assert binaries.find(open_folder).major == 18
    monkeypatch.setenv(binaries.CHOICE, str(DEBIAN))
    assert binaries.find(open_folder).major == 15
