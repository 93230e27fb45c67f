import asyncio
import contextlib

import pytest
from argon2 import PasswordHasher

from intercanal.identity import service
from tests.identity.api import PASSWORD, Installation, cookie_of, sign_in

pytestmark = pytest.mark.server


async def test_a_sign_in_gives_a_cookie_that_only_we_can_read_and_set(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    async with installation.client() as browser:
        answer = await sign_in(browser)
        assert answer.status_code == 200
        assert answer.json()["tenant_id"] == tenant_id
        assert "identity.manage" in answer.json()["permissions"]
        header = answer.headers["set-cookie"]
        assert header.startswith("__Host-session=ic_session_")
        attributes = {part.strip().lower() for part in header.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)
        me = await browser.get("/api/identity/me")
    assert me.json() == answer.json()


async def test_each_sign_in_has_a_new_id_and_the_old_one_is_dead(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client() as browser:
        await sign_in(browser)
        before = cookie_of(browser)
        await sign_in(browser)
        after = cookie_of(browser)
        assert before is not None
        assert before != after
        browser.cookies.clear()
        browser.cookies.set("__Host-session", before)
        assert (await browser.get("/api/identity/me")).status_code == 401


async def test_a_session_id_chosen_by_somebody_else_is_never_taken_over(installation: Installation) -> None:
    await installation.tenant("One")
    planted = "ic_session_" + "0" * 32 + "_" + "A" * 43
    async with installation.client() as browser:
        browser.cookies.set("__Host-session", planted)
        answer = await sign_in(browser)
        assert planted not in answer.headers["set-cookie"]


async def test_wrong_password_unknown_user_and_unknown_tenant_look_the_same_and_cost_a_hash_each(
    installation: Installation,
) -> None:
    await installation.tenant("One")
    async with installation.client() as browser:
        refusals = [
            await sign_in(browser, password="not the pass phrase"),
            await sign_in(browser, "nobody@example.org"),
            await sign_in(browser, tenant="no-such-tenant"),
        ]
    assert {answer.status_code for answer in refusals} == {401}
    assert len({answer.text for answer in refusals}) == 1
    assert refusals[0].json()["code"] == "identity.bad_credentials"
    assert installation.passwords.verified == 3


async def test_the_tenant_may_be_left_out_only_when_there_is_one(installation: Installation) -> None:
    one, _ = await installation.tenant("One")
    async with installation.client() as browser:
        assert (await sign_in(browser)).status_code == 200
        two, _ = await installation.tenant("Two")
        assert (await sign_in(browser)).status_code == 401
        assert (await sign_in(browser, tenant="one")).json()["tenant_id"] == one
        assert (await sign_in(browser, tenant="two")).json()["tenant_id"] == two


async def test_guesses_run_out_for_the_guesser_and_not_for_the_owner(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client(address="203.0.113.9") as thief, installation.client() as owner:
        guesses = [(await sign_in(thief, password=f"guess number {number}")) for number in range(14)]
        assert [answer.status_code for answer in guesses] == [401] * 10 + [429] * 4
        assert int(guesses[-1].headers["retry-after"]) >= 1
        assert (await sign_in(owner)).status_code == 200
        installation.clock.advance(30)
        assert (await sign_in(thief, password="one more")).status_code == 401
    assert installation.passwords.verified == 12


async def test_honest_sign_ins_never_run_out(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client() as browser:
        assert {(await sign_in(browser)).status_code for _ in range(15)} == {200}


async def test_a_crowd_at_the_door_gets_429_and_the_door_stays_open(installation: Installation) -> None:
    await installation.tenant("One")
    async with contextlib.AsyncExitStack() as stack:
        browsers = [await stack.enter_async_context(installation.client(address=f"192.0.2.{n}")) for n in range(12)]
        answers = await asyncio.gather(*(sign_in(browser) for browser in browsers))
        codes = [answer.status_code for answer in answers]
        assert set(codes) == {200, 429}
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["code"] == "identity.too_many_tries"
        assert (await sign_in(browsers[0])).status_code == 200


async def test_a_foreign_page_can_neither_sign_in_nor_act_with_the_cookie(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client() as browser:
        await sign_in(browser)
        evil = {"origin": "https://evil.example"}
        body = {"email": "admin@example.org", "password": PASSWORD}
        for path in ("/api/identity/sign-in", "/api/identity/sign-out", "/api/identity/keys"):
            answer = await browser.post(path, json=body, headers=evil)
            assert (answer.status_code, answer.json()["code"]) == (403, "request.foreign_origin")
        assert (await browser.get("/api/identity/me")).status_code == 200


async def test_signing_out_ends_this_session_and_everywhere_ends_all(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client() as here, installation.client() as there, installation.client() as third:
        for browser in (here, there, third):
            await sign_in(browser)
        old = cookie_of(here)
        answer = await here.post("/api/identity/sign-out")
        assert answer.status_code == 204
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        here.cookies.set("__Host-session", str(old))
        await installation.hear_all()
        assert (await here.get("/api/identity/me")).status_code == 401
        assert (await there.get("/api/identity/me")).status_code == 200
        assert (await there.post("/api/identity/sign-out-everywhere")).status_code == 204
        await installation.hear_all()
        assert (await third.get("/api/identity/me")).status_code == 401
    assert [fact["reason"] for fact in installation.told("session_ended")] == ["signed_out"] + [
        "signed_out_everywhere"
    ] * 2


async def test_people_see_and_end_the_sessions_they_left_elsewhere(installation: Installation) -> None:
    await installation.tenant("One")
    async with installation.client() as here, installation.client(address="203.0.113.77") as cafe:
        await sign_in(cafe)
        await sign_in(here)
        sessions = (await here.get("/api/identity/me/sessions")).json()["items"]
        assert sorted((one["network"], one["is_this_one"]) for one in sessions) == [
            ("192.0.2.0/24", True),
            ("203.0.113.0/24", False),
        ]
        other = next(one["id"] for one in sessions if not one["is_this_one"])
        assert (await here.delete(f"/api/identity/me/sessions/{other}")).status_code == 204
        assert (await here.delete(f"/api/identity/me/sessions/{other}")).status_code == 404
        installation.seconds += 5
        assert (await cafe.get("/api/identity/me")).status_code == 401


async def test_a_new_password_needs_the_old_one_ends_other_sessions_and_renews_this_one(
    installation: Installation,
) -> None:
    await installation.tenant("One")
    new = "tortue verte sous la pluie"
    async with installation.client() as here, installation.client() as there:
        await sign_in(here)
        await sign_in(there)
        before = cookie_of(here)
        change = {"current": "not the pass phrase", "new": new}
        assert (await here.put("/api/identity/me/password", json=change)).status_code == 401
        weak = await here.put("/api/identity/me/password", json={"current": PASSWORD, "new": "Password2026!"})
        assert (weak.status_code, weak.json()["code"]) == (422, "identity.password_weak")
        assert weak.json()["facts"] == {"reason": "breached"}
        done = await here.put("/api/identity/me/password", json={"current": PASSWORD, "new": new})
        assert done.status_code == 204
        assert cookie_of(here) != before
        installation.seconds += 5
        assert (await here.get("/api/identity/me")).status_code == 200
        assert (await there.get("/api/identity/me")).status_code == 401
        assert (await sign_in(there)).status_code == 401
        assert (await sign_in(there, password=new)).status_code == 200


async def test_a_key_has_no_session_to_end_and_no_password_to_change(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        for path in ("/api/identity/sign-out", "/api/identity/sign-out-everywhere"):
            answer = await robot.post(path)
            assert (answer.status_code, answer.json()["code"]) == (409, "identity.not_a_session")


async def test_an_old_hash_is_renewed_at_the_next_sign_in(installation: Installation) -> None:
    tenant_id, _ = await installation.tenant("One")
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    async with installation.database.unit_of_work(tenant_id) as uow:
        account = await service.account_by_email(uow, "admin@example.org")
        assert account is not None
        await service.change_password(uow, account.id, old)
        await uow.commit()
    async with installation.client() as browser:
        assert (await sign_in(browser)).status_code == 200
        async with installation.database.unit_of_work(tenant_id) as uow:
            renewed = await service.account_by_email(uow, "admin@example.org")
        assert renewed is not None
        assert "m=19456,t=2,p=1" in str(renewed.password_hash)
        assert (await sign_in(browser)).status_code == 200
