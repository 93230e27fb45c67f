"""The SMTP server alone, on the loop the product runs on: encryption, draining, slow and rude senders."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvloop

from intercanal.infra.tls import trial
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.ids import TenantId
from intercanal.mail.adapters.smtp_server import SmtpOptions, SmtpServer
from intercanal.mail.ports import MailboxRef
from tests.mail.awkward import mail
from tests.mail.post import listening

REF = MailboxRef(TenantId("01900000-0000-7000-8000-000000000001"), "01900000-0000-7000-8000-000000000002")


class Box:
    """A postbox that keeps everything, as slowly as it is told."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, str, int]] = []
        self.began = threading.Event()
        self.may_end: asyncio.Event | None = None

    async def mailbox_of(self, address: str) -> MailboxRef | None:
        if address.startswith("broken"):
            raise RuntimeError(address)
        return REF

    async def take(self, raw: bytes, envelope_from: str, mailboxes: Sequence[MailboxRef]) -> None:
        self.began.set()
        if self.may_end is not None:
            await self.may_end.wait()
        self.taken.append((raw, envelope_from, len(mailboxes)))


class Running:
    """A server on a loop of its own, in a thread, as the product's processes have."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: SmtpServer, port: int) -> None:
        self.loop = loop
        self.server = server
        self.port = port

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self.loop).result(30)

    def call(self, action: Callable[[], object]) -> None:
        self.loop.call_soon_threadsafe(action)

    def connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self.port, timeout=20)


@contextmanager
def serving(box: Box, options: SmtpOptions) -> Iterator[Running]:
    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    door: socket.socket = listening()
    server = SmtpServer(box, options)
    try:
        asyncio.run_coroutine_threadsafe(server.start(door), loop).result(20)
        running = Running(loop, server, door.getsockname()[1])
        yield running
        running.stop()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


OPTIONS = SmtpOptions("mx.check.example", 100_000)


def test_a_sender_may_encrypt(tmp_path: Path) -> None:
    files = trial(tmp_path / "tls", "127.0.0.1", SystemClock().now())
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    box = Box()
    with serving(box, SmtpOptions("mx.check.example", 100_000, tls=context)) as running, running.connect() as client:
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        assert client.starttls(context=trusting)[0] == 220
        client.ehlo()
        assert not client.has_extn("auth")
        client.sendmail("a@example.org", ["help@check.example"], mail("", "x\n" * 20_000))
    assert len(box.taken) == 1


def test_a_bounce_comes_without_a_return_path() -> None:
    box = Box()
    with serving(box, OPTIONS) as running, running.connect() as client:
        client.sendmail("", ["help@check.example"], mail("", "x"))
    assert box.taken[0][1] == ""


def test_a_mail_in_the_middle_of_being_kept_is_finished_before_the_end() -> None:
    box = Box()
    with serving(box, OPTIONS) as running:
        box.may_end = asyncio.Event()
        client = running.connect()
        said: list[tuple[int, bytes]] = []

        def send() -> None:
            client.ehlo()
            client.mail("a@example.org")
            client.rcpt("help@check.example")
            said.append(client.data(mail("", "x")))

        sending = threading.Thread(target=send)
        sending.start()
        assert box.began.wait(20)
        stopping = threading.Thread(target=running.stop)
        stopping.start()
        running.call(box.may_end.set)
        sending.join(20)
        stopping.join(20)
        assert [code for code, _ in said] == [250]
        with pytest.raises(OSError, match=r"refused|reset|closed"):
            running.connect()


def test_whatever_breaks_on_our_side_the_sender_is_asked_to_try_again() -> None:
    box = Box()
    with serving(box, OPTIONS) as running, running.connect() as client:
        client.ehlo()
        client.mail("a@example.org")
        assert client.rcpt("broken@check.example")[0] == 451
        assert client.rcpt("help@check.example")[0] == 250


@pytest.mark.parametrize(
    "line", [b"RCPT TO:<", b"MAIL FROM:<a", b"\xff\xfe", b"RCPT TO:<a@b> X=" + b"y" * 400, b"VRFY root", b"A" * 5000]
)
def test_a_rude_line_ends_nothing(line: bytes) -> None:
    box = Box()
    with serving(box, OPTIONS) as running, socket.create_connection(("127.0.0.1", running.port), 20) as raw:
        file = raw.makefile("rwb")
        assert file.readline().startswith(b"220")
        for said, wanted in ((b"HELO x", b"250"), (line, b""), (b"NOOP", b"250"), (b"QUIT", b"221")):
            file.write(said + b"\r\n")
            file.flush()
            assert file.readline().startswith(wanted)


def test_a_dot_between_bare_line_ends_ends_no_mail() -> None:
    box = Box()
    smuggled = b"Subject: one\r\n\r\nbefore\n.\nMAIL FROM:<evil@example.org>\r.\rafter\n.\r\nstill\r\n"
    with serving(box, OPTIONS) as running, running.connect() as client:
        client.ehlo()
        client.mail("a@example.org")
        client.rcpt("help@check.example")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(smuggled + b".\r\n")
        assert client.getreply()[0] == 250
    assert [raw for raw, _, _ in box.taken] == [smuggled]
