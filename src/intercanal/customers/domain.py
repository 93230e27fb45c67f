"""What is decided about customers without any outside world: fit names, and what a search looks for."""

import re

_MAX_NAME = 200
_NUMBER = re.compile(r"\+?[\d\s().\-/]+")
_MIN_DIGITS = 6


def fit_name(heard: str | None) -> str | None:
    """Bring a name as a mail or a call told it to one that can be kept; None when nothing of it remains."""
    if heard is None:
        return None
    printable = "".join(letter if letter.isprintable() else " " for letter in heard)
    return " ".join(printable.split())[:_MAX_NAME].strip() or None


def looks_dialled(search: str) -> bool:
    """Say whether a search is a phone number as people write them."""
    return _NUMBER.fullmatch(search) is not None and sum(letter.isdigit() for letter in search) >= _MIN_DIGITS


def digits_of(search: str) -> str:
    """Return the digits of a number that is written with spaces, points or dashes."""
    return "".join(letter for letter in search if letter.isdigit())
