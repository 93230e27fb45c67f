"""Mailboxes through the API: an address has one owner, settings keep their history."""

import asyncio

import pytest

from tests.mail.post import Post
from tests.people.api import Caller

pytestmark = pytest.mark.server


async def test_an_address_and_a_queue_are_enough(post: Post) -> None:
    place = await post.place()
    found = await place.admin.get(f"/api/mail/mailboxes/{place.mailbox_id}")
    assert found == {
        "id": place.mailbox_id,
        "version": 1,
        "address": place.address,
        "queue_id": place.queue_id,
        "name": None,
        "signature": None,
    }
    assert [item["id"] for item in (await place.admin.get("/api/mail/mailboxes"))["items"]] == [place.mailbox_id]


async def test_an_address_is_taken_for_everybody_in_the_same_words(post: Post) -> None:
    place, other = await post.place(), await post.place()
    told = []
    for admin, queue_id in ((place.admin, place.queue_id), (other.admin, other.queue_id)):
        body = {"address": f"  {place.address.upper()} ", "queue_id": queue_id}
        told.append(await admin.refused(409, "mail.address_taken", "POST", "/api/mail/mailboxes", body))
    assert told[0] == told[1]


async def test_of_two_who_claim_an_address_at_once_one_gets_it(post: Post) -> None:
    places = [await post.place() for _ in range(2)]
    address = f"both@{places[0].address.partition('@')[2]}"

    async def claim(admin: Caller, queue_id: str) -> int:
        answer = await admin.call("POST", "/api/mail/mailboxes", {"address": address, "queue_id": queue_id})
        return answer.status_code

    answers = await asyncio.gather(*(claim(place.admin, place.queue_id) for place in places for _ in range(3)))
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]


async def test_a_change_keeps_what_was_with_its_reason(post: Post) -> None:
    place = await post.place()
    path = f"/api/mail/mailboxes/{place.mailbox_id}"
    change = {"queue_id": place.queue_id, "name": "Help", "signature": "The team", "version": 1, "reason": "friendlier"}
    assert (await place.admin.put(path, change))["version"] == 2
    await place.admin.refused(409, "mail.changed_meanwhile", "PUT", path, change)
    history = (await place.admin.get(f"{path}/versions"))["items"]
    assert [(version["version"], version["reason"], version["name"]) for version in history] == [
        (2, "friendlier", "Help"),
        (1, "", None),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"address": "nobody"}, 422, "tenancy.address_invalid"),
        ({"address": "é@example.org"}, 422, "mail.address_not_ascii"),
        ({"queue_id": "01900000-0000-7000-8000-000000000000"}, 422, "mail.queue_unknown"),
        ({"queue_id": "nonsense"}, 400, "request.invalid"),
        ({"colour": "red"}, 400, "request.invalid"),
        ({"name": "a\nb"}, 400, "request.invalid"),
    ],
)
async def test_what_makes_no_mailbox_is_refused(post: Post, body: dict[str, str], status: int, code: str) -> None:
    place = await post.place()
    whole = {"address": f"new@{place.address.partition('@')[2]}", "queue_id": place.queue_id} | body
    await place.admin.refused(status, code, "POST", "/api/mail/mailboxes", whole)


async def test_another_tenants_mailbox_and_queue_do_not_exist(post: Post) -> None:
    place, other = await post.place(), await post.place()
    path = f"/api/mail/mailboxes/{place.mailbox_id}"
    await other.admin.refused(404, "mail.mailbox_unknown", "GET", path)
    await other.admin.refused(404, "mail.mailbox_unknown", "PUT", path, {"queue_id": other.queue_id})
    await other.admin.refused(404, "mail.mailbox_unknown", "DELETE", path)
    body = {"address": f"x@{other.address.partition('@')[2]}", "queue_id": place.queue_id}
    await other.admin.refused(422, "mail.queue_unknown", "POST", "/api/mail/mailboxes", body)


async def test_an_agent_reads_mailboxes_and_changes_none(post: Post) -> None:
    place = await post.place()
    path = f"/api/mail/mailboxes/{place.mailbox_id}"
    assert (await place.agent.get(path))["address"] == place.address
    await place.agent.refused(403, "request.not_permitted", "PUT", path, {"queue_id": place.queue_id})
