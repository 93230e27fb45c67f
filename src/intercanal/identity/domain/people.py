"""The normal form of e-mail addresses and names, so that one account is never two."""

import re
import unicodedata

from intercanal.kernel.errors import InvalidError

MAX_EMAIL = 254
MAX_NAME = 200
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")


def normal_email(text: str) -> str:
    """Return an address as we compare it; what cannot be one is refused."""
    email = unicodedata.normalize("NFKC", text).strip().casefold()
    if len(email) > MAX_EMAIL or _EMAIL.fullmatch(email) is None:
        raise InvalidError("identity.email_invalid")
    return email


def normal_name(text: str) -> str:
    """Return a name as we show it; an empty, endless or unprintable one is refused."""
    name = " ".join(text.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidError("identity.name_invalid")
    return name
