"""A worker of a cluster: roles against somebody else's PostgreSQL and NATS."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import httpx
import msgspec
import pytest

from tests.apps.conftest import HOUSE, Commands
from tests.apps.test_serve import free_port, until
from tests.fixtures.servers import NatsServer, OwnServer, PostgresServer, Urls

pytestmark = pytest.mark.server


def test_given_somebody_elses_servers_when_a_worker_runs_its_roles_then_it_answers_and_ends_with_0(
    database: Urls, nats_server: NatsServer, open_folder: Path
) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "INTERCANAL_APP_URL": database.app,
        "INTERCANAL_JOURNAL_URL": database.journal,
        "INTERCANAL_NATS_URL": nats_server.url,
        "INTERCANAL_NATS_TOKEN": nats_server.token,
        "INTERCANAL_SECRET": "a secret of this test",
        "INTERCANAL_BLOBS": "memory://",
        "INTERCANAL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "INTERCANAL_LISTEN": f"http=127.0.0.1:{port}",
        "INTERCANAL_DATA": str(open_folder),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "intercanal.apps.cli", "run", "--roles", "core,work"],
        cwd=HOUSE,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "intercanal: ready\n"
        assert httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_given_nothing_told_when_a_worker_is_started_then_it_names_what_is_missing() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("INTERCANAL_")}
    said = subprocess.run(
        [sys.executable, "-m", "intercanal.apps.cli", "run", "--roles", "core"],
        cwd=HOUSE,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 2
    assert "INTERCANAL_APP_URL is not set" in said.stderr


async def test_given_a_configured_server_when_a_tenant_is_made_then_it_is_there_and_none_of_our_own_is_started(
    own_postgres: tuple[PostgresServer, OwnServer], commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own_postgres[0].place.url("contact_centre")
    monkeypatch.setenv("INTERCANAL_DATABASE_URL", url)
    tenant_id = commands.bootstrap("Managed")["tenant_id"]
    assert not (commands.data / "postgres").exists()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT id::text FROM tenancy_tenants") == tenant_id
    owners = await connection.fetch("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert [row["tableowner"] for row in owners] == ["intercanal_owner"]


def test_given_a_server_that_is_stopped_while_it_starts_then_it_ends_with_0_and_leaves_nothing_running(
    open_folder: Path,
) -> None:
    data = open_folder / "data"
    log = open_folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "intercanal.apps.cli", "serve", "--data", str(data), "--port", str(free_port())],
            cwd=HOUSE,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        until(lambda: b'"child_ready"' in log.read_bytes())
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not (data / "postgres" / "postmaster.pid").exists()


def test_given_a_folder_that_root_gave_away_when_root_works_on_it_then_it_stays_that_accounts(
    commands: Commands,
) -> None:
    commands.data.mkdir()
    if os.geteuid() == 0:
        os.chown(commands.data, 65534, 65534)
    commands.bootstrap("Given")
    owners = {path.stat().st_uid for path in (commands.data, *commands.data.iterdir())}
    assert owners == {commands.data.stat().st_uid}
    assert msgspec.json.decode((commands.data / "secrets.json").read_bytes())
