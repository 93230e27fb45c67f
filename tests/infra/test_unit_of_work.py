"""A unit of work sees one tenant, and the program refuses to run as somebody mightier."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from intercanal.infra.db.database import Database, WrongRoleError
from intercanal.infra.http.problems import problem_of
from intercanal.kernel.errors import UnavailableError
from tests.fixtures.servers import Urls
from tests.infra.sample import ONE, TWO, Bench, Note

pytestmark = pytest.mark.server


async def add(bench: Bench, tenant: str, words: str) -> None:
    async with bench.database.unit_of_work(ONE if tenant == "one" else TWO) as uow:
        uow.session.add(Note(tenant_id=uow.tenant_id, id=uow.new_id(), text=words))
        await uow.commit()


async def test_each_tenant_sees_its_own_rows_alone(bench: Bench) -> None:
    await add(bench, "one", "a")
    await add(bench, "two", "b")
    assert (await bench.notes(ONE), await bench.notes(TWO)) == (["a"], ["b"])


async def test_the_tenant_does_not_stay_with_the_pooled_connection(bench: Bench) -> None:
    await add(bench, "one", "a")
    assert await bench.database.lookup(select(Note.text)) == []
    async with bench.database.unit_of_work(TWO) as uow:
        assert (await uow.session.scalars(select(Note.text))).all() == []


async def test_many_at_once_never_mix_tenants(bench: Bench) -> None:
    await add(bench, "one", "a")
    await add(bench, "two", "b")
    seen = await asyncio.gather(*(bench.notes(ONE if turn % 2 else TWO) for turn in range(60)))
    assert seen == [["a"] if turn % 2 else ["b"] for turn in range(60)]


async def test_leaving_without_a_commit_undoes_everything(bench: Bench) -> None:
    async with bench.database.unit_of_work(ONE) as uow:
        uow.session.add(Note(tenant_id=ONE, id=uow.new_id(), text="never"))
        await uow.session.flush()
    assert await bench.notes() == []


async def test_a_unit_of_work_commits_once(bench: Bench) -> None:
    async with bench.database.unit_of_work(ONE) as uow:
        await uow.commit()
        with pytest.raises(RuntimeError):
            await uow.commit()


async def test_a_snapshot_does_not_move(bench: Bench) -> None:
    async with bench.database.unit_of_work(ONE, isolation="REPEATABLE READ", read_only=True) as uow:
        before = (await uow.session.scalars(select(Note.text))).all()
        await add(bench, "one", "meanwhile")
        assert (await uow.session.scalars(select(Note.text))).all() == before == []
    assert await bench.notes() == ["meanwhile"]


@pytest.mark.parametrize("role", ["superuser", "owner"])
async def test_the_program_refuses_a_role_that_could_pass_by_row_security(
    bench: Bench, database: Urls, role: str
) -> None:
    mighty = Database(getattr(database, role))
    try:
        with pytest.raises(WrongRoleError):
            async with mighty.unit_of_work(ONE):
                pytest.fail("it ran")
    finally:
        await mighty.close()


async def test_a_server_that_is_away_is_unavailable() -> None:
    away = Database("postgresql://intercanal_app:x@127.0.0.1:1/none")
    with pytest.raises(UnavailableError):
        await away.ping()
    await away.close()


async def test_connections_that_the_server_closed_are_replaced_unseen(bench: Bench, database: Urls) -> None:
    await add(bench, "one", "a")
    await _end_connections(database)
    assert await bench.notes() == ["a"]


async def _end_connections(database: Urls) -> None:
    connection = await asyncpg.connect(database.superuser)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'intercanal_app'",
            database.name,
        )
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELECT 'x'::uuid", 400, "request.unstorable"),
        ("SELECT 99999999999::int", 400, "request.unstorable"),
        ("SET LOCAL statement_timeout = '10ms'; SELECT pg_sleep(5)", 503, "infra.busy"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", 503, "infra.database_away"),
        ("SELECT 1/0", 400, "request.unstorable"),
        ("SELECT * FROM pg_authid", 500, "internal"),
    ],
)
async def test_what_the_database_says_becomes_a_problem_without_its_words(
    bench: Bench, statement: str, status: int, code: str
) -> None:
    async with bench.database.unit_of_work(ONE) as uow:
        *before, last = statement.split("; ")
        for part in before:
            await uow.session.execute(text(part))
        with pytest.raises(DBAPIError) as caught:
            await uow.session.execute(text(last))
    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (status, code)
    assert set(problem.facts) <= {"retry_after_s"}
