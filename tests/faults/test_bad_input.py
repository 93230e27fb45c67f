"""Bad input: only what is bad is refused, with a code, and what comes next or beside it passes."""

import asyncio
import smtplib

import pytest

from tests.journeys.people import Centre, letter, post_mail
from tests.journeys.product import Product

pytestmark = pytest.mark.server


def raw(to: str, message_id: str, rest: bytes) -> bytes:
    head = f"Message-ID: {message_id}\r\nFrom: camille@customer.example\r\nTo: {to}\r\nMIME-Version: 1.0\r\n"
    return head.encode() + rest


def nested(depth: int) -> bytes:
    """Mails inside mails."""
    parts = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return "".join(parts).encode() + b"Content-Type: text/plain\r\n\r\nhello\r\n"


def forwarded(depth: int) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: inside\r\n\r\nhello\r\n"


BAD = {
    "nul": b"Subject: a\x00b\r\n\r\nhello \x00 there\r\n",
    "nul_encoded": b"Subject: =?utf-8?q?a=00b?=\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nhello=00there\r\n",
    "recursive": nested(3000),
    "recursive_forwards": forwarded(5000),
    "many_parts": b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 50_000 + b"--b--\r\n",
    "long_header": b"Subject: " + b"x" * 2_000_000 + b"\r\n\r\nhello\r\n",
    "many_headers": b"X-Mine: y\r\n" * 60_000 + b"\r\nhello\r\n",
    "no_header": b"\r\n",
    "surrogates": b"Subject: =?utf-8?b?7aCA?=\r\n\r\n\xed\xa0\x80\xff\xfe\r\n",
    "charset": b"Content-Type: text/plain; charset=no-such-thing\r\n\r\nhello \xe9\r\n",
    "base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!!====\x00\x01\r\n",
}


@pytest.mark.parametrize("kind", BAD)
async def test_only_the_bad_mail_is_refused_and_the_next_one_passes(
    product: Product, centre: Centre, kind: str
) -> None:
    address = await centre.mailbox(await centre.queue())
    bad, good = f"<bad-{kind}@{centre.name}.example>", letter(address)
    code = 250
    try:
        await post_mail(product, raw(address, bad, BAD[kind]), address)
    except smtplib.SMTPDataError as error:
        code = error.smtp_code
    # kept, or refused for good: whoever sends it is told, and does not try for days
    assert code == 250 or 500 <= code < 600
    if code == 250:
        kept = await centre.found(bad)
        assert (await centre.look(kept["id"]))["messages"]
    await post_mail(product, good)
    assert (await centre.found(str(good["Message-ID"])))["state"] == "queued"


async def test_a_mail_of_fifty_megabytes_is_refused_alone(product: Product, centre: Centre) -> None:
    address = await centre.mailbox(await centre.queue())
    bad = f"<large@{centre.name}.example>"
    large = raw(address, bad, b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * (50 * 2**20 // 78))
    with pytest.raises(smtplib.SMTPException) as refusal:
        await post_mail(product, large, address)
    assert "552" in str(refusal.value)
    # and by a sender who does not say how large it will be
    door = await asyncio.to_thread(smtplib.SMTP, "127.0.0.1", product.smtp_port, timeout=60)
    with door:
        door.helo()
        door.mail("camille@customer.example")
        door.rcpt(address)
        code, _ = await asyncio.to_thread(door.data, large)
        assert code == 552
    good = letter(address)
    await post_mail(product, good)
    assert (await centre.found(str(good["Message-ID"])))["state"] == "queued"
    assert (await centre.admin.get("/api/interactions", external_id=bad))["items"] == []


ENDS_OF_TIME = ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59")


async def test_a_poisoned_command_fails_alone_over_the_api(centre: Centre) -> None:
    queue = await centre.queue()
    ana = await centre.agent(state=None)
    await ana.put("/api/people/me/capacity", {"capacities": {"task": 10}})
    await ana.be("available")
    held = [await ana.accept(await centre.work(queue)) for _ in range(3)]
    for until, work in zip(ENDS_OF_TIME, held, strict=True):
        poison = ana.ask("POST", f"/api/interactions/{work}/snooze", {"until": until})
        neighbours = [centre.admin.ask("POST", "/api/interactions", {"queue_id": queue, "text": "a"}) for _ in range(8)]
        refused, *answers = await asyncio.gather(poison, *neighbours)
        assert refused.status_code in {200, 400, 409, 422}, refused.text
        if not refused.is_success:
            assert refused.json()["code"] != "internal"
        assert [answer.status_code for answer in answers] == [201] * 8
    await ana.be("paused")
    assert (await centre.admin.get(f"/api/routing/queues/{queue}/live"))["queued"] >= 24


@pytest.mark.parametrize(
    "more",
    [
        {"skills": {"no skill": 1}},
        {"skills": {"\x00": 1}},
        {"employer_id": "nobody"},
        {"employer_id": "0190a0a0-0000-7000-8000-000000000000"},
        {"site_id": "\x00"},
        {"team_ids": ["\x00"]},
        {"email": "a\x00@b.example"},
        {"email": "no address"},
    ],
    ids=str,
)
async def test_settings_that_the_core_could_not_take_are_refused_before_they_are_kept(
    centre: Centre, more: dict[str, object]
) -> None:
    status, code = await centre.admin.refused(
        "POST", "/api/people/agents", {"name": "Eve", "email": "eve@example.org", **more}
    )
    assert status in {400, 404, 409, 422}, code
    assert code != "internal"
    await centre.agent()
    assert len((await centre.admin.get("/api/people/agents"))["items"]) == 1
