"""An answer leaves once, in its thread, under one Message-ID; one that cannot arrive is never silent."""

import asyncio
from datetime import timedelta
from email.message import Message
from typing import Any

import asyncpg
import pytest

from intercanal.infra.db.database import Database
from intercanal.kernel.clock import ManualClock, SystemClock
from intercanal.mail import jobs
from intercanal.mail.adapters.memory import MemoryTransport
from intercanal.mail.ports import NotTakenError
from tests.mail.awkward import mail
from tests.mail.post import SECRET, Place, Post, arrived, left, until

pytestmark = pytest.mark.server


async def held(post: Post, place: Place, extra: str = "") -> str:
    """Have a mail come in and taken by the agent."""
    raw = mail(f"Message-ID: <ask@example.org>\nTo: {place.address}\nSubject: Facture\n{extra}".strip(), "Bonjour")
    await post.send(raw, place.address)
    return await post.accept(place)


async def answered(post: Post, place: Place, extra: str = "") -> tuple[str, str]:
    interaction_id = await held(post, place, extra)
    return interaction_id, await post.answer(place, interaction_id)


async def delivery(place: Place, message_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await place.admin.get(f"/api/mail/messages/{message_id}"))["delivery"]
    return found


async def settled(place: Place, message_id: str, state: str) -> dict[str, Any]:
    async def reached() -> bool:
        return bool((await delivery(place, message_id))["state"] == state)

    await until(reached)
    return await delivery(place, message_id)


