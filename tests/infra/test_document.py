"""The OpenAPI document says what callers meet: problems, codes, permissions, keys."""

import pytest
from openapi_spec_validator import validate

from tests.infra.sample import Bench, bearer

pytestmark = pytest.mark.server


async def test_the_document_is_valid_and_tells_our_conventions(bench: Bench) -> None:
    async with bench.client() as client:
        answer = await client.get("/api/openapi.json")
    document = answer.json()
    validate(document)
    add = document["paths"]["/api/sample"]["post"]
    assert add["x-permission"] == "sample.write"
    assert add["tags"] == ["sample"]
    assert [parameter["name"] for parameter in add["parameters"]] == ["Idempotency-Key"]
    assert add["responses"]["default"] == {"$ref": "#/components/responses/Refused"}
    assert "400" not in add["responses"]
    assert document["paths"]["/api/sample/open"]["post"]["security"] == []
    problem = document["components"]["responses"]["Refused"]["content"]["application/problem+json"]
    assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}


async def test_only_the_features_are_in_the_document(bench: Bench) -> None:
    async with bench.client() as client:
        paths = (await client.get("/api/openapi.json")).json()["paths"]
        closed = [await client.get(path) for path in ("/-/schema", "/-/schema/openapi.json", "/-/schema/x")]
    assert {path.split("/")[2] for path in paths} == {"sample"}
    assert [answer.status_code for answer in closed] == [404, 404, 404]


async def test_every_code_met_is_in_the_published_list(bench: Bench) -> None:
    async with bench.client() as client:
        codes = (await client.get("/api/openapi.json")).json()["components"]["schemas"]["ErrorCode"]["enum"]
        met = [
            await client.get("/api/nowhere"),
            await client.get("/api/sample/17", headers=bearer("one")),
            await client.post("/api/sample", content=b"{", headers=bearer("one")),
            await client.post("/api/sample", content=b"{}", headers=bearer("one")),
            await client.post("/api/sample", content=b'{"text": "\\u0000"}', headers=bearer("one")),
            await client.post("/api/sample", content=b'{"text": "x"}', headers=bearer("reader")),
            await client.get("/api/sample/broken"),
        ]
    assert {answer.json()["code"] for answer in met} <= set(codes)
    assert {"idempotency.other_body", "live.full", "settings.reason_missing"} <= set(codes)
