import pytest

from tests.identity.api import PASSWORD, Installation, sign_in

pytestmark = pytest.mark.server

ODD_ID = "01890000-0000-7000-8000-0000000000ff"


async def test_a_key_is_shown_once_even_when_the_request_is_repeated(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        body, headers = {"name": "reports", "role": "supervisor"}, {"idempotency-key": "one-wish"}
        first, again = [await robot.post("/api/identity/keys", json=body, headers=headers) for _ in range(2)]
        assert first.status_code == again.status_code == 201
        assert again.json() == first.json() | {"key": None}
        listed = (await robot.get("/api/identity/keys")).json()
        assert len([one for one in listed["items"] if one["name"] == "reports"]) == 1
        assert "ic_key_" not in str(listed)
    async with installation.client(first.json()["key"]) as reports:
        me = (await reports.get("/api/identity/me")).json()
        assert (me["kind"], me["permissions"]) == ("key", ["mail.work", "people.read", "routing.supervise"])
        refused = await reports.get("/api/identity/users")
        assert (refused.status_code, refused.json()["code"]) == (403, "request.not_permitted")


async def test_a_revoked_key_is_refused_and_an_unknown_one_not_found(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        made = (await robot.post("/api/identity/keys", json={"name": "old"})).json()
        for _ in range(2):
            assert (await robot.delete(f"/api/identity/keys/{made['id']}")).status_code == 204
        missing = await robot.delete(f"/api/identity/keys/{ODD_ID}")
        assert (missing.status_code, missing.json()["code"]) == (404, "identity.key_not_found")
    async with installation.client(made["key"]) as old:
        assert (await old.get("/api/identity/me")).status_code == 401


async def test_somebody_invited_chooses_a_password_and_may_do_what_their_role_says(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        body = {"email": "Sam@Example.org", "name": "Sam", "role": "supervisor", "language": "nl"}
        made = await robot.post("/api/identity/users", json=body)
        assert made.status_code == 201
        assert made.json()["email"] == "sam@example.org"
        twin = await robot.post("/api/identity/users", json=body)
        assert (twin.status_code, twin.json()["code"]) == (409, "identity.email_taken")
        assert len(installation.told("reset_requested")) == 1
        given = await robot.put(f"/api/identity/users/{made.json()['id']}/password", json={"password": PASSWORD})
        assert given.status_code == 204
    async with installation.client() as browser:
        answer = await sign_in(browser, "sam@example.org")
        assert answer.json()["permissions"] == ["mail.work", "people.read", "routing.supervise"]
        assert (await browser.post("/api/identity/keys", json={"name": "x"})).status_code == 403


async def test_a_role_taken_away_ends_the_session_within_five_seconds(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot, installation.client() as browser:
        user = (
            await robot.post("/api/identity/users", json={"email": "s@example.org", "name": "S", "role": "supervisor"})
        ).json()
        await robot.put(f"/api/identity/users/{user['id']}/password", json={"password": PASSWORD})
        await sign_in(browser, "s@example.org")
        assert (await browser.get("/api/identity/me")).status_code == 200
        lowered = await robot.put(f"/api/identity/users/{user['id']}/role", json={"role": "agent"})
        assert lowered.json()["role"] == "agent"
        installation.seconds += 5
        assert (await browser.get("/api/identity/me")).status_code == 401
        assert (await robot.post(f"/api/identity/users/{user['id']}/deactivate")).status_code == 204
        assert (await sign_in(browser, "s@example.org")).status_code == 401


async def test_roles_are_made_changed_and_retired(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        made = await robot.post("/api/identity/roles", json={"name": "Auditor", "permissions": ["identity.audit"]})
        role_id = made.json()["id"]
        body = {"name": "Auditor", "permissions": ["identity.audit", "people.read"], "reason": "sees names"}
        assert (await robot.put(f"/api/identity/roles/{role_id}", json=body)).json()["permissions"] == body[
            "permissions"
        ]
        roles = (await robot.get("/api/identity/roles")).json()["items"]
        assert [role["name"] for role in roles] == ["admin", "supervisor", "agent", "Auditor"]
        odd = await robot.post("/api/identity/roles", json={"name": "Odd", "permissions": ["people.fly"]})
        assert (odd.status_code, odd.json()["facts"]) == (422, {"permissions": ["people.fly"]})
        assert (await robot.delete(f"/api/identity/roles/{role_id}")).status_code == 204
        assert (await robot.put(f"/api/identity/roles/{role_id}", json=body)).status_code == 404


async def test_another_tenants_users_keys_and_roles_are_not_found(installation: Installation) -> None:
    _, one = await installation.tenant("One")
    _, two = await installation.tenant("Two")
    async with installation.client(one) as mine, installation.client(two) as theirs:
        user = (await mine.get("/api/identity/users")).json()["items"][0]["id"]
        key = (await mine.get("/api/identity/keys")).json()["items"][0]["id"]
        role = (await mine.post("/api/identity/roles", json={"name": "R", "permissions": []})).json()["id"]
        answers = [
            await theirs.put(f"/api/identity/users/{user}/role", json={"role": "agent"}),
            await theirs.put(f"/api/identity/users/{user}/password", json={"password": PASSWORD}),
            await theirs.post(f"/api/identity/users/{user}/deactivate"),
            await theirs.delete(f"/api/identity/keys/{key}"),
            await theirs.put(f"/api/identity/roles/{role}", json={"name": "R", "permissions": []}),
            await theirs.post("/api/identity/users", json={"email": "x@example.org", "name": "X", "role": role}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 6
        for path in ("users", "keys", "roles"):
            text = (await theirs.get(f"/api/identity/{path}")).text
            assert user not in text
            assert key not in text
            assert role not in text


async def test_lists_come_in_pages(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        for number in range(4):
            await robot.post("/api/identity/keys", json={"name": f"key {number}"})
        names, cursor = [], None
        for _ in range(3):
            query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await robot.get("/api/identity/keys", params=query)).json()
            names += [one["name"] for one in page["items"]]
            cursor = page["next_cursor"]
        assert cursor is None
        assert sorted(names) == ["bootstrap", "key 0", "key 1", "key 2", "key 3"]
        bad = await robot.get("/api/identity/keys", params={"cursor": "???"})
        assert (bad.status_code, bad.json()["code"]) == (400, "request.cursor")


async def test_bad_bodies_are_problems_with_a_code(installation: Installation) -> None:
    _, key = await installation.tenant("One")
    async with installation.client(key) as robot:
        for path, body in (
            ("users", {"email": "no-at-sign", "name": "X", "role": "agent"}),
            ("users", {"email": "a@b.example\u0000", "name": "X", "role": "agent"}),
            ("users", {"email": "a@b.example", "name": "\u0000", "role": "agent"}),
            ("users", {"email": "a@b.example", "name": "X", "role": "no-such-role"}),
            ("users", {"email": "a@b.example", "name": "X"}),
            ("keys", {"name": 5}),
            ("keys", {"name": "x", "surprise": True}),
            ("roles", {"name": "x", "permissions": ["not a permission"]}),
        ):
            answer = await robot.post(f"/api/identity/{path}", json=body)
            assert answer.status_code in {400, 404, 422}, (path, body, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "." in answer.json()["code"]