def text_of(message: Message) -> str:
    part = next(part for part in message.walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


async def test_an_answer_leaves_in_its_thread_from_its_mailbox(post: Post) -> None:
    place = await post.place()
    settings = {"queue_id": place.queue_id, "name": "L'équipe", "signature": "Le service client", "reason": "style"}
    await place.admin.put(f"/api/mail/mailboxes/{place.mailbox_id}", settings)
    transport = MemoryTransport()
    async with post.sending(transport):
        interaction_id, message_id = await answered(post, place, "References: <root@example.org>")
        (reply,) = await arrived(transport, place)
        await settled(place, message_id, "sent")
    assert left(transport, place)[0].recipient == "camille@example.org"
    assert (reply["Subject"], reply["In-Reply-To"]) == ("Re: Facture", "<ask@example.org>")
    assert str(reply["References"]).split() == ["<root@example.org>", "<ask@example.org>"]
    assert str(reply["From"]).endswith(f"<{place.address}>")
    assert reply["Auto-Submitted"] is None
    assert text_of(reply) == "C'est corrigé.\r\n\r\n-- \r\nLe service client\r\n"
    one = await place.admin.get(f"/api/interactions/{interaction_id}")

    async def told() -> bool:
        return "outgoing_sent" in [item["type"] for item in await post.timeline(place, one["conversation_id"])]

    await until(told)


async def test_an_answer_posted_twice_under_one_key_leaves_once(post: Post) -> None:
    place = await post.place()
    interaction_id = await held(post, place)
    transport = MemoryTransport()
    async with post.sending(transport):
        for _ in range(3):
            await place.agent.post(f"/api/interactions/{interaction_id}/messages", {"text": "Bonjour"}, "one key")
        await arrived(transport, place)
        second = await post.answer(place, interaction_id, "the end")
        await settled(place, second, "sent")
    assert len(left(transport, place)) == 2


async def test_without_a_relay_answers_wait_and_leave_when_there_is_one(post: Post) -> None:
    place = await post.place()
    _, message_id = await answered(post, place)
    assert (await delivery(place, message_id))["state"] == "waiting"
    transport = MemoryTransport()
    async with post.sending(transport):
        await settled(place, message_id, "sent")
    async with post.sending(transport):
        other = await post.answer(place, (await post.one(place, "<ask@example.org>"))["id"])
        await settled(place, other, "sent")
    assert len(left(transport, place)) == 2


async def test_an_answer_whose_event_was_never_heard_leaves_at_the_next_start(post: Post) -> None:
    place = await post.place()
    for subscription in post.heard:
        await subscription.stop()
    _, message_id = await answered(post, place)
    transport = MemoryTransport()
    async with post.sending(transport):
        await settled(place, message_id, "sent")
    assert len(left(transport, place)) == 1


async def test_a_refusal_for_good_is_shown_and_not_tried_again(post: Post) -> None:
    place = await post.place()
    transport = MemoryTransport()
    transport.refusals["camille@example.org"] = NotTakenError("550", is_final=True)
    async with post.sending(transport):
        interaction_id, message_id = await answered(post, place)
        failed = await settled(place, message_id, "failed")
    assert (failed["code"], failed["status"], failed["attempts"]) == ("mail.refused", "550", 1)
    one = await place.admin.get(f"/api/interactions/{interaction_id}")

    async def told() -> list[dict[str, Any]]:
        return [
            item for item in await post.timeline(place, one["conversation_id"]) if item["type"] == "delivery_failed"
        ]

    (fact,) = await until(told)
    assert (fact["interaction_id"], fact["facts"]["status"]) == (interaction_id, "550")


class Clockwork:
    """Sends one answer by hand under a clock that the test moves."""

    def __init__(self, post: Post, place: Place, message_id: str) -> None:
        self.clock = ManualClock(SystemClock().now())
        self.transport = MemoryTransport()
        self.database = Database(post.urls.app, clock=self.clock)
        self.sender = jobs.Sender(self.database, post.live, self.transport, SECRET)
        self._job = (place.tenant_id, message_id)

    async def send(self) -> timedelta | None:
        return await self.sender.send(*self._job)


class TestTryingAgain:
    async def test_waits_longer_each_time_and_keeps_the_message_id(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        work = Clockwork(post, place, message_id)
        work.transport.refusals["camille@example.org"] = NotTakenError("451", is_final=False)
        waits = []
        for _ in range(9):
            wait = await work.send()
            assert wait is not None
            waits.append(wait.total_seconds())
            work.clock.advance(waits[-1])
        assert waits == [30, 60, 120, 240, 480, 960, 1920, 3840, 7200]
        row = await delivery(place, message_id)
        assert (row["state"], row["attempts"], row["code"], row["status"]) == ("waiting", 9, "mail.deferred", "451")
        named = (await place.admin.get(f"/api/mail/messages/{message_id}"))["external_id"]
        work.transport.refusals.clear()
        assert await work.send() is None
        assert named.encode() in work.transport.taken[0].raw
        assert (await delivery(place, message_id))["state"] == "sent"
        await work.database.close()

    async def test_ends_after_48_hours_and_says_so(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        work = Clockwork(post, place, message_id)
        work.transport.refusals["camille@example.org"] = NotTakenError(None, is_final=False)
        hours = 0.0
        while (wait := await work.send()) is not None:
            work.clock.advance(wait.total_seconds())
            hours += wait.total_seconds() / 3600
        assert 47.9 < hours < 48.1
        row = await delivery(place, message_id)
        assert (row["state"], row["code"]) == ("failed", "mail.given_up")
        await work.database.close()

    async def test_is_done_by_the_queue_at_its_time(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        tries = 0

        async def third_time_lucky(_tenant_id: str, tried: str) -> timedelta | None:
            nonlocal tries
            tries += tried == message_id
            return None if tries >= 3 else timedelta(milliseconds=200)

        stopping = asyncio.Event()
        queue = post.services.send_queue
        running = asyncio.create_task(queue.run(third_time_lucky, lambda: None, stopping))

        async def done() -> bool:
            return tries >= 3

        await until(done)
        stopping.set()
        await asyncio.wait_for(running, 20)


class TestACrash:
    async def test_after_the_relay_took_the_mail_repeats_it_once_under_its_id(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        work = Clockwork(post, place, message_id)

        class Crash(BaseException):
            """The process is gone: nothing after the relay's 250 is done."""

        class Crashing(MemoryTransport):
            async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
                await super().send(sender, recipient, raw, needs_utf8=needs_utf8)
                if len(self.taken) == 1:
                    raise Crash

        work.transport = Crashing()
        work.sender = jobs.Sender(work.database, post.live, work.transport, SECRET)
        with pytest.raises(Crash):
            await work.send()
        assert (await delivery(place, message_id))["state"] == "waiting"
        assert await work.send() is None
        assert await work.send() is None
        assert len(work.transport.taken) == 2
        assert work.transport.taken[0] == work.transport.taken[1]
        assert (await delivery(place, message_id))["state"] == "sent"
        await work.database.close()

    async def test_before_the_core_was_told_repeats_nothing(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        work = Clockwork(post, place, message_id)
        post.live.is_away = True
        again = await work.send()
        assert again is not None
        assert (await delivery(place, message_id))["state"] == "waiting"
        post.live.is_away = False
        assert await work.send() is None
        assert len(work.transport.taken) == 1
        assert (await delivery(place, message_id))["state"] == "sent"
        await work.database.close()

    async def test_in_each_try_ends_in_a_failure_that_is_shown(self, post: Post) -> None:
        place = await post.place()
        _, message_id = await answered(post, place)
        work = Clockwork(post, place, message_id)

        class Crash(BaseException):
            """The mail itself brings the process down."""

        class Poisoned(MemoryTransport):
            async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
                await super().send(sender, recipient, raw, needs_utf8=needs_utf8)
                raise Crash

        work.transport = Poisoned()
        work.sender = jobs.Sender(work.database, post.live, work.transport, SECRET)
        for _ in range(4):
            with pytest.raises(Crash):
                await work.send()
        assert await work.send() is None
        row = await delivery(place, message_id)
        assert (row["state"], row["code"]) == ("failed", "mail.sending_crashed")
        await work.database.close()


async def test_a_mail_that_comes_back_makes_the_answer_failed(post: Post) -> None:
    place = await post.place()
    transport = MemoryTransport()
    async with post.sending(transport):
        interaction_id, message_id = await answered(post, place)
        (reply,) = await arrived(transport, place)
        await settled(place, message_id, "sent")
    returned = (
        "--edge\n\nCould not deliver.\n"
        "--edge\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.1.1\n\n"
        f"--edge\nContent-Type: text/rfc822-headers\n\nMessage-ID: {reply['Message-ID']}\n\n--edge--\n"
    )
    head = 'Message-ID: <dsn@mx.example>\nContent-Type: multipart/report; report-type=delivery-status; boundary="edge"'
    await post.send(mail(head, returned), place.address, sender="")
    row = await delivery(place, message_id)
    assert (row["state"], row["code"], row["status"]) == ("failed", "mail.returned", "5.1.1")
    dsn = await post.one(place, "<dsn@mx.example>")
    one = await place.admin.get(f"/api/interactions/{interaction_id}")
    assert (dsn["state"], dsn["conversation_id"]) == ("closed", one["conversation_id"])
    assert one["state"] == "held"


async def test_a_queue_that_waits_asks_the_database_nothing(post: Post) -> None:
    connection = await asyncpg.connect(post.urls.superuser)
    if not await connection.fetchval("SELECT true FROM pg_extension WHERE extname = 'pg_stat_statements'"):
        await connection.execute("CREATE EXTENSION pg_stat_statements")
    calls = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE '%mail\\_jobs%'"
    async with post.sending(MemoryTransport()):

        async def quiet() -> bool:
            before = await connection.fetchval(calls)
            await asyncio.sleep(1.5)
            return bool(before == await connection.fetchval(calls))

        await until(quiet)
        before = await connection.fetchval(calls)
        await asyncio.sleep(3)
        assert await connection.fetchval(calls) == before
    await connection.close()
