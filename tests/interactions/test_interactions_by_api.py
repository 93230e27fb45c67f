"""Interactions through the API: handing in, working, transferring, ending, and what is refused."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.interactions.centre import Centre, make_centre
from tests.interactions.desk import OTHER_QUEUE, QUEUE
from tests.people.api import Api
from tests.people.live_core import some_id

pytestmark = pytest.mark.server


class TestHandingIn:
    async def test_a_task_waits_in_its_queue_with_its_words(self, centre: Centre) -> None:
        customer = (await centre.admin.post("/api/customers", {"name": "Camille"}))["id"]
        begun = await centre.arrive("Rappeler Madame é 🙂", customer_id=customer, subject="Rappel", external_id="crm-1")
        seen = await centre.get(begun["id"])
        assert {name: seen[name] for name in ("channel", "state", "queue_id", "agent_id", "customer_id")} == {
            "channel": "task",
            "state": "queued",
            "queue_id": QUEUE,
            "agent_id": None,
            "customer_id": customer,
        }
        assert seen["arrived_at"].endswith("Z")
        assert seen["conversation_id"] == begun["conversation_id"]
        (message,) = seen["messages"]
        assert message["text"] == message["reply_text"] == "Rappeler Madame é 🙂"
        assert (message["subject"], message["direction"], message["classification"]) == ("Rappel", "in", "normal")
        assert message["attachments"] == []

    async def test_a_further_message_joins_and_after_the_end_begins_anew(self, centre: Centre) -> None:
        first = await centre.arrive()
        joined = await centre.admin.post(f"/api/interactions/{first['id']}/incoming", {"text": "encore"})
        assert joined["id"] == first["id"]
        await centre.take(first["id"])
        await centre.ana.post(f"/api/interactions/{first['id']}/close", {})
        later = await centre.admin.post(f"/api/interactions/{first['id']}/incoming", {"text": "et encore"})
        assert later["id"] != first["id"]
        assert later["conversation_id"] == first["conversation_id"]
        seen = await centre.get(later["id"])
        assert (seen["state"], seen["preferred_agent_id"]) == ("queued", centre.ana_id)

    async def test_somebody_known_by_an_address_is_recognised_and_stays_one_customer(self, centre: Centre) -> None:
        ids = [
            (await centre.arrive(customer={"kind": "mail", "value": address, "name": "Camille"}))["id"]
            for address in ("camille@example.org", "Camille@Example.ORG", "someone.else@example.org")
        ]
        first, second, third = [(await centre.get(one))["customer_id"] for one in ids]
        assert first == second != third
        listed = await centre.admin.get("/api/interactions", customer_id=first)
        assert [one["id"] for one in listed["items"]] == ids[1::-1]
        await centre.admin.post(f"/api/customers/{third}/merge", {"into_id": first})
        listed = await centre.admin.get("/api/interactions", customer_id=first)
        assert [one["id"] for one in listed["items"]] == ids[::-1]

    async def test_who_it_is_from_is_said_once(self, centre: Centre) -> None:
        customer = (await centre.admin.post("/api/customers", {"name": "Camille"}))["id"]
        both = {"customer_id": customer, "customer": {"kind": "mail", "value": "other@example.org"}}
        await centre.admin.refused(
            422, "interactions.two_customers", "POST", "/api/interactions", {"queue_id": QUEUE, **both}
        )

    async def test_the_same_key_hands_in_once(self, centre: Centre) -> None:
        body = {"queue_id": QUEUE, "text": "once"}
        first = await centre.admin.post("/api/interactions", body, "key-1")
        assert await centre.admin.post("/api/interactions", body, "key-1") == first
        assert len((await centre.admin.get("/api/interactions"))["items"]) == 1
        again = await centre.admin.call("POST", "/api/interactions", {**body, "text": "other"}, "key-1")
        assert (again.status_code, again.json()["code"]) == (409, "idempotency.other_body")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({}, 400, "request.invalid"),
            ({"queue_id": "no id"}, 400, "request.invalid"),
            ({"queue_id": QUEUE, "text": "a\u0000b"}, 400, "request.invalid"),
            ({"queue_id": QUEUE, "customer_id": "someone"}, 400, "request.invalid"),
            ({"queue_id": QUEUE, "channel": "voice"}, 400, "request.invalid"),
            ({"queue_id": QUEUE, "surprise": 1}, 400, "request.invalid"),
            ({"queue_id": some_id("nowhere"), "text": "x"}, 409, "interactions.queue_unknown"),
            ({"queue_id": QUEUE, "conversation_id": some_id("nowhere")}, 404, "interactions.conversation_not_found"),
            ({"queue_id": QUEUE, "customer_id": some_id("nobody")}, 404, "customers.unknown"),
            ({"queue_id": QUEUE, "customer": {"kind": "mail", "value": "no address"}}, 422, "tenancy.address_invalid"),
        ],
    )
    async def test_what_cannot_be_is_refused_and_leaves_nothing(
        self, centre: Centre, body: object, status: int, code: str
    ) -> None:
        await centre.admin.refused(status, code, "POST", "/api/interactions", body)
        assert (await centre.admin.get("/api/interactions"))["items"] == []

    async def test_a_lone_surrogate_is_refused_and_its_neighbour_kept(self, centre: Centre) -> None:
        answer = await centre.admin.raw(
            "POST", "/api/interactions", b'{"queue_id":"%s","text":"\\ud800"}' % QUEUE.encode()
        )
        assert answer.status_code == 400
        await centre.arrive("fine")
        assert len((await centre.admin.get("/api/interactions"))["items"]) == 1

    async def test_agents_do_not_hand_work_in(self, centre: Centre) -> None:
        await centre.ana.refused(403, "request.not_permitted", "POST", "/api/interactions", {"queue_id": QUEUE})


class TestWorking:
    async def test_answer_wrap_up_and_close(self, centre: Centre) -> None:
        one = await centre.held()
        solved = (await centre.admin.post("/api/interactions/dispositions", {"name": "Solved"}))["id"]
        sent = await centre.ana.post(f"/api/interactions/{one}/messages", {"text": "Voilà."}, "k1")
        assert await centre.ana.post(f"/api/interactions/{one}/messages", {"text": "Voilà."}, "k1") == sent
        await centre.ana.post(f"/api/interactions/{one}/wrap-up", {"disposition": solved, "note": "easy"})
        seen = await centre.get(one)
        assert (seen["state"], seen["wrap_up"]["disposition_id"]) == ("held", solved)
        await centre.ana.post(f"/api/interactions/{one}/close", {})
        seen = await centre.get(one)
        assert (seen["state"], seen["agent_id"]) == ("closed", None)
        assert seen["answered_by"] == {"agent_id": centre.ana_id, "employer_id": None, "country": "BE"}
        assert [(m["direction"], m["text"], m["author_agent_id"]) for m in seen["messages"]] == [
            ("in", "Bonjour", None),
            ("out", "Voilà.", centre.ana_id),
            ("note", "easy", centre.ana_id),
        ]

    async def test_a_wrap_up_needs_neither_disposition_nor_note(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.post(f"/api/interactions/{one}/wrap-up", {"disposition": None, "note": ""})
        seen = await centre.get(one)
        assert seen["wrap_up"]["disposition_id"] is None
        assert len(seen["messages"]) == 1

    async def test_an_unknown_disposition_is_refused(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.refused(
            422,
            "interactions.disposition_unknown",
            "POST",
            f"/api/interactions/{one}/wrap-up",
            {"disposition": some_id("nothing")},
        )

    @pytest.mark.parametrize(
        ("verb", "body"),
        [
            ("messages", {"text": "mine?"}),
            ("wrap-up", {}),
            ("close", {}),
            ("snooze", {"until": "2999-01-01T00:00:00Z"}),
            ("transfer", {"queue_id": OTHER_QUEUE}),
        ],
    )
    async def test_only_the_holder_works_on_it(self, centre: Centre, verb: str, body: object) -> None:
        one = await centre.held()
        path = f"/api/interactions/{one}/{verb}"
        await centre.ben.refused(409, "interactions.not_held_by_you", "POST", path, body)
        assert (await centre.get(one))["agent_id"] == centre.ana_id

    async def test_transfer_to_a_queue_keeps_the_place_and_carries_the_note(self, centre: Centre) -> None:
        one = await centre.held()
        before = await centre.get(one)
        await centre.ana.post(f"/api/interactions/{one}/transfer", {"queue_id": OTHER_QUEUE, "note": "speaks Dutch"})
        seen = await centre.get(one)
        assert (seen["state"], seen["queue_id"], seen["arrived_at"]) == ("queued", OTHER_QUEUE, before["arrived_at"])
        assert seen["messages"][-1]["text"] == "speaks Dutch"

    async def test_transfer_to_an_agent_waits_for_them(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.post(f"/api/interactions/{one}/transfer", {"agent_id": centre.ben_id})
        assert (await centre.get(one))["required_agent_id"] == centre.ben_id
        await centre.ben.put("/api/people/me/presence", {"state": "offline"})
        assert (await centre.get(one))["required_agent_id"] is None

    async def test_snoozed_work_comes_back_by_itself_in_its_place(self, centre: Centre) -> None:
        one = await centre.held()
        before = await centre.get(one)
        until = datetime.now(UTC) + timedelta(seconds=0.5)
        await centre.ana.post(f"/api/interactions/{one}/snooze", {"until": until.isoformat()})
        assert (await centre.get(one))["state"] == "scheduled"
        await centre.wait_for(one, "queued")
        assert (await centre.get(one))["arrived_at"] == before["arrived_at"]
        await centre.take(one)
        await centre.ana.refused(
            409, "interactions.until_passed", "POST", f"/api/interactions/{one}/snooze", {"until": until.isoformat()}
        )

    async def test_who_supervises_may_close_what_nobody_holds(self, centre: Centre) -> None:
        one = (await centre.arrive())["id"]
        await centre.ana.refused(409, "interactions.not_held_by_you", "POST", f"/api/interactions/{one}/close", {})
        await centre.admin.post(f"/api/interactions/{one}/close", {})
        assert (await centre.get(one))["state"] == "closed"

    async def test_going_offline_returns_the_work(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.put("/api/people/me/presence", {"state": "offline"})
        seen = await centre.get(one)
        assert (seen["state"], seen["agent_id"], seen["preferred_agent_id"]) == ("queued", None, centre.ana_id)

    async def test_a_note_can_be_left_after_the_end(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.post(f"/api/interactions/{one}/close", {})
        await centre.ben.post(f"/api/interactions/{one}/notes", {"text": "called again"})
        assert (await centre.get(one))["messages"][-1]["author_agent_id"] == centre.ben_id


class TestReading:
    async def test_lists_narrow_and_page(self, centre: Centre) -> None:
        customer = (await centre.admin.post("/api/customers", {"name": "Camille"}))["id"]
        ids = [
            (await centre.arrive(customer_id=customer))["id"],
            (await centre.arrive(external_id="crm-7"))["id"],
            await centre.held(channel="chat"),
        ]

        async def found(**query: str) -> list[str]:
            return [one["id"] for one in (await centre.admin.get("/api/interactions", **query))["items"]]

        assert await found() == ids[::-1]
        assert await found(channel="chat") == [ids[2]]
        assert await found(state="held") == [ids[2]]
        assert await found(agent_id=centre.ana_id) == [ids[2]]
        assert await found(customer_id=customer) == [ids[0]]
        assert await found(external_id="crm-7") == [ids[1]]
        assert await found(external_id="crm-7", state="held") == []
        assert await found(customer_id="nobody") == []
        page = await centre.admin.get("/api/interactions", limit="2")
        rest = await centre.admin.get("/api/interactions", limit="2", cursor=page["next_cursor"])
        assert [one["id"] for one in page["items"] + rest["items"]] == ids[::-1]
        assert rest["next_cursor"] is None
        await centre.admin.refused(400, "request.invalid", "GET", "/api/interactions?state=lost")

    async def test_unknown_and_foreign_ids_are_the_same_not_found(self, api: Api, centre: Centre) -> None:
        other = await make_centre(api)
        one = await other.held()
        for verb, body in (("messages", {"text": "x"}), ("close", {}), ("wrap-up", {}), ("notes", {"text": "x"})):
            problems = [
                await centre.ana.refused(404, "interactions.not_found", "POST", f"/api/interactions/{id_}/{verb}", body)
                for id_ in (one, str(uuid.uuid4()))
            ]
            assert problems[0] == problems[1]
        problems = [
            await centre.ana.refused(404, "interactions.not_found", "GET", f"/api/interactions/{id_}")
            for id_ in (one, str(uuid.uuid4()))
        ]
        assert problems[0] == problems[1]
        conversation = (await other.get(one))["conversation_id"]
        await centre.ana.refused(
            404,
            "interactions.conversation_not_found",
            "GET",
            f"/api/interactions/conversations/{conversation}/timeline",
        )
        assert (await centre.admin.get("/api/interactions"))["items"] == []

    async def test_what_is_over_is_refused_as_over(self, centre: Centre) -> None:
        one = await centre.held()
        await centre.ana.post(f"/api/interactions/{one}/close", {})
        await centre.ana.refused(409, "interactions.not_open", "POST", f"/api/interactions/{one}/close", {})


async def test_dispositions_are_made_renamed_and_retired(centre: Centre) -> None:
    path = "/api/interactions/dispositions"
    made = await centre.admin.post(path, {"name": "Before"})
    await centre.admin.put(f"{path}/{made['id']}", {"name": "After", "version": 1, "reason": "clearer"})
    await centre.admin.refused(
        409, "interactions.changed_meanwhile", "PUT", f"{path}/{made['id']}", {"name": "Late", "version": 1}
    )
    assert (await centre.ana.get(path))["items"] == [{"id": made["id"], "version": 2, "name": "After"}]
    await centre.admin.delete(f"{path}/{made['id']}")
    await centre.admin.refused(404, "interactions.disposition_not_found", "GET", f"{path}/{made['id']}")
