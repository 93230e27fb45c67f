"""The normal form of mail addresses, mail domains and phone numbers, by which they are found again."""

import re
import unicodedata
from typing import Literal

import idna
import phonenumbers

from intercanal.tenancy.errors import AddressInvalidError

AddressKind = Literal["mail", "domain", "phone"]

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_MAX_MAIL = 254
_MAX_DOMAIN = 253


def is_country(code: str) -> bool:
    """Say whether a text is the two-letter code of a country or territory, in capitals."""
    return code in phonenumbers.SUPPORTED_REGIONS


def normal_mail(address: str) -> str:
    """Bring a mail address to lower case with its domain in ASCII, so that one person's spellings are one address."""
    local, at, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    if not at or not local or _UNFIT.search(local):
        raise AddressInvalidError("mail")
    normal = f"{local.lower()}@{_ascii_domain(domain, 'mail')}"
    if len(normal) > _MAX_MAIL:
        raise AddressInvalidError("mail")
    return normal


def normal_domain(domain: str) -> str:
    """Bring a mail domain to lower case ASCII."""
    return _ascii_domain(domain.strip(), "domain")


def normal_phone(number: str, country: str) -> str:
    """Bring a phone number to E.164; one without a country prefix is read as dialled in `country`."""
    try:
        parsed = phonenumbers.parse(number.strip(), country if is_country(country) else None)
    except phonenumbers.NumberParseException as error:
        raise AddressInvalidError("phone") from error
    if not phonenumbers.is_possible_number(parsed):
        raise AddressInvalidError("phone")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def normal_address(kind: AddressKind, value: str, country: str) -> str:
    """Bring an address of any kind to its normal form."""
    if kind == "mail":
        return normal_mail(value)
    return normal_domain(value) if kind == "domain" else normal_phone(value, country)


def _ascii_domain(domain: str, kind: str) -> str:
    found = domain.lower().removesuffix(".")
    if not found.isascii():
        try:
            found = idna.encode(found, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise AddressInvalidError(kind) from error
    if len(found) > _MAX_DOMAIN or not all(_LABEL.fullmatch(label) for label in found.split(".")):
        raise AddressInvalidError(kind)
    return found
