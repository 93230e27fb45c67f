"""A reply joins its conversation, whoever forges; a subject never joins anybody."""

import asyncpg
import pytest

from intercanal.mail.adapters.memory import MemoryTransport
from tests.mail.awkward import mail
from tests.mail.post import Place, Post, arrived

pytestmark = pytest.mark.server


def letter(place: Place, message_id: str, *headers: str, sender: str = "camille@example.org") -> bytes:
    lines = [f"From: {sender}", f"To: {place.address}", f"Message-ID: {message_id}", "Subject: Facture", *headers]
    return mail("\n".join(lines), "words")


async def conversation(post: Post, place: Place, message_id: str) -> str:
    return str((await post.one(place, message_id))["conversation_id"])


async def answered(post: Post, place: Place, first: str = "<first@example.org>") -> tuple[str, str]:
    """Have a mail come in and answered; return its conversation and the Message-ID of our answer."""
    await post.send(letter(place, first), place.address)
    interaction_id = await post.accept(place)
    transport = MemoryTransport()
    async with post.sending(transport):
        await post.answer(place, interaction_id)
        (reply,) = await arrived(transport, place)
    return await conversation(post, place, first), str(reply["Message-ID"])


async def test_a_reply_to_our_answer_joins_whatever_address_it_comes_from(post: Post) -> None:
    place = await post.place()
    joined, ours = await answered(post, place)
    for number, sender in enumerate(("camille@example.org", "camille.private@other.example")):
        message_id = f"<reply{number}@example.org>"
        await post.send(letter(place, message_id, f"In-Reply-To: {ours}", sender=sender), place.address)
        assert await conversation(post, place, message_id) == joined


async def test_a_reply_is_one_more_message_of_the_open_interaction_and_a_new_one_after_its_end(post: Post) -> None:
    place = await post.place()
    joined, ours = await answered(post, place)
    first = await post.one(place, "<first@example.org>")
    await post.send(letter(place, "<second@example.org>", f"References: <first@example.org> {ours}"), place.address)
    assert (await post.one(place, "<second@example.org>"))["id"] == first["id"]
    await place.agent.post(f"/api/interactions/{first['id']}/close", {})
    await post.send(letter(place, "<third@example.org>", f"In-Reply-To: {ours}"), place.address)
    third = await post.one(place, "<third@example.org>")
    assert (third["conversation_id"], third["id"] == first["id"]) == (joined, False)
    assert third["preferred_agent_id"] == place.agent_id


async def test_a_subject_alone_joins_nothing(post: Post) -> None:
    place = await post.place()
    await post.send(letter(place, "<a@example.org>"), place.address)
    await post.send(letter(place, "<b@example.org>"), place.address)
    await post.send(letter(place, "<c@example.org>", sender="other@example.net"), place.address)
    conversations = {await conversation(post, place, f"<{name}@example.org>") for name in "abc"}
    assert len(conversations) == 3


async def test_a_customer_who_adds_to_their_own_mail_joins_it_and_so_does_whom_they_copied(post: Post) -> None:
    place = await post.place()
    await post.send(letter(place, "<mine@example.org>", "Cc: Colleague <colleague@example.org>"), place.address)
    joined = await conversation(post, place, "<mine@example.org>")
    for sender in ("camille@example.org", "Colleague@EXAMPLE.org"):
        message_id = f"<add-{sender[:3]}@example.org>"
        await post.send(letter(place, message_id, "In-Reply-To: <mine@example.org>", sender=sender), place.address)
        assert await conversation(post, place, message_id) == joined


class TestAStranger:
    async def test_who_knows_the_id_of_a_customers_mail_does_not_join_it(self, post: Post) -> None:
        place = await post.place()
        await post.send(letter(place, "<known@example.org>"), place.address)
        forged = letter(place, "<forged@evil.example>", "In-Reply-To: <known@example.org>", sender="x@evil.example")
        await post.send(forged, place.address)
        assert await conversation(post, place, "<forged@evil.example>") != await conversation(
            post, place, "<known@example.org>"
        )

    async def test_who_makes_up_an_id_of_ours_does_not_join(self, post: Post) -> None:
        place = await post.place()
        joined, ours = await answered(post, place)
        guessed = ours.replace(ours.split(".")[1][:4], "0000", 1)
        await post.send(
            letter(place, "<guess@evil.example>", f"In-Reply-To: {guessed}", sender="x@evil.example"), place.address
        )
        assert await conversation(post, place, "<guess@evil.example>") != joined

    async def test_of_another_tenant_does_not_join_by_a_true_id_of_ours(self, post: Post) -> None:
        place, other = await post.place(), await post.place()
        joined, ours = await answered(post, place)
        await post.send(letter(other, "<across@example.org>", f"In-Reply-To: {ours}"), other.address)
        assert await conversation(post, other, "<across@example.org>") != joined
        connection = await asyncpg.connect(post.urls.superuser)
        rows = await connection.fetch(
            "SELECT DISTINCT tenant_id::text FROM mail_messages WHERE conversation_id = $1", joined
        )
        await connection.close()
        assert [row[0] for row in rows] == [place.tenant_id]

    async def test_in_another_mailbox_does_not_join_by_the_id_of_a_customers_mail(self, post: Post) -> None:
        place = await post.place()
        billing = place.address.replace("help", "billing")
        await place.admin.post("/api/mail/mailboxes", {"address": billing, "queue_id": place.queue_id})
        await post.send(letter(place, "<there@example.org>"), place.address)
        await post.send(letter(place, "<here@example.org>", "In-Reply-To: <there@example.org>"), billing)
        assert await conversation(post, place, "<here@example.org>") != await conversation(
            post, place, "<there@example.org>"
        )


async def test_the_nearest_reference_that_may_be_trusted_decides(post: Post) -> None:
    place = await post.place()
    joined, ours = await answered(post, place)
    raw = letter(
        place,
        "<deep@example.org>",
        f"References: <unknown@example.org> {ours} <lost@example.org>",
        "In-Reply-To: <lost@example.org>",
        sender="somebody@else.example",
    )
    await post.send(raw, place.address)
    assert await conversation(post, place, "<deep@example.org>") == joined


async def test_an_automatic_reply_stays_in_its_conversation_without_waking_it(post: Post) -> None:
    place = await post.place()
    joined, ours = await answered(post, place)
    raw = letter(place, "<away@example.org>", f"In-Reply-To: {ours}", "Auto-Submitted: auto-replied")
    await post.send(raw, place.address, sender="")
    away = await post.one(place, "<away@example.org>")
    assert (away["conversation_id"], away["state"]) == (joined, "closed")
    assert (await post.one(place, "<first@example.org>"))["state"] == "held"
