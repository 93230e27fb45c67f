"""A forgotten password: a mail arrives, its link opens once, and nobody stays signed in on the old one."""

import re
from email.message import EmailMessage

import httpx
import pytest

from tests.journeys.people import Centre
from tests.journeys.product import PASSPHRASE, Product, until

pytestmark = pytest.mark.server

NEW = "tortue verte sous la pluie"


def browser(product: Product) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=product.base, headers={"origin": product.base}, timeout=60)


async def sign_in(page: httpx.AsyncClient, slug: str, email: str, password: str) -> int:
    body = {"tenant": slug, "email": email, "password": password}
    answer = await page.post("/api/identity/sign-in", json=body)
    for name, value in answer.cookies.items():
        # the cookie asks for HTTPS; on this machine alone there is none to have
        page.headers["cookie"] = f"{name}={value}"
    return answer.status_code


async def test_a_forgotten_password_is_replaced_through_the_mail(product: Product, centre: Centre) -> None:
    email = f"admin@{centre.name.lower()}.example"
    slug = (await centre.admin.get("/api/tenancy/tenant"))["slug"]
    async with browser(product) as old, browser(product) as page:
        assert await sign_in(old, slug, email, PASSPHRASE) == 200
        assert (await old.get("/api/identity/me")).status_code == 200
        wish = {"tenant": slug, "email": email}
        assert (await page.post("/api/identity/password-resets", json=wish)).status_code == 202

        async def arrived() -> EmailMessage | None:
            return next(iter(product.sink.to(email)), None)

        mail = await until(arrived, what="the mail with the link")
        # the link opens our own page, and the token behind the # is in no request for it
        link = re.search(rf"{re.escape(product.base)}/sign-in/reset#(ic_reset_\S+)", str(mail.get_content()))
        assert link is not None
        assert await sign_in(page, slug, email, PASSPHRASE) == 200

        use = {"token": link[1], "password": NEW}
        assert (await page.post("/api/identity/password-resets/use", json=use)).status_code == 204
        for signed_in in (old, page):

            async def ended(one: httpx.AsyncClient = signed_in) -> bool | None:
                return (await one.get("/api/identity/me")).status_code == 401 or None

            await until(ended, what="the end of every session")
        async with browser(product) as fresh:
            assert await sign_in(fresh, slug, email, PASSPHRASE) == 401
            assert await sign_in(fresh, slug, email, NEW) == 200
            assert (await fresh.get("/api/identity/me")).status_code == 200
            again = await fresh.post("/api/identity/password-resets/use", json=use)
            assert (again.status_code, again.json()["code"]) == (401, "identity.bad_token")
    assert len(product.sink.to(email)) == 1
    secret = link[1].rsplit("_", 1)[-1]
    assert secret not in product.log.read_text(errors="replace")
    assert not any(secret in str(row) for row in await product.query("SELECT r::text FROM identity_reset_mails r"))
