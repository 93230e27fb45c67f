"""The built screens are served under a strict policy, and any address of theirs is the page."""

import re
from pathlib import Path

import pytest

from tests.infra.sample import Bench, bearer

pytestmark = pytest.mark.server


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<meta property="csp-nonce" nonce="__CSP_NONCE__"><script src="/assets/a.js">')
    (tmp_path / "assets" / "a.js").write_text("export {}")
    (tmp_path / "assets" / "a.js.map").write_text("source")
    (tmp_path.parent / "outside.txt").write_text("not ours to show")
    return tmp_path


async def test_every_address_of_the_screens_is_the_page(bench: Bench, site: Path) -> None:
    async with bench.client(site=site) as client:
        pages = [await client.get(path) for path in ("/", "/inbox", "/inbox/17", "/index.html")]
    for page in pages:
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-cache"


async def test_the_policy_allows_no_inline_script_and_one_fresh_nonce_for_styles(bench: Bench, site: Path) -> None:
    async with bench.client(site=site) as client:
        pages = [await client.get("/") for _ in range(2)]
    nonces = []
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        found = re.search(r"style-src 'self' 'nonce-([^']+)'", policy)
        assert found is not None
        assert f'nonce="{found[1]}"' in page.text
        nonces.append(found[1])
        assert "microphone=(self)" in page.headers["permissions-policy"]
        assert "camera=()" in page.headers["permissions-policy"]
    assert nonces[0] != nonces[1]


async def test_assets_are_kept_by_browsers_and_known_by_their_tag(bench: Bench, site: Path) -> None:
    async with bench.client(site=site) as client:
        first = await client.get("/assets/a.js")
        again = await client.get("/assets/a.js", headers={"if-none-match": first.headers["etag"]})
    assert first.headers["content-type"].startswith("text/javascript")
    assert "immutable" in first.headers["cache-control"]
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/assets/a.js.map", "/../outside.txt", "/..%2foutside.txt", "/%2e%2e/outside.txt", "/api/none",
     "/api", "/api/none/17"],
)  # fmt: skip
async def test_what_is_not_of_the_site_is_not_found(bench: Bench, site: Path, path: str) -> None:
    async with bench.client(site=site) as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_api_is_the_same_with_and_without_the_screens(bench: Bench, site: Path) -> None:
    async with bench.client(site=site) as client:
        assert (await client.post("/api/sample", json={"text": "x"}, headers=bearer("one"))).status_code == 201
        assert (await client.post("/api/none", headers=bearer("one"))).status_code == 404
        assert (await client.post("/inbox")).status_code == 405
        assert (await client.get("/healthz")).status_code == 200
    async with bench.client(site=site / "nowhere") as client:
        assert (await client.get("/")).status_code == 404
