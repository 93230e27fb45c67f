"""One suite for every store of blobs."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from intercanal.infra.blobs.choose import open_blobs
from intercanal.infra.blobs.port import BlobKeyError, BlobNotFoundError, Blobs, blob_key, read
from intercanal.kernel.ids import TenantId

TENANT = TenantId("01920000-0000-7000-8000-000000000001")
OTHER = TenantId("01920000-0000-7000-8000-000000000002")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.server)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "folder":
        return open_blobs((tmp_path / "with space").as_uri())
    if request.param == "memory":
        return open_blobs("memory://")
    endpoint = request.getfixturevalue("bucket_server")
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    bucket = f"b{secrets.token_hex(6)}"
    assert httpx.put(f"{endpoint}/{bucket}").is_success
    return open_blobs(f"s3://{bucket}/some/prefix")


async def _pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def _breaking_off(first: bytes) -> AsyncIterator[bytes]:
    yield first
    raise ConnectionResetError


async def test_given_a_blob_when_it_is_read_then_it_is_what_was_put(blobs: Blobs) -> None:
    content = os.urandom(3_000_000)
    key = blob_key(TENANT, "mail", "raw")
    assert await blobs.put(key, content) == len(content)
    assert await blobs.exists(key)
    assert await read(blobs, key) == content


async def test_given_pieces_when_they_are_put_then_they_are_one_blob_read_in_bounded_pieces(blobs: Blobs) -> None:
    parts = [os.urandom(700_000) for _ in range(12)]
    key = blob_key(TENANT, "recording")
    assert await blobs.put(key, _pieces(*parts)) == 12 * 700_000
    got = [piece async for piece in await blobs.get(key)]
    assert b"".join(got) == b"".join(parts)
    assert len(got) > 1


async def test_given_an_empty_blob_when_it_is_read_then_it_is_empty_and_exists(blobs: Blobs) -> None:
    key = blob_key(TENANT, "empty")
    assert await blobs.put(key, b"") == 0
    assert await blobs.exists(key)
    assert await read(blobs, key) == b""


async def test_given_a_content_that_breaks_off_when_it_is_put_then_what_was_there_stays(blobs: Blobs) -> None:
    key = blob_key(TENANT, "kept")
    with pytest.raises(ConnectionResetError):
        await blobs.put(key, _breaking_off(b"half" * 2_000_000))
    assert not await blobs.exists(key)
    await blobs.put(key, b"whole")
    with pytest.raises(ConnectionResetError):
        await blobs.put(key, _breaking_off(b"half" * 2_000_000))
    assert await read(blobs, key) == b"whole"
    assert [found async for found in blobs.walk()] == [key]


async def test_given_a_blob_when_it_is_put_again_then_the_last_one_counts(blobs: Blobs) -> None:
    key = blob_key(TENANT, "twice")
    await blobs.put(key, b"first, and longer")
    await blobs.put(key, b"second")
    assert await read(blobs, key) == b"second"


async def test_given_a_deleted_blob_when_it_is_asked_for_then_it_is_not_there(blobs: Blobs) -> None:
    key = blob_key(TENANT, "gone")
    await blobs.put(key, b"x")
    await blobs.delete(key)
    await blobs.delete(key)
    assert not await blobs.exists(key)
    with pytest.raises(BlobNotFoundError):
        await blobs.get(key)


async def test_given_two_tenants_when_one_is_walked_then_only_its_keys_are_seen(blobs: Blobs) -> None:
    mine = [blob_key(TENANT, "mail", "1"), blob_key(TENANT, "mail", "2"), blob_key(TENANT, "z")]
    for key in (*mine, blob_key(OTHER, "mail", "1")):
        await blobs.put(key, b"x")
    assert sorted([key async for key in blobs.walk(TENANT)]) == mine
    assert len([key async for key in blobs.walk()]) == 4
    assert [key async for key in blobs.walk(TENANT[:-1])] == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "mail",
        f"{TENANT}",
        f"{TENANT}/",
        f"{TENANT}/..",
        f"{TENANT}/../{OTHER}/mail",
        f"/{TENANT}/mail",
        f"{TENANT}/.drafts",
        f"{TENANT}/a b",
        f"{TENANT}/a\0b",
        f"{TENANT}/a\n",
        f"{TENANT}/{'a' * 201}",
        "not-a-tenant/mail",
    ],
)
async def test_given_a_key_that_could_lead_elsewhere_when_it_is_used_then_it_is_refused(blobs: Blobs, key: str) -> None:
    with pytest.raises(BlobKeyError):
        await blobs.put(key, b"x")
    with pytest.raises(BlobKeyError):
        await blobs.get(key)
    with pytest.raises(BlobKeyError):
        await blobs.exists(key)
    with pytest.raises(BlobKeyError):
        await blobs.delete(key)


def test_given_a_store_that_nobody_knows_when_it_is_opened_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        open_blobs("ftp://example.org/x")
