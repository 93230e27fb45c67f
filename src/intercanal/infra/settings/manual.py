"""The manual page of settings, written from their declarations."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from intercanal.infra.settings.model import Registry, Setting


def manual(registry: Registry) -> str:
    """Write the page in Markdown: one section a feature, one row a setting."""
    return "\n".join(_lines(registry)) + "\n"


def _lines(settings: Iterable[Setting[Any]]) -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Generated from the program; each change keeps its author, date and reason."
    section = ""
    for setting in settings:
        feature = setting.key.partition(".")[0]
        if feature != section:
            section = feature
            yield from ("", f"## {feature}", "", "| Setting | What it does | Default | Allowed |", "|---|---|---|---|")
        default = msgspec.json.encode(setting.default).decode()
        yield f"| `{setting.key}` | {_cell(setting.words)} | `{default}` | {_allowed(setting)} |"


def _allowed(setting: Setting[Any]) -> str:
    if setting.choices:
        return ", ".join(f"`{msgspec.json.encode(choice).decode()}`" for choice in setting.choices)
    low, high = setting.bounds or (None, None)
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    if high is not None:
        return f"at most {high}"
    return setting.kind.__name__


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
