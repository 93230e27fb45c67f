"""The way out: one mail at a time to the relay, encrypted when the relay can."""

import re
from typing import Final

import aiosmtplib
from aiosmtplib import (
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from intercanal.mail.ports import NotTakenError

_TIMEOUT_S: Final = 60.0
_WRITABLE: Final = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+")
_FINAL: Final = 500
# the relay wants to know who we are: somebody must set it up, and no mail is lost meanwhile
_NOT_SET_UP: Final = frozenset({530, 534, 535, 538})


class SmtpRelay:
    """Hands mails to a relay, by RFC 5321; what it answers decides whether a refusal is final."""

    def __init__(self, host: str, port: int, local_name: str | None = None) -> None:
        self._host = host
        self._port = port
        self._local_name = local_name

    async def send(self, sender: str, recipient: str, raw: bytes, *, needs_utf8: bool = False) -> None:
        """Return once the relay has taken the mail over."""
        if not (_WRITABLE.fullmatch(sender) and _WRITABLE.fullmatch(recipient)):
            # an address that cannot be written in a command without changing the command
            raise NotTakenError(None, is_final=True)
        # as mail servers do between themselves (RFC 7435): encrypted without a known certificate beats plain text
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=self._local_name,
            timeout=_TIMEOUT_S,
            validate_certs=False,
        )
        try:
            async with client:
                await client.sendmail(
                    sender,
                    [recipient],
                    raw,
                    mail_options=["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8 else [],
                )
        except SMTPConnectResponseError as error:
            # the relay takes nothing from us at present, which says nothing about this mail
            raise NotTakenError(str(error.code), is_final=False) from error
        except SMTPConnectError as error:
            raise NotTakenError(None, is_final=False) from error
        except SMTPRecipientsRefused as error:
            raise _refused(error.recipients[0].code) from error
        except SMTPResponseException as error:
            raise _refused(error.code) from error
        except SMTPNotSupported as error:
            raise NotTakenError(None, is_final=needs_utf8) from error
        except (SMTPException, OSError) as error:
            # away, or cut off before it answered: whether it took the mail is unknown, so it is asked again
            raise NotTakenError(None, is_final=False) from error


def _refused(code: int) -> NotTakenError:
    return NotTakenError(str(code), is_final=code >= _FINAL and code not in _NOT_SET_UP)
