"""The way in: an SMTP server that says 250 only once a mail is durable, so that whoever sends keeps it until then."""

import asyncio
import contextlib
import logging
import socket
import ssl
from typing import Final, cast

import msgspec
import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from intercanal.kernel.errors import IntercanalError, TooManyError, UnavailableError
from intercanal.mail.errors import MailRefused
from intercanal.mail.ports import MailboxRef, Postbox

log = structlog.get_logger(__name__)

_LATER: Final = "451 4.3.2 Not now, please try again later"
_NOBODY: Final = "550 5.1.1 No such mailbox here"
_BUSY: Final = b"421 4.3.2 Too many connections, please try again later\r\n"
_TOO_LARGE: Final = "552 5.3.4 Message is larger than this server takes"
_LONGEST_LINE: Final = 64 * 1024
_LONGEST_DATA_S: Final = 900.0
_HEARD_S: Final = 10.0

# its lines hold the addresses and words of customers
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class SmtpOptions(msgspec.Struct, frozen=True):
    """How the server behaves; with certificates it offers STARTTLS."""

    hostname: str
    max_size: int
    tls: ssl.SSLContext | None = None
    max_connections: int = 32
    max_recipients: int = 50
    timeout_s: float = 120.0


class _Handler:
    """What the protocol asks of us, in the words of aiosmtpd."""

    def __init__(self, postbox: Postbox, options: SmtpOptions) -> None:
        self._postbox = postbox
        self._options = options

    async def handle_EHLO(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Tell what this server can; nobody signs in here, though the library always says one could."""
        session.host_name = hostname
        return [line for line in responses if not line.startswith("250-AUTH")]

    async def handle_RCPT(  # noqa: N802 - the name aiosmtpd calls
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take known mailboxes and no other."""
        if len(envelope.rcpt_tos) >= self._options.max_recipients:
            return "452 4.5.3 Too many recipients"
        ref = await self._postbox.mailbox_of(address)
        if ref is None:
            return _NOBODY
        envelope.rcpt_tos.append(address)
        _refs_of(envelope).append(ref)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - see above
        """Take a mail over, or say why not and for how long."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        try:
            await self._postbox.take(raw, sender, _refs_of(envelope))
        except MailRefused as error:
            log.info("mail.refused", code=error.code)
            return f"554 5.6.0 Message refused: {error.code}"
        except (UnavailableError, TooManyError) as error:
            log.warning("mail.deferred", code=error.code)
            return _LATER
        return "250 2.6.0 Message kept"

    async def handle_exception(self, error: Exception) -> str:
        """Answer whatever went wrong on our side by asking to try again: the sender keeps the mail."""
        code = error.code if isinstance(error, IntercanalError) else ""
        log.error("mail.server_failed", kind=type(error).__name__, code=code)
        return _LATER


def _refs_of(envelope: Envelope) -> list[MailboxRef]:
    refs: list[MailboxRef] = envelope.__dict__.setdefault("refs", [])
    return refs


class _Protocol(SMTP):
    """The protocol with bounds of its own: connections, memory for a mail, and lines of any length."""

    line_length_limit = _LONGEST_LINE

    def __init__(self, handler: _Handler, server: "SmtpServer", options: SmtpOptions) -> None:
        super().__init__(
            handler,
            data_size_limit=options.max_size,
            enable_SMTPUTF8=True,
            hostname=options.hostname,
            ident="ESMTP",
            tls_context=options.tls,
            timeout=options.timeout_s,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=asyncio.get_running_loop(),
        )
        self._server = server
        self._is_refused = False
        self.settled = asyncio.Event()
        self.settled.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or say at once that there are too many."""
        if not self._server.enter(self):
            self._is_refused = True
            cast("asyncio.WriteTransport", transport).write(_BUSY)
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the connection out."""
        if not self._is_refused:
            self._server.leave(self)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Listen only to connections that were taken."""
        if not self._is_refused:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """Hear the other side hang up."""
        return False if self._is_refused else super().eof_received()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the name aiosmtpd calls
        """Receive a mail into one growing buffer; the library's own way costs an object for each line of it."""
        if await self.check_helo_needed():
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._receive(self.data_size_limit or 0)
        self._reset_timeout()
        status: str = _TOO_LARGE
        if content is not None:
            self.envelope.content = self.envelope.original_content = content
            self.settled.clear()
            try:
                status = await self._call_handler_hook("DATA")
            finally:
                self.settled.set()
        self.envelope = self._create_envelope()
        await self.push(status)

    async def _receive(self, limit: int) -> bytes | None:
        """Read up to the lone dot; None when it was more than the limit, none of which is then kept in memory."""
        content = bytearray()
        is_too_much = False
        at_start = True
        clock = self.loop.time
        heard, end = clock(), clock() + _LONGEST_DATA_S
        while True:
            # somebody who sends is not quiet, yet nobody may hold a place for ever
            if heard + _HEARD_S < clock() < end:
                heard = clock()
                self._reset_timeout()
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                line = await self._reader.read(error.consumed)
            if at_start and line == b".\r\n":
                return None if is_too_much else bytes(content)
            if at_start and line.startswith(b"."):
                line = line[1:]
            at_start = line.endswith(b"\r\n")
            if is_too_much:
                continue
            content += line
            if len(content) > limit:
                is_too_much = True
                content.clear()


class SmtpServer:
    """Listens on one socket; a mail in the middle of being kept is finished before it ends."""

    def __init__(self, postbox: Postbox, options: SmtpOptions) -> None:
        self._handler = _Handler(postbox, options)
        self._options = options
        self._open: set[_Protocol] = set()
        self._server: asyncio.Server | None = None

    async def start(self, door: socket.socket) -> None:
        """Listen on a socket that is bound already."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Protocol(self._handler, self, self._options), sock=door, backlog=self._options.max_connections
        )

    async def stop(self, patience_s: float = 10.0) -> None:
        """Take no more connections, let those in the middle of a mail finish, and close the rest."""
        if self._server is None:
            return
        self._server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for protocol in list(self._open):
                    await protocol.settled.wait()
        for protocol in list(self._open):
            if protocol.transport is not None:
                protocol.transport.close()

    def enter(self, protocol: "_Protocol") -> bool:
        """Count a connection in; False when there is no room for it."""
        if protocol not in self._open and len(self._open) >= self._options.max_connections:
            return False
        self._open.add(protocol)
        return True

    def leave(self, protocol: "_Protocol") -> None:
        """Count a connection out."""
        self._open.discard(protocol)
