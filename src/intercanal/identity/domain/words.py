"""The sentences that identity sends by mail, in the three languages."""

from functools import cache
from importlib.resources import files

import msgspec

DEFAULT = "en"


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Read the words that ship with the program."""
    raw = files("intercanal.identity.domain").joinpath("words.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, dict[str, str]])


def languages() -> tuple[str, ...]:
    """Return the languages there are words for."""
    return tuple(sorted(catalogue()))


def say(language: str, key: str, **facts: str) -> str:
    """Word a sentence; facts stand in it as they are, whatever braces they hold."""
    sentence = catalogue().get(language, catalogue()[DEFAULT])[key]
    return sentence.format(**facts)
