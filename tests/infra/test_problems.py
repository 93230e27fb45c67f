"""Every refusal is a problem document with a stable code, and tells nothing of the inside."""

import pytest

from tests.infra.sample import Bench, bearer

pytestmark = pytest.mark.server

UNKNOWN = "01900000-0000-7000-8000-00000000dead"


@pytest.mark.parametrize(
    ("method", "path", "who", "body", "status", "code"),
    [
        ("GET", "/api/nowhere", "one", None, 404, "request.unknown_path"),
        ("DELETE", "/api/sample", "one", None, 405, "request.wrong_method"),
        ("GET", f"/api/sample/{UNKNOWN}", "one", None, 404, "sample.note_unknown"),
        ("GET", "/api/sample/17", "one", None, 404, "request.unknown_id"),
        ("GET", f"/api/sample/{UNKNOWN.upper()}", "one", None, 404, "request.unknown_id"),
        ("GET", f"/api/sample/{UNKNOWN}", None, None, 401, "request.unauthenticated"),
        ("GET", f"/api/sample/{UNKNOWN}", "nobody", None, 401, "request.unauthenticated"),
        ("POST", "/api/sample", "reader", b'{"text": "x"}', 403, "request.not_permitted"),
        ("POST", "/api/sample", "one", b"{", 400, "request.malformed"),
        ("POST", "/api/sample", "one", b"\xff\xfe", 400, "request.malformed"),
        ("POST", "/api/sample", "one", b'{"name": "\xff"}', 400, "request.malformed"),
        ("POST", "/api/sample", "one", b"[" * 100_000, 400, "request.malformed"),
        ("POST", "/api/sample", "one", b'{"text": 5}', 400, "request.invalid"),
        ("POST", "/api/sample", "one", b"{}", 400, "request.invalid"),
        ("POST", "/api/sample", "one", b'{"text": "x", "other": 1}', 400, "request.invalid"),
        ("POST", "/api/sample", "one", b"[]", 400, "request.invalid"),
        ("POST", "/api/sample", "one", b'{"text": "a\\u0000b"}', 400, "request.unstorable"),
        ("POST", "/api/sample", "one", b'{"text": "' + b"x" * 1_000_001 + b'"}', 413, "request.too_large"),
        ("POST", "/api/sample/sneak", "reader", b"", 500, "internal"),
        ("POST", "/api/sample/steal", "one", b"", 500, "internal"),
        ("GET", "/api/sample/broken", None, None, 500, "internal"),
    ],
)
async def test_a_refused_request_is_answered_with_its_code(
    bench: Bench, method: str, path: str, who: str | None, body: bytes | None, status: int, code: str
) -> None:
    async with bench.client() as client:
        answer = await client.request(method, path, content=body, headers=bearer(who) if who else {})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "code", "facts"}
    assert await bench.notes() == []
    assert await bench.owed() == []


async def test_an_unforeseen_failure_tells_nothing(bench: Bench) -> None:
    async with bench.client() as client:
        answer = await client.get("/api/sample/broken")
    assert b"secret" not in answer.content
    assert answer.json()["facts"] == {}


async def test_a_wrong_body_names_the_field_and_never_repeats_what_was_sent(bench: Bench) -> None:
    async with bench.client() as client:
        for body, fields in (
            (b'{"text": "ok", "size": "private words"}', ["size"]),
            (b'{"size": 1}', ["text"]),
            (b'{"text": "ok", "private": 1}', []),
        ):
            answer = await client.post("/api/sample", content=body, headers=bearer("one"))
            assert answer.json()["facts"] == {"fields": fields}
            assert b"private" not in answer.content


async def test_a_database_that_is_away_is_said_with_when_to_come_back(bench: Bench) -> None:
    away = Bench("postgresql://intercanal_app:x@127.0.0.1:1/none")
    async with away.client() as client:
        answer = await client.get(f"/api/sample/{UNKNOWN}", headers=bearer("one"))
        health = await client.get("/healthz")
    assert (answer.status_code, answer.json()["code"]) == (503, "infra.database_away")
    assert answer.headers["retry-after"] == "1"
    assert (health.status_code, health.json()["facts"]["parts"]) == (503, ["database"])


async def test_a_healthy_server_says_so(bench: Bench) -> None:
    async with bench.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).json() == {"status": "ready", "parts": ["database"]}


async def test_every_answer_carries_the_secure_headers(bench: Bench) -> None:
    async with bench.client() as client:
        for path in ("/api/nowhere", "/healthz", "/api/openapi.json"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "idle-detection=()" in headers["permissions-policy"]
            assert "camera=()" in headers["permissions-policy"]


async def test_the_figures_are_for_this_machine_alone(bench: Bench) -> None:
    async with bench.client() as client:
        await client.get("/healthz")
        answer = await client.get("/metrics")
        from_afar = await client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
    assert 'intercanal_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1.0' in answer.text
    assert from_afar.status_code == 404
