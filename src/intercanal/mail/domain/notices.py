"""Writing a notice: a mail of the program itself to somebody who works with it, in no thread and with no answer."""

import ipaddress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

import msgspec

from intercanal.mail.domain.charsets import clean, one_line

_LOCAL = "no-reply"
_LONGEST = 200


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a notice is written from."""

    external_id: str
    from_address: str
    from_name: str
    to_address: str
    subject: str
    text: str
    date: datetime

    @property
    def needs_utf8(self) -> bool:
        """Say whether only mail servers with SMTPUTF8 (RFC 6531) can carry it."""
        return not (self.to_address + self.from_address).isascii()


def sender_address(domain: str) -> str:
    """Return the address notices leave from; a host without a name is written as RFC 5321, 4.1.3 has it."""
    try:
        ip = ipaddress.ip_address(domain)
    except ValueError:
        return f"{_LOCAL}@{domain}"
    return f"{_LOCAL}@[{'IPv6:' if ip.version == 6 else ''}{ip}]"  # noqa: PLR2004 - the protocol's own number


def write(notice: Notice) -> bytes:
    """Write the mail as it leaves, as text alone; the same notice gives the same bytes on each try."""
    message = EmailMessage(policy=SMTPUTF8 if notice.needs_utf8 else SMTP)
    message["Message-ID"] = notice.external_id
    message["Date"] = format_datetime(notice.date)
    message["From"] = Address(one_line(notice.from_name, _LONGEST), addr_spec=notice.from_address)
    message["To"] = Address(addr_spec=notice.to_address)
    message["Subject"] = one_line(notice.subject, _LONGEST)
    # no answering machine answers it (RFC 3834)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(clean(notice.text).replace("\r\n", "\n"), cte="quoted-printable")
    return message.as_bytes()
