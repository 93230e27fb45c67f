"""Bytes into storable text, whatever their sender believes about their charset."""

import codecs
import re

from charset_normalizer import from_bytes

_SAMPLE = 16 * 1024
_ASCII = 0x7F
_TOO_SHORT = 64
# names that senders use for what is really a superset (WHATWG Encoding Standard), or that Python does not know
_ALIASES = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "unicode-1-1-utf-7": "utf-7",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "windows-874": "cp874",
}
# text codecs of Python that are no charsets of mail; two of them are quadratic
_NOT_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace what no database or screen can hold: NUL, other controls, lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)


def one_line(text: str, limit: int) -> str:
    """Bring a header's text onto one storable line of bounded length; controls vanish."""
    return " ".join(_UNSTORABLE.sub("", text).split())[:limit]


def decode(raw: bytes, charset: str | None) -> str:
    """Decode bytes by their declared charset when that works, else by the likeliest one; never raises."""
    for name in (_codec(charset), "utf-8"):
        if name is None:
            continue
        try:
            return raw.decode(name).removeprefix("\ufeff")
        except (UnicodeError, ValueError):
            continue
    return _guess(raw)


def unescape(text: str) -> str:
    """Decode header text in which the parser kept 8-bit bytes as surrogates."""
    if text.isascii():
        return text
    try:
        return decode(text.encode("ascii", "surrogateescape"), None)
    except UnicodeEncodeError:
        return text


def _codec(charset: str | None) -> str | None:
    if not charset or not charset.isascii():
        return None
    name = charset.strip(" \t\"'").partition("*")[0].lower()
    name = _ALIASES.get(name, name)
    if name in {"us-ascii", "ascii"}:
        return "utf-8"
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not getattr(found, "_is_text_encoding", True) or found.name.replace("-", "_") in _NOT_CHARSETS:
        return None
    return found.name


def _guess(raw: bytes) -> str:
    sample = raw[:_SAMPLE]
    # a few bytes above ASCII are accents of Western Europe; statistics on so few say anything
    is_western = len(sample) < _TOO_SHORT or sum(byte > _ASCII for byte in sample) * 5 < len(sample)
    best = None if is_western else from_bytes(sample).best()
    if best is not None:
        try:
            return raw.decode(best.encoding)
        except (UnicodeError, LookupError):
            pass
    return raw.decode("cp1252", "replace")
