"""One suite for every way out: what is taken over is taken over whole, and each refusal says whether it is final."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from intercanal.infra.tls import trial
from intercanal.kernel.clock import SystemClock
from intercanal.mail.adapters.memory import MemoryTransport
from intercanal.mail.adapters.smtp_relay import SmtpRelay
from intercanal.mail.ports import MailTransport, NotTakenError
from tests.mail.post import listening

RAW = b"Message-ID: <a@check.example>\r\nSubject: x\r\n\r\n.\r\n..two\r\nna\xc3\xafve\r\n"


class Way(Protocol):
    """A way out, and its other end."""

    @property
    def transport(self) -> MailTransport: ...

    def refuse(self, recipient: str, status: str) -> None: ...

    def taken(self) -> list[tuple[str, str, bytes]]: ...


class MemoryWay:
    def __init__(self) -> None:
        self.transport = MemoryTransport()

    def refuse(self, recipient: str, status: str) -> None:
        self.transport.refusals[recipient] = NotTakenError(status, is_final=status.startswith("5"))

    def taken(self) -> list[tuple[str, str, bytes]]:
        return [(each.sender, each.recipient, each.raw) for each in self.transport.taken]


class Sink:
    """A mail server that keeps what it is given and refuses whom it is told to."""

    def __init__(self) -> None:
        self.refusals: dict[str, str] = {}
        self.kept: list[tuple[str, str, bytes]] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusals:
            return f"{self.refusals[address]} no"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        assert isinstance(envelope.content, bytes)
        self.kept.append((str(envelope.mail_from), envelope.rcpt_tos[0], envelope.content))
        self.encrypted.append(session.ssl is not None)
        return "250 kept"


class SmtpWay:
    def __init__(self, door: socket.socket) -> None:
        host, port = door.getsockname()
        self.sink = Sink()
        self.transport = SmtpRelay(host, port, "core.check.example")

    def refuse(self, recipient: str, status: str) -> None:
        self.sink.refusals[recipient] = status

    def taken(self) -> list[tuple[str, str, bytes]]:
        return self.sink.kept


@pytest.fixture(params=["memory", "smtp", "smtp with STARTTLS"])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    if request.param == "memory":
        yield MemoryWay()
        return
    door = listening()
    smtp = SmtpWay(door)
    context = None
    if "STARTTLS" in request.param:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        files = trial(tmp_path / "tls", "127.0.0.1", SystemClock().now())
        context.load_cert_chain(files.certificate, files.key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(smtp.sink, hostname="sink.example", tls_context=context, enable_SMTPUTF8=True, loop=loop),
        sock=door,
    )
    yield smtp
    server.close()
    if smtp.sink.encrypted:
        assert smtp.sink.encrypted == [context is not None] * len(smtp.sink.encrypted)


async def test_a_mail_is_taken_over_byte_for_byte(way: Way) -> None:
    await way.transport.send("help@check.example", "camille@example.org", RAW)
    await way.transport.send("help@check.example", "jean@example.org", RAW)
    assert way.taken() == [
        ("help@check.example", "camille@example.org", RAW),
        ("help@check.example", "jean@example.org", RAW),
    ]


async def test_an_address_beyond_ascii_is_taken_where_the_other_side_can(way: Way) -> None:
    await way.transport.send("help@check.example", "josé@example.org", RAW, needs_utf8=True)
    assert way.taken() == [("help@check.example", "josé@example.org", RAW)]


@pytest.mark.parametrize(("status", "is_final"), [("550", True), ("451", False), ("552", True), ("421", False)])
async def test_a_refusal_says_whether_it_is_final(way: Way, status: str, is_final: bool) -> None:
    way.refuse("camille@example.org", status)
    with pytest.raises(NotTakenError) as refused:
        await way.transport.send("help@check.example", "camille@example.org", RAW)
    assert (refused.value.status, refused.value.is_final) == (status, is_final)
    assert way.taken() == []


class TestARelay:
    async def test_that_is_away_is_asked_again(self) -> None:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            transport = SmtpRelay("127.0.0.1", door.getsockname()[1])
            with pytest.raises(NotTakenError) as refused:
                await transport.send("help@check.example", "camille@example.org", RAW)
        assert not refused.value.is_final

    @pytest.mark.parametrize(
        "script",
        [
            [b"554 go away\r\n"],
            [b"220 x\r\n", b"250 ok\r\n", b"530 who are you\r\n"],
            [b"220 x\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"],
            [b"nonsense\r\n"],
            [],
        ],
        ids=[
            "takes nothing at present",
            "wants a password",
            "hangs up before it answers",
            "talks nonsense",
            "hangs up",
        ],
    )
    async def test_that_misbehaves_is_asked_again(self, script: list[bytes]) -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            lines = iter(script)
            for said in lines:
                writer.write(said)
                await writer.drain()
                if not await reader.readline():
                    break
            writer.close()

        door = listening()
        server = await asyncio.start_server(talk, sock=door)
        async with server:
            with pytest.raises(NotTakenError) as refused:
                await SmtpRelay("127.0.0.1", door.getsockname()[1]).send("a@check.example", "b@example.org", RAW)
        assert not refused.value.is_final

    async def test_is_never_given_an_address_that_holds_a_command(self) -> None:
        door = listening()
        smtp = SmtpWay(door)
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: SMTP(smtp.sink, hostname="sink.example", loop=loop), sock=door):
            for bad in ("b@example.org>\r\nRCPT TO:<c@example.org", "b@example.org\nQUIT"):
                with pytest.raises(NotTakenError):
                    await smtp.transport.send("a@check.example", bad, RAW)
        assert smtp.taken() == []
