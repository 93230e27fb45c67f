"""Answers as they are written: readable by anybody, in their thread, the same on each try."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercanal.mail.domain import compose, message_ids
from intercanal.mail.domain.compose import File, Letter
from intercanal.mail.domain.model import Limits
from intercanal.mail.domain.parse import parse

MESSAGE = "01900000-0000-7000-8000-000000000003"
TENANT = "01900000-0000-7000-8000-000000000001"
OURS = message_ids.our_id(b"secret", TENANT, MESSAGE, "check.example")


def letter(**changes: object) -> Letter:
    values: dict[str, object] = {
        "external_id": OURS,
        "from_address": "help@check.example",
        "from_name": None,
        "to_address": "camille@example.org",
        "to_name": None,
        "subject": "Re: Facture",
        "text": "Bonjour",
        "signature": None,
        "in_reply_to": "<one@example.org>",
        "chain": ("<one@example.org>",),
        "date": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    }
    return Letter(**(values | changes))  # type: ignore[arg-type]  # each value is of its field's type


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff"), max_size=300)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(WORDS, max_size=6).map("\n".join), name=WORDS, subject=WORDS, signature=st.none() | WORDS)
def test_whatever_an_agent_writes_arrives(text: str, name: str, subject: str, signature: str | None) -> None:
    raw = compose.write(letter(text=text, from_name=name, subject=subject, signature=signature))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    read = parse(raw, Limits())
    assert (read.external_id, read.in_reply_to, read.references) == (
        OURS,
        ("<one@example.org>",),
        ("<one@example.org>",),
    )
    assert read.sender is not None
    assert read.sender.email == "help@check.example"
    assert read.subject == " ".join(subject.split())[:500].strip()
    assert read.body.text.split() == (f"{text}\n-- \n{signature}" if signature else text).split()
    assert read.classification == "normal"
    assert raw == compose.write(letter(text=text, from_name=name, subject=subject, signature=signature))


def test_nothing_that_an_agent_writes_becomes_markup_or_a_header() -> None:
    raw = compose.write(letter(text="<script>x</script>\r\nBcc: all@example.org", subject="x\r\nBcc: all@example.org"))
    assert b"<script>" not in raw.split(b"text/html")[1]
    assert b"\r\nBcc:" not in raw.partition(b"\r\n\r\n")[0]


def test_long_ids_stay_whole_so_that_programs_find_their_thread() -> None:
    ids = tuple(f"<{'x' * 120}{number}@mail.example.org>" for number in range(3))
    raw = compose.write(letter(in_reply_to=ids[2], chain=ids))
    head = raw.partition(b"\r\n\r\n")[0].decode()
    assert f"In-Reply-To: {ids[2]}\r\n" in head
    assert "References: " + "\r\n ".join(ids) in head
    assert f"Message-ID: {OURS}\r\n" in head


def test_files_leave_with_their_names() -> None:
    raw = compose.write(letter(files=(File("résumé.pdf", "application/pdf", b"%PDF"),)))
    read = parse(raw, Limits())
    assert [(file.name, file.content_type, file.content) for file in read.attachments] == [
        ("résumé.pdf", "application/pdf", b"%PDF")
    ]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Facture", "Re: Facture"),
        ("Re: Facture", "Re: Facture"),
        ("RE: Re: AW: Facture", "Re: Facture"),
        ("Réf: Re[2]: Facture", "Re: Facture"),
        ("", "Re:"),
        ("Regarding: x", "Re: Regarding: x"),
        ("a\r\nBcc: b", "Re: a Bcc: b"),
    ],
)
def test_a_subject_goes_to_and_fro_with_one_re(subject: str, expected: str) -> None:
    assert compose.reply_subject(subject) == expected


def test_a_long_chain_keeps_its_root_and_its_newest() -> None:
    chain = tuple(f"<{number}@x>" for number in range(60))
    cut = compose.chain_of(chain, "<parent@x>")
    assert (cut[0], cut[-1], len(cut)) == ("<0@x>", "<parent@x>", 21)


class TestOurIds:
    def test_open_for_their_tenant_and_key_alone(self) -> None:
        assert message_ids.opened(b"secret", TENANT, OURS) == MESSAGE
        assert message_ids.opened(b"other", TENANT, OURS) is None
        assert message_ids.opened(b"secret", MESSAGE, OURS) is None

    @given(st.integers(0, len(OURS) - 1), st.sampled_from("0123456789abcdef"))
    def test_changed_in_one_place_they_are_nobodys(self, place: int, letter: str) -> None:
        changed = OURS[:place] + letter + OURS[place + 1 :]
        domain = OURS.index("@")
        if changed != OURS and place < domain:
            assert message_ids.opened(b"secret", TENANT, changed) is None
