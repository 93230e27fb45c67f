"""Which parts of a mail are its words, and which are files."""

from email.message import Message

import msgspec

from intercanal.mail.domain.charsets import clean, decode
from intercanal.mail.domain.mime import Part, attachment, content_type, disposition, file_name, parameter, payload
from intercanal.mail.domain.model import Attachment

_LONGEST = 1_000_000


class Words(msgspec.Struct):
    """What a walk through the tree has found so far."""

    texts: list[str] = []
    htmls: list[str] = []
    files: list[Attachment] = []
    leaves: int = 0


def collect(root: Part) -> Words:
    """Walk the tree in reading order; of alternatives the plain one is the text, the richest one the HTML."""
    found = Words()
    _walk(root, found)
    return found


def _walk(part: Part, found: Words) -> None:
    kind = content_type(part)
    children = _children(part)
    if kind.startswith("message/") or not children:
        _leaf(part, kind, found)
    elif kind == "multipart/alternative":
        _alternatives(children, found)
    elif kind in {"multipart/related", "multipart/signed", "multipart/report"}:
        _first_and_rest(part, children, found)
    else:
        for child in children:
            _walk(child, found)


def _children(part: Part) -> list[Part]:
    inner = part.get_payload() if part.is_multipart() else None
    return [child for child in inner if isinstance(child, Message)] if isinstance(inner, list) else []


def _alternatives(children: list[Part], found: Words) -> None:
    tried = []
    for child in children:
        one = Words(leaves=found.leaves)
        one.files = []
        _walk(child, one)
        found.leaves = one.leaves
        found.files.extend(one.files)
        tried.append(one)
    found.texts.extend(next((one.texts for one in tried if one.texts), []))
    found.htmls.extend(next((one.htmls for one in reversed(tried) if one.htmls), []))


def _first_and_rest(part: Part, children: list[Part], found: Words) -> None:
    start = parameter(part, "start")
    root = next((child for child in children if start and child.get("content-id") == start), children[0])
    _walk(root, found)
    for child in children:
        if child is not root:
            _file(child, found)


def _file(part: Part, found: Words) -> None:
    inner = [] if content_type(part).startswith("message/") else _children(part)
    for child in inner:
        _file(child, found)
    if not inner:
        found.leaves += 1
        found.files.append(attachment(part, len(found.files) + 1))


def _leaf(part: Part, kind: str, found: Words) -> None:
    # a broken multipart without parts is what its sender wrote before breaking it
    is_text = kind == "text/plain" or kind.startswith("multipart/")
    is_words = is_text or kind == "text/html"
    is_named_later = file_name(part) is not None and found.leaves > 0
    if not is_words or disposition(part) == "attachment" or is_named_later:
        _file(part, found)
        return
    found.leaves += 1
    words = clean(decode(payload(part), parameter(part, "charset"))[:_LONGEST])
    if is_text:
        found.texts.append(_unflow(part, words))
    else:
        found.htmls.append(words)


def _unflow(part: Part, text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if (parameter(part, "format") or "").lower() != "flowed":
        return lines
    joins_without_space = (parameter(part, "delsp") or "").lower() == "yes"
    whole: list[list[str]] = []
    is_open = False
    for line in lines.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        is_flowed = words.endswith(" ") and words != "-- "
        kept = words[:-1] if is_flowed and joins_without_space else words
        if is_open and not depth and words != "-- ":
            whole[-1].append(kept)
        else:
            whole.append([">" * depth + " " if depth else "", kept])
        is_open = is_flowed and not depth
    return "\n".join("".join(pieces) for pieces in whole)
