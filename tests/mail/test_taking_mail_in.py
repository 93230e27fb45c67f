"""Mails come in by SMTP: 250 means kept, everything else means the sender keeps them."""

import asyncio
import smtplib
import socket

import pytest

from intercanal.kernel.ids import TenantId
from tests.mail.awkward import PLAIN, file_part, mail, multi
from tests.mail.post import LIMITS, Place, Post, until
from tests.people.api import Caller

pytestmark = pytest.mark.server


def plain(place: Place, message_id: str, text: str = "Ma facture est fausse.", extra: str = "") -> bytes:
    return mail(f"Message-ID: {message_id}\nTo: {place.address}\nSubject: Facture\n{extra}".strip(), text)


async def test_a_mail_waits_in_its_queue_with_its_words_and_its_customer(post: Post) -> None:
    place = await post.place()
    raw = plain(place, "<one@example.org>", "Bonjour,\nma facture est fausse.\n\n-- \nCamille")
    await post.send(raw, place.address)
    one = await post.one(place, "<one@example.org>")
    assert (one["channel"], one["state"], one["queue_id"]) == ("mail", "queued", place.queue_id)
    message = one["messages"][0]
    assert message["reply_text"] == "Bonjour,\nma facture est fausse."
    assert message["text"].endswith("Camille")
    assert (message["subject"], message["sender"], message["classification"]) == (
        "Facture",
        "camille@example.org",
        "normal",
    )
    customer = await place.admin.get(f"/api/customers/{one['customer_id']}")
    assert customer["name"] == "Camille Test"
    told = await place.admin.call("GET", f"/api/mail/messages/{message['id']}/original")
    assert told.content == raw.rstrip(b"\r\n") + b"\r\n"
    assert told.headers["content-disposition"].startswith("attachment;")


async def test_the_same_mail_is_one_message_however_often_and_however_fast_it_comes(post: Post) -> None:
    place = await post.place()
    raw = plain(place, "<twice@example.org>")
    await asyncio.gather(*(post.send(raw, place.address) for _ in range(5)))
    await post.send(plain(place, "<twice@example.org>", "other words, same id"), place.address)
    one = await post.one(place, "<twice@example.org>")
    assert [message["text"] for message in one["messages"]] == ["Ma facture est fausse."]


async def test_one_mail_to_two_mailboxes_waits_in_both(post: Post) -> None:
    place, other = await post.place(), await post.place()
    await post.send(plain(place, "<both@example.org>"), place.address, other.address)
    assert (await post.one(place, "<both@example.org>"))["queue_id"] == place.queue_id
    assert (await post.one(other, "<both@example.org>"))["queue_id"] == other.queue_id


async def test_only_known_addresses_are_taken(post: Post) -> None:
    place = await post.place()
    for address in ("nobody@nowhere.example", place.address.replace("help", "sales"), "not an address"):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await post.send(plain(place, "<no@example.org>"), address)
        assert refused.value.recipients[address][0] in {550, 553}
    await post.send(plain(place, "<tag@example.org>"), place.address.upper().replace("@", "+order-7@"))
    assert (await post.one(place, "<tag@example.org>"))["queue_id"] == place.queue_id


async def test_a_retired_mailbox_takes_no_more_mail_and_frees_its_address(post: Post) -> None:
    place, other = await post.place(), await post.place()
    await place.admin.delete(f"/api/mail/mailboxes/{place.mailbox_id}", reason="moved")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await post.send(plain(place, "<late@example.org>"), place.address)
    body = {"address": place.address, "queue_id": other.queue_id}
    await other.admin.post("/api/mail/mailboxes", body)
    await post.send(plain(place, "<moved@example.org>"), place.address)
    assert (await post.one(other, "<moved@example.org>"))["queue_id"] == other.queue_id


