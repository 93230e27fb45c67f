"""A door commits once, answers repeats with the first answer, and hands over what was left for after."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from intercanal.infra.db.own_tables import Idempotency
from intercanal.infra.http.idempotency import hash_body
from intercanal.kernel.errors import ConflictError, UnavailableError
from intercanal.kernel.ids import TenantId
from tests.infra.sample import ONE, PRINCIPALS, SECRET, TWO, AddNote, Bench, bearer

pytestmark = pytest.mark.server

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def keyed(who: str = "one", key: str = KEY) -> dict[str, str]:
    return bearer(who) | {"idempotency-key": key}


async def test_a_write_commits_and_its_intents_are_carried_out(bench: Bench) -> None:
    async with bench.client() as client:
        answer = await client.post("/api/sample", json={"text": "bonjour"}, headers=bearer("one"))
    assert answer.status_code == 201
    assert await bench.notes() == ["bonjour"]
    assert bench.live.taken == [(ONE, AddNote(answer.json()["id"]), PRINCIPALS["one"].id)]
    assert [subject for subject, _ in bench.stream.kept.values()] == [f"log.{ONE}.sample.added"]
    assert await bench.owed() == []


async def test_a_repeat_gets_the_first_answer_without_its_secret(bench: Bench) -> None:
    async with bench.client() as client:
        first = await client.post("/api/sample", json={"text": "once"}, headers=keyed())
        second = await client.post("/api/sample", json={"text": "once"}, headers=keyed())
    assert first.json()["token"] == "shown once"
    assert second.status_code == first.status_code
    assert second.json() == first.json() | {"token": None}
    assert second.headers["idempotent-replayed"] == "true"
    assert await bench.notes() == ["once"]
    assert len(bench.live.taken) == 1


async def test_no_secret_reaches_the_kept_answer(bench: Bench) -> None:
    async with bench.client() as client:
        await client.post("/api/sample", json={"text": "once"}, headers=keyed())
    async with bench.database.unit_of_work(ONE) as uow:
        kept = (await uow.session.scalars(select(Idempotency.answer))).all()
    assert len(kept) == 1
    assert "shown once" not in str(kept)


async def test_who_reads_a_stored_hash_cannot_guess_the_body_from_it(bench: Bench) -> None:
    body = b'{"text":"4711"}'
    async with bench.client() as client:
        for who in ("one", "two"):
            headers = keyed(who) | {"content-type": "application/json"}
            assert (await client.post("/api/sample", content=body, headers=headers)).status_code == 201
    kept = [await stored_hash(bench, tenant_id) for tenant_id in (ONE, TWO)]
    guesses = {
        hashlib.new(name, before + body).hexdigest() for name in ("sha256", "blake2s") for before in (b"", b"\0")
    }
    assert not guesses & set(kept)
    assert kept[0] == hash_body(SECRET, ONE, body, b"")
    # the same words tell nothing across tenants or installations
    assert kept[0] != kept[1]
    assert hash_body(b"another key", ONE, body, b"") not in kept


async def stored_hash(bench: Bench, tenant_id: TenantId) -> str:
    async with bench.database.unit_of_work(tenant_id) as uow:
        return (await uow.session.scalars(select(Idempotency.body_hash))).one()


async def test_another_body_under_the_same_key_is_a_conflict(bench: Bench) -> None:
    async with bench.client() as client:
        await client.post("/api/sample", json={"text": "once"}, headers=keyed())
        other = await client.post("/api/sample", json={"text": "twice"}, headers=keyed())
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.other_body")
    assert await bench.notes() == ["once"]


async def test_the_same_key_of_another_caller_or_path_is_another_wish(bench: Bench) -> None:
    async with bench.client() as client:
        for who in ("one", "two"):
            answer = await client.post("/api/sample", json={"text": who}, headers=keyed(who))
            assert answer.status_code == 201
            assert "idempotent-replayed" not in answer.headers
    assert await bench.notes(ONE) == ["one"]
    assert await bench.notes(TWO) == ["two"]


async def test_twins_at_the_same_moment_are_carried_out_once(bench: Bench) -> None:
    async with bench.client() as client:
        sent = [client.post("/api/sample", json={"text": "twin"}, headers=keyed()) for _ in range(8)]
        answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await bench.notes() == ["twin"]


async def test_a_refused_request_may_be_tried_again_under_its_key(bench: Bench) -> None:
    async with bench.client() as client:
        refused = await client.post("/api/sample", content=b'{"text": "a\\u0000"}', headers=keyed())
        second = await client.post("/api/sample", json={"text": "well"}, headers=keyed())
    assert refused.status_code == 400
    assert second.status_code == 201


async def test_a_key_lives_for_a_day(bench: Bench) -> None:
    async with bench.client() as client:
        await client.post("/api/sample", json={"text": "yesterday"}, headers=keyed())
        async with bench.database.unit_of_work(ONE) as uow:
            await uow.session.execute(update(Idempotency).values(expires_at=uow.now - timedelta(seconds=1)))
            await uow.commit()
        again = await client.post("/api/sample", json={"text": "today"}, headers=keyed())
    assert again.status_code == 201
    assert await bench.notes() == ["yesterday", "today"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_no_careful_caller_would_send_is_refused(bench: Bench, key: str) -> None:
    async with bench.client() as client:
        answer = await client.post("/api/sample", json={"text": "x"}, headers=keyed(key=key))
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.key_invalid")


async def test_a_command_carries_the_key_to_the_live_core(bench: Bench) -> None:
    note = "01900000-0000-7000-8000-00000000beef"
    async with bench.client() as client:
        for _ in range(2):
            answer = await client.put(f"/api/sample/{note}/mark", headers=keyed())
            assert answer.status_code == 204
    assert bench.live.asked == 2
    assert len(bench.live.taken) == 1


async def test_while_the_live_core_is_away_the_change_stands_and_the_repeat_delivers_it(bench: Bench) -> None:
    bench.live.trouble = UnavailableError("live.no_owner", retry_after_s=2)
    async with bench.client() as client:
        first = await client.post("/api/sample", json={"text": "kept"}, headers=keyed())
        assert (first.status_code, first.json()["code"]) == (503, "live.no_owner")
        assert first.headers["retry-after"] == "2"
        assert [row.kind for row in await bench.owed()] == ["submit"]
        bench.live.trouble = None
        second = await client.post("/api/sample", json={"text": "kept"}, headers=keyed())
    assert second.status_code == 201
    assert await bench.notes() == ["kept"]
    assert [command for _, command, _ in bench.live.taken] == [AddNote(second.json()["id"])]
    assert await bench.owed() == []


async def test_a_command_the_core_refuses_is_told_and_not_tried_for_ever(bench: Bench) -> None:
    bench.live.trouble = ConflictError("sample.refused")
    async with bench.client() as client:
        answer = await client.post("/api/sample", json={"text": "kept"}, headers=bearer("one"))
    assert (answer.status_code, answer.json()["code"]) == (409, "sample.refused")
    assert [row.refused for row in await bench.owed()] == ["sample.refused"]


async def test_an_event_that_cannot_leave_does_not_fail_the_request(bench: Bench) -> None:
    bench.stream.away = True
    async with bench.client() as client:
        answer = await client.post("/api/sample", json={"text": "kept"}, headers=bearer("one"))
    assert answer.status_code == 201
    assert [row.kind for row in await bench.owed()] == ["event"]


async def test_a_replayed_answer_is_equal_for_any_json(bench: Bench) -> None:
    text: Any = 'é "quoted" \\ 漢字 \U0001f600'
    async with bench.client() as client:
        answers = [await client.post("/api/sample", json={"text": text}, headers=keyed()) for _ in range(2)]
    assert answers[1].json()["text"] == answers[0].json()["text"] == text
