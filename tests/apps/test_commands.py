"""The command line, on an installation with and without a server."""

import re
import subprocess
import sys

import asyncpg
import pytest

from intercanal.apps.cli import COMMANDS, parser
from intercanal.apps.installation import hold, reach
from intercanal.infra.supervisor.errors import StartError
from tests.apps.conftest import Commands, Running

NAME = "SELECT name FROM tenancy_tenants WHERE id = $1::text::uuid"

pytestmark = pytest.mark.server


@pytest.mark.parametrize("command", COMMANDS)
def test_given_each_command_when_help_is_asked_for_then_it_says_what_it_does(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([command, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out) > 80


async def test_given_a_running_server_when_tenants_are_made_then_each_has_its_own_ids_and_key(running: Running) -> None:
    one, two = running.commands.bootstrap("One"), running.commands.bootstrap("Two")
    assert set(one) == {"tenant_id", "admin_id", "api_key"}
    assert not set(one.values()) & set(two.values())
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{21}", one["tenant_id"])
    connection = await asyncpg.connect(running.urls.superuser)
    assert await connection.fetchval(NAME, two["tenant_id"]) == "Two"
    await connection.close()


async def test_given_a_weak_password_when_a_tenant_is_made_then_it_is_refused_and_nothing_is_left(
    running: Running,
) -> None:
    asked = ("--tenant", "Weak", "--email", "weak@example.org", "--password-stdin")
    refused = running.commands.run("bootstrap", *asked, stdin="short")
    assert refused.returncode == 1
    assert "identity." in refused.stderr
    assert "Traceback" not in refused.stderr
    connection = await asyncpg.connect(running.urls.superuser)
    assert not await connection.fetchval("SELECT count(*) FROM tenancy_tenants WHERE name = 'Weak'")
    await connection.close()


def test_given_no_server_when_a_tenant_is_made_then_a_database_runs_for_as_long_as_it_takes(commands: Commands) -> None:
    made = commands.bootstrap("Alone")
    assert not (commands.data / "administration.json").exists()
    assert not (commands.data / "postgres" / "postmaster.pid").exists()
    assert commands.json("replay", "--tenant", made["tenant_id"]) == {"decisions": 0, "events": 0, "differences": []}
    findings = {finding["check"]: finding for finding in commands.json("doctor")}
    assert not [finding for finding in findings.values() if finding["verdict"] == "fault"]
    assert findings["postgresql"]["verdict"] == "absent"
    assert "synced" in findings["sync"]["said"]


async def test_given_a_server_that_only_starts_when_a_command_comes_then_it_is_told_to_wait(commands: Commands) -> None:
    async with hold(commands.data, "serve"):
        with pytest.raises(StartError, match="starting or ending"):
            async with reach(commands.data, "bootstrap"):
                pass


def test_given_an_installation_when_it_is_migrated_again_then_nothing_is_wrong(running: Running) -> None:
    running.commands.ok("migrate")


def test_given_a_chain_without_lines_when_it_is_verified_then_it_is_as_written(running: Running) -> None:
    tenant_id = running.commands.bootstrap("Chain")["tenant_id"]
    reports = running.commands.json("audit verify", "--tenant", tenant_id)
    assert [(report["tenant_id"], report["fault"]) for report in reports] == [(tenant_id, None)]


async def test_given_a_running_database_when_the_doctor_looks_then_it_names_what_is_wrong(running: Running) -> None:
    def look() -> dict[str, dict[str, str]]:
        return {finding["check"]: finding for finding in running.commands.json("doctor")}

    before = look()
    parts = ("folder", "postgresql", "durability", "roles", "schema", "clock")
    assert {before[name]["verdict"] for name in parts} == {"ok"}
    connection = await asyncpg.connect(running.urls.superuser)
    (running.commands.data / "secrets.json").chmod(0o644)
    await connection.execute("ALTER ROLE intercanal_app BYPASSRLS")
    await connection.execute("ALTER DATABASE intercanal SET synchronous_commit = off")
    after = look()
    (running.commands.data / "secrets.json").chmod(0o600)
    await connection.execute("ALTER ROLE intercanal_app NOBYPASSRLS")
    await connection.execute("ALTER DATABASE intercanal RESET synchronous_commit")
    await connection.close()
    assert {after[name]["verdict"] for name in ("folder", "durability", "roles")} == {"fault"}
    assert "intercanal_app" in after["roles"]["said"]
    assert "synchronous_commit" in after["durability"]["said"]
    assert "secrets.json" in after["folder"]["said"]


def test_given_an_unknown_role_when_a_worker_is_asked_for_then_the_roles_are_named() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "intercanal.apps.cli", "run", "--roles", "core,nonsense"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 1
    assert "nonsense" in said.stderr
    assert "core, work" in said.stderr
