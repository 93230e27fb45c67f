"""Which passwords are refused, judged without asking anybody outside."""

import re
import unicodedata
from functools import cache
from importlib.resources import files

import msgspec

MIN_LENGTH = 12
MAX_LENGTH = 256
MIN_DISTINCT = 5
MIN_KNOWN = 4


class Breached(msgspec.Struct, frozen=True):
    """Passwords of public breaches: whole ones, and short ones that people lengthen with digits and signs."""

    whole: frozenset[str]
    stems: frozenset[str]


@cache
def breached() -> Breached:
    """Read the list that ships with the program."""
    raw = files("intercanal.identity.domain").joinpath("breached.json").read_bytes()
    return msgspec.json.decode(raw, type=Breached)


def normal(password: str) -> str:
    """Bring a password to one form, so that an accent typed in two ways on two keyboards is the same."""
    return unicodedata.normalize("NFKC", password)


def weakness(password: str, known: tuple[str, ...] = ()) -> str | None:
    """Return what is wrong with a password, or None; `known` is what everybody knows of its owner."""
    text = normal(password)
    if len(text) < MIN_LENGTH:
        return "too_short"
    if len(text) > MAX_LENGTH:
        return "too_long"
    folded = text.casefold()
    if _is_breached(folded):
        return "breached"
    if len(set(folded)) < MIN_DISTINCT or _is_known(folded, known):
        return "guessable"
    return None


def _is_breached(folded: str) -> bool:
    listed = breached()
    if folded in listed.whole:
        return True
    stem = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", folded)
    half = stem[: len(stem) // 2]
    return stem in listed.stems or (len(stem) % 2 == 0 and stem == half * 2 and half in listed.stems)


def _is_known(folded: str, known: tuple[str, ...]) -> bool:
    words = {part for text in known for part in re.split(r"[\W_]+", text.casefold()) if len(part) >= MIN_KNOWN}
    rest = folded
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return len(re.sub(r"[\W_]+", "", rest)) < MIN_LENGTH // 2
