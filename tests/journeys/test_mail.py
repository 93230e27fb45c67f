"""The product's main job: a mail is offered to the right present agent, answered in its thread, and nothing is lost."""

from email.message import EmailMessage

import pytest

from tests.journeys.people import Centre, letter, post_mail, swaks
from tests.journeys.product import Product, until

pytestmark = pytest.mark.server


async def test_a_mail_goes_its_whole_way(product: Product, centre: Centre) -> None:
    skill = (await centre.admin.post("/api/people/skills", {"name": "invoices"}))["id"]
    queue = await centre.queue(skills={skill: 3})
    address = await centre.mailbox(queue)
    ana = await centre.agent(skills={skill: 3})
    too_low = await centre.agent(skills={skill: 2})
    elsewhere = await centre.agent(skills={skill: 5}, state="paused")

    first = await swaks(product, address, "Facture", "Bonjour,\n\nma facture est fausse.\n\n-- \nCamille\n")
    offer = await ana.shown()
    assert offer["reason"]["code"] == "routing.longest_idle"
    assert offer["reason"]["facts"]
    assert await too_low.offered() is None
    assert await elsewhere.offered() is None

    work = await ana.accept()
    seen = await centre.look(work)
    assert (seen["state"], seen["channel"], seen["agent_id"], seen["queue_id"]) == ("held", "mail", ana.id, queue)
    assert seen["messages"][0]["reply_text"].strip().endswith("ma facture est fausse.")
    assert seen["messages"][0]["external_id"] == first
    assert seen["answered_by"]["agent_id"] == ana.id

    await ana.post(f"/api/interactions/{work}/messages", {"text": "C'est corrigé."})

    async def answer() -> EmailMessage | None:
        return next((mail for mail in product.sink.mails if mail["In-Reply-To"] == first), None)

    answered = await until(answer, what="the answer in its thread")
    assert first in str(answered["References"])
    assert (await centre.found(str(answered["Message-ID"])))["id"] == work
    disposition = (await centre.admin.post("/api/interactions/dispositions", {"name": "Solved"}))["id"]
    await ana.post(f"/api/interactions/{work}/wrap-up", {"disposition": disposition, "note": "invoice sent anew"})
    assert (await centre.look(work))["state"] == "held"
    await ana.close_work(work)
    closed = await centre.in_state(work, "closed")
    assert closed["wrap_up"]["disposition_id"] == disposition

    async def story() -> list[str] | None:
        page = await centre.admin.get(f"/api/interactions/conversations/{seen['conversation_id']}/timeline")
        types = [item["type"] for item in page["items"]]
        return types if {"message_received", "message_sent", "closed"} <= set(types) else None

    types = await until(story, what="timeline")
    assert types.index("message_received") < types.index("message_sent") < types.index("closed")


async def test_an_answer_joins_its_thread_and_a_subject_alone_does_not(product: Product, centre: Centre) -> None:
    address = await centre.mailbox(await centre.queue())
    first = letter(address, subject="Order 7")
    await post_mail(product, first)
    begun = await centre.found(str(first["Message-ID"]))
    more = letter(address, "One thing more", subject="Re: Order 7", answers=str(first["Message-ID"]))
    await post_mail(product, more)
    stranger = letter(address, "Mine too", subject="Re: Order 7")
    stranger.replace_header("From", "Somebody Else <else@stranger.example>")
    await post_mail(product, stranger)

    assert (await centre.found(str(more["Message-ID"])))["id"] == begun["id"]
    assert (await centre.found(str(stranger["Message-ID"])))["conversation_id"] != begun["conversation_id"]


async def test_after_the_end_a_mail_opens_new_work_for_who_knows_the_matter(product: Product, centre: Centre) -> None:
    address = await centre.mailbox(await centre.queue())
    first = letter(address)
    ana = await centre.agent()
    await post_mail(product, first)
    work = await ana.accept()
    await ana.close_work(work)
    begun = await centre.look(work)
    bob = await centre.agent()
    # Bob has been idle for longer, so that nothing but knowing the matter speaks for Ana.
    await ana.be("paused")
    await ana.be("available")
    await post_mail(product, letter(address, "Again", answers=str(first["Message-ID"])))
    offer = await ana.shown()
    assert offer["interaction_id"] != work
    assert (await centre.look(offer["interaction_id"]))["conversation_id"] == begun["conversation_id"]
    assert await bob.offered() is None

    await ana.be("offline")
    taken = await bob.accept(offer["interaction_id"])
    assert (await centre.look(taken))["agent_id"] == bob.id


async def test_an_answering_machine_is_kept_and_never_offered(product: Product, centre: Centre) -> None:
    address = await centre.mailbox(await centre.queue())
    ana = await centre.agent()
    machine = letter(address, "I am on holiday")
    machine["Auto-Submitted"] = "auto-replied"
    await post_mail(product, machine)
    kept = await centre.found(str(machine["Message-ID"]))
    assert kept["state"] == "closed"
    assert await ana.offered() is None


async def test_the_same_mail_twice_is_one_message(product: Product, centre: Centre) -> None:
    address = await centre.mailbox(await centre.queue())
    mail = letter(address)
    await post_mail(product, mail)
    await post_mail(product, mail)
    work = await centre.found(str(mail["Message-ID"]))
    assert len((await centre.look(work["id"]))["messages"]) == 1
    assert len((await centre.admin.get("/api/interactions"))["items"]) == 1
