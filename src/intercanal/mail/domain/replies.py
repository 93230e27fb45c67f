"""What a correspondent wrote this time: a mail's text without quotations and signature.

Where a quotation begins, in many languages, is known to `mail-parser-reply`; it reads a bounded copy of the text, since
its patterns are slow on long lines. What it takes for a signature (any line that begins with "Thanks,") would lose
customers' words, so signatures are decided here, and only when they are unmistakable.
"""

import re

from mailparser_reply.parser import EmailMessage

_LONGEST_LINE = 400
_LONGEST_COPY = 32_000
_LANGUAGES = ["fr", "nl", "de", "es", "it", "en", "pl", "sv", "da"]
_QUOTE_STARTS = EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX

_WROTE = re.compile(
    r"^(?:on|le|op|am|el|il|em|dne|den|w dniu)\b.{0,380}"
    r"(?:wrote|a [ée]crit|schreef(?: het volgende)?|schrieb|escribi[óo]|ha scritto|escreveu|skrev)[^:\n]{0,80}:$",
    re.IGNORECASE,
)
_MAY_BEGIN_WROTE = re.compile(r"^(?:on|le|op|am|el|il|em|dne|den|w dniu)\b", re.IGNORECASE)
_SEPARATOR = re.compile(
    r"^(?:-{2,} ?(?:original message|message d[’']origine|message original|oorspronkelijk bericht|"
    r"urspr.ngliche nachricht|forwarded message|message transf[ée]r[ée]|doorgestuurd bericht) ?-{2,}|_{20,})$",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"^[*> ]*(?:from|sent|to|subject|date|cc|de|envoy[ée]|[àa]|objet|van|verzonden|aan|onderwerp|datum|"
    r"von|gesendet|an|betreff) ?:[* ]*\S?",
    re.IGNORECASE,
)
_FIELDS_OF_A_HEADER = 3
_DASHES = re.compile(r"^--\s?$")
_DEVICE = re.compile(
    r"^(?:sent from (?:my|outlook|mail|yahoo)|get outlook for|envoy[ée] (?:de(?:puis)? mon|depuis|[àa] partir de)|"
    r"t[ée]l[ée]charge[rz] outlook|obtenez outlook|verzonden (?:vanaf|met) mijn|outlook voor|"
    r"gesendet von meinem|von meinem .{1,20} gesendet|enviado desde mi|inviato da)\b.{0,80}$",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^(?:(?:bien |tr[èe]s )?cordialement(?: vôtre)?|bien [àa] (?:vous|toi)|"
    r"(?:(?:meilleures|sinc[èe]res|cordiales) )?salutations(?: distingu[ée]es)?|"
    r"(?:best|kind|warm)(?:est)? regards|regards|(?:yours )?sincerely(?: yours)?|best wishes|cheers|"
    r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|m\.?v\.?g\.?|"
    r"mit freundlichen gr[üu](?:ß|ss)en|(?:viele|beste|liebe) gr[üu](?:ß|ss)e)"
    r"\s*[,.!]?$",
    re.IGNORECASE,
)
_CLOSING_LINES = 8
_CLOSING_WIDTH = 80


def reply_text(text: str) -> str:
    """Return what is new in a mail's text; nothing when all of it is quoted."""
    lines = text.replace("\r\n", "\n").split("\n")
    start = _quote_start(lines)
    if start is not None:
        end = _attribution_end(lines, start)
        below = lines[end:]
        # an answer below or between marked quotations is kept; below an unmarked one nothing tells them apart
        lines = lines[:start] + (below if _is_marked(below) else [])
    own = [line for line in lines if not line.lstrip().startswith(">")]
    return "\n".join(_without_signature(own)).strip()


def _quote_start(lines: list[str]) -> int | None:
    found = [index for index in (_by_catalogue(lines), _by_own_signs(lines)) if index is not None]
    return min(found, default=None)


def _by_catalogue(lines: list[str]) -> int | None:
    copy: list[str] = []
    size = 0
    for line in lines:
        short = line.strip().replace("\xa0", " ").replace("\u202f", " ")
        # a quotation's own header inside a marked quotation says nothing about where this one begins
        copy.append("" if len(short) > _LONGEST_LINE or short.startswith(">") else short)
        size += len(copy[-1]) + 1
        if size > _LONGEST_COPY:
            break
    joined = "\n".join(copy)
    match = _QUOTE_STARTS.search(joined)
    if match is None:
        return None
    begins = match.start() + len(match[0]) - len(match[0].lstrip())
    return joined.count("\n", 0, begins)


def _by_own_signs(lines: list[str]) -> int | None:
    for index, line in enumerate(lines):
        shown = line.strip()
        if len(shown) > _LONGEST_LINE:
            continue
        if _SEPARATOR.match(shown) or _attribution_end(lines, index) > index:
            return index
        if _FIELD.match(shown) and _is_header(lines[index : index + 8]):
            return index
    return None


def _is_header(lines: list[str]) -> bool:
    count = 0
    for line in lines:
        if not _FIELD.match(line.strip()[:_LONGEST_LINE]):
            break
        count += 1
    return count >= _FIELDS_OF_A_HEADER


def _attribution_end(lines: list[str], start: int) -> int:
    """Return the line after "On ... wrote:", which mailers break over up to four lines; `start` when there is none."""
    if not _MAY_BEGIN_WROTE.match(lines[start].strip()):
        return start
    joined = ""
    for offset, line in enumerate(lines[start : start + 4]):
        joined = f"{joined} {line.strip()}".replace("\xa0", " ").replace("\u202f", " ").strip()
        if len(joined) > _LONGEST_LINE:
            return start
        if _WROTE.match(joined):
            return start + offset + 1
    return start


def _is_marked(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return first.lstrip().startswith(">")


def _without_signature(lines: list[str]) -> list[str]:
    for index, line in enumerate(lines):
        shown = line.strip()
        if not any(before.strip() for before in lines[:index]) or len(shown) > _CLOSING_WIDTH + 60:
            continue
        if _DASHES.match(line) or _DEVICE.match(shown) or (_CLOSING.match(shown) and _is_short(lines[index + 1 :])):
            return lines[:index]
    return lines


def _is_short(rest: list[str]) -> bool:
    said = [line.strip() for line in rest if line.strip()]
    return len(said) <= _CLOSING_LINES and all(len(line) <= _CLOSING_WIDTH for line in said)
