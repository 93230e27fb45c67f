"""Whatever comes in is read, or refused with a reason; nothing else happens."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intercanal.mail.domain.model import Address, Limits, Mail
from intercanal.mail.domain.parse import parse
from intercanal.mail.errors import MailRefused
from tests.mail.awkward import SAMPLES, Sample, mail, multi

LIMITS = Limits()


def look(read: Mail, path: str) -> Any:
    if path == "files":
        return [(file.name, file.content_type, file.size) for file in read.attachments]
    found: Any = read
    for step in path.split("."):
        found = found[int(step)] if step.isdigit() else getattr(found, step)
    if isinstance(found, datetime):
        return found.isoformat()
    if isinstance(found, tuple):
        return [item.email if isinstance(item, Address) else item for item in found]
    return found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_an_awkward_mail_is_read_as_a_person_would(sample: Sample) -> None:
    if sample.refused is not None:
        with pytest.raises(MailRefused) as refusal:
            parse(sample.raw, LIMITS, sample.envelope_from)
        assert refusal.value.code == sample.refused
        return
    read = parse(sample.raw, LIMITS, sample.envelope_from)
    assert {path: look(read, path) for path in sample.expected} == sample.expected


def test_there_are_many_awkward_mails() -> None:
    assert len({sample.name for sample in SAMPLES}) >= 60


def is_storable(text: str) -> bool:
    text.encode("utf-8")
    return "\x00" not in text


def assert_storable(read: Mail) -> None:
    texts = [read.external_id, read.subject, read.body.text, read.body.reply_text, read.body.html or ""]
    texts += [part for file in read.attachments for part in (file.name, file.content_type, file.content_id or "")]
    people = [person for person in (read.sender, read.reply_to, *read.to, *read.cc) if person]
    texts += [part for person in people for part in (person.email, person.name)]
    texts += [*read.references, *read.in_reply_to]
    assert all(is_storable(text) for text in texts)
    assert all("\n" not in text for text in (read.subject, read.external_id, *(file.name for file in read.attachments)))
    assert all(file.name and "/" not in file.name for file in read.attachments)
    assert read.body.html is None or "<script" not in read.body.html.lower()


# `mail.unreadable` is the last resort for a break that nobody has thought of: none must be known
FORESEEN = {"mail.nested_too_deep", "mail.too_many_parts", "mail.headers_too_large", "mail.loop", "mail.too_large"}


def read_or_refuse(raw: bytes) -> None:
    try:
        read = parse(raw, LIMITS)
    except MailRefused as refusal:
        code = refusal.code
    else:
        assert_storable(read)
        assert parse(raw, LIMITS) == read
        return
    assert code in FORESEEN


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=2000))
@example(b"Content-Type: multipart/mixed; boundary*=\x00'\x00'%\r\n\r\n")
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read_or_refuse(raw)


TOKENS = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b" ", b"\t", b"--edge", b"--edge--", b"\r\n\r\n", b'"', b"<", b">", b"(", b")", b";",
        b"=", b"%", b"*", b"'", b"AAAA", b"\xff", b"\xc3", b"\x00",
        b"Content-Type: ", b"multipart/mixed", b"multipart/alternative", b"multipart/related", b"multipart/report",
        b"message/rfc822", b"message/delivery-status", b"text/plain", b"text/html", b"; boundary=edge", b"; boundary=",
        b"; charset=", b"utf-8", b"iso-2022-jp", b"utf-7", b"idna", b"punycode", b"zip", b"; name*0*=x'y'z",
        b"; name*=",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: uuencode", b"begin 644 x", b"Content-Disposition: attachment; filename=",
        b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: ", b"References: ", b"Auto-Submitted: ",
        b"=?utf-8?B?", b"=?utf-8?Q?", b"?=", b"=C3=A9", b"Mon, 23 Nov 2026 10:00:00 +9999", b"a@b.example", b"<a@b>",
        b"-- ", b"On x wrote:", b"<p>", b"<img src=x>", b"<script>", b"</script>", b"; format=flowed",
        b"; report-type=delivery-status",
    ]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(TOKENS, st.binary(max_size=6)), max_size=60))
def test_any_rubble_of_mail_is_read_or_refused(pieces: list[bytes]) -> None:
    read_or_refuse(b"".join(pieces))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 4000), st.integers(0, 40), st.binary(max_size=20))
def test_a_damaged_mail_is_read_or_refused(sample: Sample, place: int, length: int, patch: bytes) -> None:
    raw = sample.raw[:20_000]
    read_or_refuse(raw[:place] + patch + raw[place + length :])


def test_a_mail_over_the_limit_is_refused() -> None:
    with pytest.raises(MailRefused) as refusal:
        parse(mail("", "x" * 2000), Limits(size=1000))
    assert refusal.value.code == "mail.too_large"
    assert refusal.value.facts == {"limit": 1000}


def test_text_past_its_limit_is_cut_and_says_so() -> None:
    read = parse(mail("", "word " * 1000), Limits(text_chars=100))
    assert len(read.body.text) == 100
    assert read.body.is_cut


class TestAnIdOfOurOwn:
    RAW = mail("Message-ID: not an id at all\nDate: Mon, 23 Nov 2026 10:00:00 +0100", "Bonjour")

    def test_is_the_same_when_the_mail_is_sent_again(self) -> None:
        first = parse(b"Received: from a by b; today\r\n" + self.RAW, LIMITS)
        again = parse(b"Received: from c by d; tomorrow\r\n" + self.RAW, LIMITS)
        assert first.external_id == again.external_id
        assert not first.has_own_id

    def test_differs_when_the_words_differ(self) -> None:
        assert parse(self.RAW, LIMITS).external_id != parse(self.RAW + b"!", LIMITS).external_id


class TestHtml:
    @pytest.mark.parametrize(
        "markup",
        [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<a href='javascript:alert(1)'>x</a>",
            "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
            "<svg onload=alert(1)>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<form action=http://evil.example><input name=card></form>",
            "<base href=http://evil.example>",
            "<meta http-equiv=refresh content='0;url=http://evil.example'>",
            "<p style='background:url(javascript:alert(1))'>x</p>",
            "<object data=http://evil.example></object><embed src=http://evil.example>",
            "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        ],
    )
    def test_cannot_act(self, markup: str) -> None:
        html = (parse(mail("Content-Type: text/html", markup), LIMITS).body.html or "").lower()
        for forbidden in (
            "script",
            "onerror",
            "onload",
            "<form",
            "<input",
            "<iframe",
            "evil.example",
            "<svg",
            "<style",
        ):
            assert forbidden not in html

    @pytest.mark.parametrize(
        "markup",
        [
            '<img src="http://track.example/1.png">',
            '<img srcset="http://track.example/1.png 2x">',
            '<img src="//track.example/1.png">',
            '<img src="cid:ok" lowsrc="http://track.example/">',
            '<table background="http://track.example/1.png"><tr><td>x</td></tr></table>',
            '<p style="background-image:url(http://track.example/1.png)">x</p>',
            '<p style="color:red;list-style:url(http://track.example/1.png)">x</p>',
            '<link rel="stylesheet" href="http://track.example/a.css">',
            '<style>@import "http://track.example/a.css";</style>',
            '<video poster="http://track.example/1.png"></video>',
            '<audio src="http://track.example/1.ogg"></audio>',
            '<input type="image" src="http://track.example/1.png">',
        ],
    )
    def test_fetches_nothing(self, markup: str) -> None:
        html = parse(mail("Content-Type: text/html", markup), LIMITS).body.html or ""
        assert "track.example" not in html

    def test_says_how_many_pictures_it_kept_from_calling_home(self) -> None:
        markup = '<img src="http://a.example/1"><img src="https://b.example/2"><img src="cid:own">'
        assert parse(mail("Content-Type: text/html", markup), LIMITS).body.blocked_images == 2

    def test_keeps_links_that_people_follow(self) -> None:
        html = parse(mail("Content-Type: text/html", '<a href="https://shop.example/1">order</a>'), LIMITS).body.html
        assert html == '<a href="https://shop.example/1" rel="noopener noreferrer">order</a>'

    def test_built_to_choke_a_parser_is_set_aside(self) -> None:
        read = parse(
            multi("multipart/alternative", "\n\nwords", "Content-Type: text/html\n\n" + "<div>" * 50_000), LIMITS
        )
        assert (read.body.html, read.body.text, read.body.is_cut) == (None, "words", True)
