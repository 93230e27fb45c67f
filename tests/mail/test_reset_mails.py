"""Mails for a forgotten password: they leave once through the relay, in the reader's language, or not at all."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import asyncpg
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from intercanal.identity import service as identity
from intercanal.identity.service import NewUser
from intercanal.infra.db.database import Database
from intercanal.infra.http.principal import Principal
from intercanal.kernel.clock import ManualClock, SystemClock
from intercanal.kernel.ids import TenantId, new_id
from intercanal.mail import jobs
from intercanal.mail.adapters.memory import MemoryTransport
from intercanal.mail.adapters.smtp_relay import SmtpRelay
from intercanal.mail.ports import MailTransport, NotTakenError
from tests.fixtures.servers import Urls
from tests.mail.post import SECRET, Place, Post, listening, until

pytestmark = pytest.mark.server

PAGE = "https://desk.check.example/"
HOUR = timedelta(hours=1)


class Server:
    """A real mail server that can be told to refuse for a while."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self.asked = 0
        self.kept: list[tuple[str, str, EmailMessage]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        self.asked += 1
        if self.refusals:
            return f"{self.refusals.pop(0)} not now"
        assert isinstance(envelope.content, bytes)
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.kept.append((str(envelope.mail_from), envelope.rcpt_tos[0], mail))
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for _, recipient, mail in self.kept if recipient == address]


@contextlib.asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[Server, SmtpRelay]]:
    server, door = Server(), listening()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: SMTP(server, hostname="sink.example", loop=loop), sock=door):
        yield server, SmtpRelay("127.0.0.1", door.getsockname()[1])


@contextlib.asynccontextmanager
async def sending(post: Post, transport: MailTransport) -> AsyncIterator[None]:
    """What the process `work` does with reset mails when it has a relay."""
    sender = jobs.ResetSender(post.database, transport, SECRET, PAGE)
    queue, ready, stopping = post.services.reset_queue, asyncio.Event(), asyncio.Event()
    await jobs.find_resets(post.database, queue)
    running = asyncio.create_task(jobs.run(sender, queue, ready.set, stopping))
    await asyncio.wait_for(ready.wait(), 20)
    try:
        yield
    finally:
        stopping.set()
        await asyncio.wait_for(running, 20)


async def person(post: Post, place: Place, language: str) -> str:
    """Somebody with an account; returns the address."""
    email = f"{language}@{place.tenant_id[-12:]}.example"
    catalogue = frozenset({"mail.read"})
    giver = Principal(place.tenant_id, "bootstrap", "key", catalogue, None, "bootstrap")
    async with post.database.unit_of_work(place.tenant_id) as uow:
        await identity.create_user(uow, giver, NewUser(email, "Camille", "agent", language), catalogue, "no hash fits")
        await uow.commit()
    return email


async def ask(post: Post, tenant_id: TenantId, email: str) -> None:
    """Ask for a reset mail, as the door does."""
    async with post.database.unit_of_work(tenant_id) as uow:
        await identity.request_reset(uow, email)
        await uow.commit()
    await post.services.delivery.carry_out(uow)


async def waiting(post: Post, tenant_id: TenantId) -> Sequence[str]:
    async with post.database.unit_of_work(tenant_id) as uow:
        return await identity.waiting_reset_mails(uow)


async def nothing_waits(post: Post, tenant_id: TenantId) -> None:
    async def settled() -> bool:
        return not await waiting(post, tenant_id)

    await until(settled)


async def queued(post: Post) -> list[str]:
    connection = await asyncpg.connect(post.urls.superuser)
    try:
        rows = await connection.fetch("SELECT convert_from(payload, 'UTF8') FROM mail_jobs.pgqueuer")
        return [str(row[0]) for row in rows]
    finally:
        await connection.close()


def token_in(mail: EmailMessage) -> str:
    match = re.search(r"https://desk\.check\.example/sign-in/reset#(ic_reset_\S+)", str(mail.get_content()))
    assert match is not None
    return match[1]


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Choose a new password"),
        ("fr", "Choisissez un nouveau mot de passe"),
        ("nl", "Kies een nieuw wachtwoord"),
    ],
)
async def test_a_reset_mail_reaches_its_reader_in_their_language(post: Post, language: str, subject: str) -> None:
    place = await post.place()
    email = await person(post, place, language)
    async with mail_server() as (server, relay), sending(post, relay):
        await ask(post, place.tenant_id, email)
        await nothing_waits(post, place.tenant_id)
    (mail,) = server.to(email)
    assert mail["Subject"] == subject
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    # from the tenant's own domain, which its relay may speak for
    domain = place.address.partition("@")[2]
    assert mail["From"].addresses[0].addr_spec == f"no-reply@{domain}"
    assert str(mail["Message-ID"]).endswith(f"@{domain}>")
    async with post.database.unit_of_work(place.tenant_id) as uow:
        assert (await identity.account_of_reset(uow, token_in(mail))).email == email


async def test_without_a_relay_it_waits_and_leaves_once_when_there_is_one(post: Post) -> None:
    place = await post.place()
    await ask(post, place.tenant_id, "admin@example.org")
    (mail_id,) = await waiting(post, place.tenant_id)

    async def in_the_queue() -> bool:
        return any(mail_id in payload for payload in await queued(post))

    await until(in_the_queue)
    async with mail_server() as (server, relay):
        for _ in range(2):
            async with sending(post, relay):
                await nothing_waits(post, place.tenant_id)
        assert [mail["To"] for mail in server.to("admin@example.org") if mail_id in mail["Message-ID"]] == [
            "admin@example.org"
        ]


