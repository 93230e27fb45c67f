"""HTML made harmless: no script, no form, no style sheet, and nothing that makes a browser fetch anything."""

import html
import re

import msgspec
import nh3

LONGEST = 400_000
DEEPEST = 1000

_TAGS = {
    "a", "abbr", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_DROPPED_WHOLE = {
    "head", "iframe", "math", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"dir", "lang", "title", "align", "style"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "size"},
    "table": {"border", "cellpadding", "cellspacing", "width"},
    "td": {"colspan", "rowspan", "width", "valign"},
    "th": {"colspan", "rowspan", "width", "valign"},
    "col": {"span", "width"},
    "ol": {"start", "type"},
}
_STYLES = {"color", "font-style", "font-weight", "text-align", "text-decoration-line"}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_BLOCKS = {
    "address", "article", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
}  # fmt: skip
# elements that browsers close by themselves, or that have no inside, do not nest by being left open
_OPENING = re.compile(
    r"<(/?)(?!(?:p|li|td|th|tr|dd|dt|br|hr|img|col|meta|link|input|area|base|wbr|option|param)\b)[a-zA-Z][^\s>/]*",
)
_TOKEN = re.compile(r"<(/?)([a-z0-9]+)>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")


class SafeHtml(msgspec.Struct, frozen=True):
    """What may be shown, and how many pictures were kept from calling home."""

    html: str | None
    blocked_images: int = 0
    is_cut: bool = False


def sanitise(source: str) -> SafeHtml:
    """Keep of a sender's HTML what can neither act nor fetch; None when it is built to choke a parser."""
    cut = source[:LONGEST]
    if _depth(cut) > DEEPEST:
        return SafeHtml(html=None, is_cut=True)
    blocked = 0

    def only_harmless(tag: str, attribute: str, value: str) -> str | None:
        nonlocal blocked
        if tag == "img" and attribute == "src":
            if value.strip().lower().startswith("cid:"):
                return value
            blocked += 1
            return None
        if attribute == "href":
            return None if value.strip().lower().startswith("cid:") else value
        return value

    safe = nh3.clean(
        cut,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=only_harmless,
        url_schemes=_SCHEMES,
        url_relative="deny",
        filter_style_properties=_STYLES,
    )
    return SafeHtml(html=safe, blocked_images=blocked, is_cut=len(source) > LONGEST)


def to_text(source: str) -> str:
    """Write HTML as text, for a mail that brings no plain part; quoted blocks get their `>` back."""
    cut = source[:LONGEST]
    if _depth(cut) > DEEPEST:
        return ""
    plain = nh3.clean(cut, tags=_BLOCKS | {"br", "td", "th"}, clean_content_tags=_DROPPED_WHOLE, attributes={})
    writer = _Writer()
    position = 0
    for token in _TOKEN.finditer(plain):
        writer.write(plain[position : token.start()])
        position = token.end()
        writer.tag(token[2], closes=token[1] == "/")
    writer.write(plain[position:])
    return writer.text()


class _Writer:
    """Lines of text, each with the number of quotations it stands in."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, str]] = []
        self._line = ""
        self._depth = 0

    def write(self, words: str) -> None:
        """Add words to the present line, as a browser would: any white space is one space."""
        self._line += _SPACES.sub(" ", words)

    def tag(self, name: str, *, closes: bool) -> None:
        """Do to the lines what an element does."""
        if name in {"td", "th"}:
            self._line += " "
            return
        if name == "br" or self._line.strip():
            self._end()
        if name in {"p", "blockquote", "table", "ul", "ol"} and closes and self._lines and self._lines[-1][1]:
            self._end()
        if name == "blockquote":
            self._depth = max(0, self._depth + (-1 if closes else 1))

    def text(self) -> str:
        """Return everything written."""
        self._end()
        lines = [f"{'>' * depth} {line}".rstrip() if depth else line for depth, line in self._lines]
        return _BLANK_LINES.sub("\n\n", html.unescape("\n".join(lines)).replace("\xa0", " ")).strip()

    def _end(self) -> None:
        self._lines.append((self._depth, self._line.strip()))
        self._line = ""


def _depth(source: str) -> int:
    depth = deepest = 0
    for opening in _OPENING.finditer(source):
        depth = max(0, depth - 1) if opening[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest
