"""Customers: they open contacts through the API, or write a mail, and note what was acknowledged."""

import itertools
import secrets
import smtplib
from email.message import EmailMessage
from typing import Final

import aiosmtplib
import msgspec

from bench.robots.caller import Caller, GaveUpError, RefusedError, new_key
from bench.robots.diary import Diary
from bench.robots.http import LostError

_run: Final = secrets.token_hex(4)
_numbers: Final = itertools.count(1)


class Begun(msgspec.Struct):
    """The id of the interaction that a contact became."""

    id: str


_decode: Final = msgspec.json.Decoder(Begun).decode


class Customer:
    """Somebody who brings work to a queue; `arrived` tells when each contact's request left, by interaction."""

    def __init__(self, caller: Caller, queue_id: str, diary: Diary, channel: str = "task") -> None:
        self.arrived: dict[str, int] = {}
        self.unanswered = 0
        self._caller = caller
        self._queue_id = queue_id
        self._diary = diary
        self._channel = channel

    async def contact(self) -> str | None:
        """Bring one contact; returns the interaction, or None when nobody said that it was taken in."""
        external_id, key = f"{_run}-{next(_numbers)}", new_key()
        body = {
            "queue_id": self._queue_id,
            "channel": self._channel,
            "text": f"Question {external_id}",
            "external_id": external_id,
        }
        self._diary.asks("opened", key, external_id)
        try:
            answer = await self._caller.post("/api/interactions", body, key=key, what="opened")
        except (RefusedError, GaveUpError):
            self.unanswered += 1
            return None
        interaction_id = _decode(answer.body).id
        self.arrived[interaction_id] = answer.sent
        self._diary.was_told("opened", key, external_id, interaction_id)
        return interaction_id


class Writer:
    """Somebody who writes mail to an address of ours."""

    def __init__(self, host: str, port: int, to: str, diary: Diary) -> None:
        self._server = (host, port)
        self._to = to
        self._diary = diary

    async def write(self, text: str, *, message_id: str | None = None, reply_to: str | None = None) -> str:
        """Send one mail; returns its Message-ID. Raises `LostError` when the server did not say that it has it.

        The same Message-ID may be sent again after a loss, as mail servers do.
        """
        message = EmailMessage()
        message["Message-ID"] = message_id or f"<{_run}-{next(_numbers)}@robots.example>"
        message["From"] = "Robot Customer <customer@robots.example>"
        message["To"] = self._to
        message["Subject"] = "Question"
        if reply_to is not None:
            message["In-Reply-To"] = message["References"] = reply_to
        message.set_content(text)
        external_id = str(message["Message-ID"])
        self._diary.asks("mailed", external_id, external_id)
        host, port = self._server
        try:
            await aiosmtplib.send(message, hostname=host, port=port, start_tls=False)
        except (OSError, smtplib.SMTPException, aiosmtplib.SMTPException) as error:
            raise LostError from error
        self._diary.was_told("mailed", external_id, external_id, external_id)
        return external_id