async def test_a_mail_that_was_never_heard_of_leaves_at_the_next_start(post: Post) -> None:
    place = await post.place()
    for subscription in post.heard:
        await subscription.stop()
    email = await person(post, place, "fr")
    await ask(post, place.tenant_id, email)
    async with mail_server() as (server, relay), sending(post, relay):
        await nothing_waits(post, place.tenant_id)
    assert len(server.to(email)) == 1


async def test_what_is_told_twice_leaves_once(post: Post) -> None:
    place = await post.place()
    email = await person(post, place, "nl")
    async with mail_server() as (server, relay), sending(post, relay):
        await ask(post, place.tenant_id, email)
        (subject, body) = next((s, b) for s, b in reversed(post.stream._kept) if s.endswith("reset_requested"))
        await post.stream.append(subject, body, new_id(SystemClock().now()))
        await nothing_waits(post, place.tenant_id)
        await post.stream.append(subject, body, new_id(SystemClock().now()))
        last = await person(post, place, "en")
        await ask(post, place.tenant_id, last)
        await nothing_waits(post, place.tenant_id)
    assert len(server.to(email)) == len(server.to(last)) == 1


async def test_the_token_is_in_no_job_no_stream_and_no_log(
    post: Post, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    place = await post.place()
    email = await person(post, place, "en")
    await ask(post, place.tenant_id, email)
    (mail_id,) = await waiting(post, place.tenant_id)

    async def in_the_queue() -> bool:
        return any(mail_id in payload for payload in await queued(post))

    await until(in_the_queue)
    jobs_before = await queued(post)
    async with mail_server() as (server, relay):
        server.refusals = ["451"]
        sender = jobs.ResetSender(post.database, relay, SECRET, PAGE)
        assert await sender.send(place.tenant_id, mail_id) == timedelta(seconds=10)
        assert await sender.send(place.tenant_id, mail_id) is None
    (mail,) = server.to(email)
    secret = token_in(mail).rsplit("_", 1)[-1]
    shown = capsys.readouterr()
    places = [*jobs_before, *(str(body) for _, body in post.stream._kept), shown.out, shown.err, caplog.text]
    assert "reset_not_taken" in shown.out + shown.err
    assert not any(secret in text or email in text for text in places)


class Trial:
    """One waiting mail and a clock of its own."""

    def __init__(self, urls: Urls, place: Place, mail_id: str) -> None:
        self.clock = ManualClock(SystemClock().now())
        self.database = Database(urls.app, clock=self.clock)
        self.transport = MemoryTransport()
        self.place, self.mail_id = place, mail_id

    async def send(self) -> timedelta | None:
        sender = jobs.ResetSender(self.database, self.transport, SECRET, PAGE)
        return await sender.send(self.place.tenant_id, self.mail_id)


@pytest.fixture
async def trial(post: Post) -> AsyncIterator[Trial]:
    place = await post.place()
    await ask(post, place.tenant_id, "admin@example.org")
    (mail_id,) = await waiting(post, place.tenant_id)
    made = Trial(post.urls, place, mail_id)
    yield made
    await made.database.close()


async def test_a_relay_that_is_away_is_asked_again_ever_later_with_the_same_mail(trial: Trial) -> None:
    class Forgetful(MemoryTransport):
        """Takes the mail over and says that it did not."""

        async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
            await super().send(sender, recipient, raw, needs_utf8=needs_utf8)
            raise NotTakenError("451", is_final=False)

    trial.transport, waits = Forgetful(), []
    while (wait := await trial.send()) is not None:
        waits.append(wait)
        trial.clock.advance(wait.total_seconds())
    assert waits[0] == timedelta(seconds=10)
    assert waits == sorted(waits)
    assert max(waits) == timedelta(minutes=5)
    assert HOUR <= sum(waits, timedelta(0)) < HOUR + timedelta(minutes=5)
    # never the same wish in two letters: whoever gets it twice sees that it is one
    assert len({taken.raw for taken in trial.transport.taken}) == 1


async def test_a_mail_that_comes_too_late_never_leaves(trial: Trial) -> None:
    trial.clock.advance(3600)
    assert await trial.send() is None
    assert trial.transport.taken == []


async def test_a_refusal_for_good_ends_it_and_forgets_the_token(post: Post, trial: Trial) -> None:
    trial.transport.refusals["admin@example.org"] = NotTakenError("550", is_final=True)
    assert await trial.send() is None
    assert await waiting(post, trial.place.tenant_id) == []


async def test_another_password_in_between_takes_the_mail_back(post: Post, trial: Trial) -> None:
    await ask(post, trial.place.tenant_id, "admin@example.org")
    first = trial.mail_id
    trial.mail_id = next(one for one in await waiting(post, trial.place.tenant_id) if one != first)
    assert await trial.send() is None
    text = BytesParser(policy=default).parsebytes(trial.transport.taken[0].raw)
    assert isinstance(text, EmailMessage)
    async with post.database.unit_of_work(trial.place.tenant_id) as uow:
        await identity.reset_password(uow, token_in(text), "some hash")
        await uow.commit()
    trial.mail_id = first
    assert await trial.send() is None
    assert len(trial.transport.taken) == 1