class TestOneBadMail:
    async def test_of_too_many_bytes_is_refused_and_the_connection_goes_on(self, post: Post) -> None:
        place = await post.place()
        huge = plain(place, "<huge@example.org>", ("x" * 70 + "\n") * (LIMITS.size // 70 + 10))

        def talk() -> list[int]:
            with smtplib.SMTP("127.0.0.1", post.port, timeout=20) as server:
                server.ehlo()
                said = [server.mail("a@example.org", [f"SIZE={len(huge)}"])[0]]
                server.rset()
                said.append(server.mail("a@example.org")[0])
                server.rcpt(place.address)
                said.append(server.data(huge)[0])
                server.mail("a@example.org")
                server.rcpt(place.address)
                said.append(server.data(plain(place, "<after@example.org>"))[0])
                return said

        assert await asyncio.to_thread(talk) == [552, 250, 552, 250]
        assert await post.found(place, "<huge@example.org>") == []
        await post.one(place, "<after@example.org>")

    async def test_of_parts_in_parts_without_end_is_refused_alone(self, post: Post) -> None:
        place = await post.place()
        deep = b"".join(b"Content-Type: multipart/mixed; boundary=e%d\r\n\r\n--e%d\r\n" % (n, n) for n in range(2000))
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await post.send(b"Message-ID: <deep@example.org>\r\n" + deep, place.address)
        assert refused.value.smtp_code == 554
        assert b"mail.nested_too_deep" in refused.value.smtp_error
        await post.send(plain(place, "<next@example.org>"), place.address)
        await post.one(place, "<next@example.org>")

    async def test_with_a_nul_in_its_subject_is_taken_without_it(self, post: Post) -> None:
        place = await post.place()
        await post.send(
            plain(place, "<nul@example.org>", "a\x00b", "X-Odd: \x00").replace(b"Facture", b"Fac\x00ture"),
            place.address,
        )
        message = (await post.one(place, "<nul@example.org>"))["messages"][0]
        assert (message["subject"], message["text"]) == ("Facture", "a\ufffdb")

    async def test_with_lines_longer_than_any_is_taken(self, post: Post) -> None:
        place = await post.place()
        text = "é" * 60_000
        await post.send(plain(place, "<long@example.org>", f"{text}\n.\n..\n.end"), place.address)
        message = (await post.one(place, "<long@example.org>"))["messages"][0]
        assert message["text"] == f"{text}\n.\n..\n.end"


async def test_a_sender_may_be_called_anything_on_the_wire(post: Post) -> None:
    place = await post.place()

    def talk() -> list[bytes]:
        with socket.create_connection(("127.0.0.1", post.port), 20) as raw:
            file = raw.makefile("rwb")
            said = [file.readline()]
            data = plain(place, "<odd@example.org>").replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"
            for line in (
                b"HELO x\r\n",
                b"MAIL FROM:<\xff\xfe\xed\xa0\x80@example.org>\r\n",
                f"RCPT TO:<{place.address}>\r\n".encode(),
                b"DATA\r\n",
                data,
            ):
                file.write(line)
                file.flush()
                said.append(file.readline()[:3])
            return said[1:]

    assert await asyncio.to_thread(talk) == [b"250", b"250", b"250", b"354", b"250"]
    await post.one(place, "<odd@example.org>")


class TestNothingIsLost:
    async def test_while_the_live_core_is_away(self, post: Post) -> None:
        place = await post.place()
        post.live.is_away = True
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await post.send(plain(place, "<wait@example.org>"), place.address)
        assert refused.value.smtp_code == 451
        assert await post.found(place, "<wait@example.org>") == []
        post.live.is_away = False
        await post.send(plain(place, "<wait@example.org>"), place.address)
        await post.one(place, "<wait@example.org>")

    async def test_while_the_store_of_bytes_is_full(self, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
        place = await post.place()

        async def full(_key: str, _content: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(post.blobs, "put", full)
            with pytest.raises(smtplib.SMTPDataError) as refused:
                await post.send(plain(place, "<full@example.org>"), place.address)
        assert refused.value.smtp_code == 451
        await post.send(plain(place, "<full@example.org>"), place.address)
        await post.one(place, "<full@example.org>")

    async def test_when_too_many_connections_come_at_once(self, post: Post) -> None:
        place = await post.place()

        def crowd() -> tuple[list[int], int]:
            held = [smtplib.SMTP("127.0.0.1", post.port, timeout=20) for _ in range(8)]
            try:
                with pytest.raises(smtplib.SMTPConnectError) as refused:
                    smtplib.SMTP("127.0.0.1", post.port, timeout=20)
            finally:
                said = [server.quit()[0] for server in held]
            return said, refused.value.smtp_code

        assert await asyncio.to_thread(crowd) == ([221] * 8, 421)
        await post.send(plain(place, "<room@example.org>"), place.address)
        await post.one(place, "<room@example.org>")

    async def test_when_the_queue_of_the_mailbox_was_retired(self, post: Post) -> None:
        place = await post.place()
        await place.admin.delete(f"/api/routing/queues/{place.queue_id}", reason="closed")
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await post.send(plain(place, "<queue@example.org>"), place.address)
        assert refused.value.smtp_code == 451
        queue = await place.admin.post("/api/routing/queues", {"name": "New"})
        await place.admin.put(f"/api/mail/mailboxes/{place.mailbox_id}", {"queue_id": queue["id"], "reason": "new"})
        await post.send(plain(place, "<queue@example.org>"), place.address)
        assert (await post.one(place, "<queue@example.org>"))["queue_id"] == queue["id"]


async def test_files_are_kept_and_handed_on_as_downloads_only(post: Post) -> None:
    place, other = await post.place(), await post.place()
    page = "<script>alert(1)</script>"
    raw = multi(
        "multipart/mixed",
        PLAIN + "see files",
        file_part('Content-Type: text/html; name="a \\"page\\".html"\nContent-Disposition: attachment', page),
        file_part(
            "Content-Type: application/pdf\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9su.pdf", "%PDF"
        ),
        headers="Message-ID: <files@example.org>",
    )
    await post.send(raw, place.address)
    message = (await post.one(place, "<files@example.org>"))["messages"][0]
    assert [(file["name"], file["size"], file["content_type"]) for file in message["attachments"]] == [
        ('a "page".html', len(page), "text/html"),
        ("résu.pdf", 4, "application/pdf"),
    ]
    base = f"/api/mail/messages/{message['id']}"
    html = await place.admin.call("GET", f"{base}/attachments/1")
    assert html.text == page
    assert html.headers["content-type"] == "application/octet-stream"
    assert html.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in html.headers["content-security-policy"]
    pdf = await place.admin.call("GET", f"{base}/attachments/2")
    assert (pdf.content, pdf.headers["content-type"]) == (b"%PDF", "application/pdf")
    assert pdf.headers["content-disposition"] == "attachment; filename=\"r_su.pdf\"; filename*=UTF-8''r%C3%A9su.pdf"
    assert len((await place.admin.get(base))["files"]) == 2
    await place.admin.refused(404, "mail.file_unknown", "GET", f"{base}/attachments/3")
    for path in (base, f"{base}/original", f"{base}/attachments/1"):
        await other.admin.refused(404, "mail.message_unknown", "GET", path)
    answer = await Caller(post.http, None).call("GET", f"{base}/original")
    assert answer.status_code == 401


AUTOMATIC = {
    "auto_reply": "Auto-Submitted: auto-replied",
    "bounce": "From: MAILER-DAEMON@mx.example.net",
    "abuse_report": "",
}


@pytest.mark.parametrize("kind", AUTOMATIC)
async def test_automatic_mail_is_kept_closed_and_never_offered(post: Post, kind: str) -> None:
    place = await post.place()
    await place.agent.put("/api/people/me/presence", {"state": "available"})
    if kind == "abuse_report":
        raw = multi(
            "multipart/report; report-type=feedback-report",
            PLAIN + "complaint",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n",
            headers=f"Message-ID: <{kind}@example.org>",
        )
    else:
        raw = mail(f"Message-ID: <{kind}@example.org>\n{AUTOMATIC[kind]}", "automatic words")
    await post.send(raw, place.address)
    one = await post.one(place, f"<{kind}@example.org>")
    assert (one["state"], one["customer_id"], one["messages"][0]["classification"]) == ("closed", None, kind)
    # a person's mail that comes later is the first to be offered
    await post.send(plain(place, "<person@example.org>"), place.address)
    offered = await post.accept(place)
    assert offered == (await post.one(place, "<person@example.org>"))["id"]


async def test_what_an_erased_customer_wrote_is_forgotten_with_its_bytes(post: Post) -> None:
    place = await post.place()
    await post.send(plain(place, "<forget@example.org>"), place.address)
    one = await post.one(place, "<forget@example.org>")
    message_id = one["messages"][0]["id"]
    assert await blobs_of(post, place.tenant_id)
    await place.admin.post(f"/api/customers/{one['customer_id']}/erase", {"reason": "asked"})

    async def gone() -> bool:
        return (await place.admin.get(f"/api/mail/messages/{message_id}"))["sender"] is None

    await until(gone)
    assert await blobs_of(post, place.tenant_id) == []
    await place.admin.refused(404, "mail.message_unknown", "GET", f"/api/mail/messages/{message_id}/original")


async def blobs_of(post: Post, tenant_id: TenantId) -> list[str]:
    return [key async for key in post.blobs.walk(tenant_id)]
