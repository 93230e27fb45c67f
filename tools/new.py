"""Make the places of a new feature, each of them real and green; the word must have its floor first."""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent

PLACES = {
    "src/intercanal/$word/__init__.py": '"""What $word is for, in one sentence: replace this one."""\n',
    "src/intercanal/$word/feature.py": '''"""What $word brings to the whole."""

from intercanal.infra.feature import Feature
from intercanal.$word.endpoints import router

feature = Feature(name="$word", routers=(router,))
''',
    "src/intercanal/$word/endpoints.py": '''"""The HTTP door of $word."""

from litestar import Router

router = Router(path="/api/$word", tags=["$word"], route_handlers=[])
''',
    "tests/$word/__init__.py": "",
    "tests/$word/test_manifest.py": """from intercanal.$word.feature import feature


def test_given_the_manifest_then_all_it_brings_carries_its_word() -> None:
    assert feature.name == "$word"
    assert [router.path for router in feature.routers] == ["/api/$word"]
    assert all(name.startswith("$word.") for name in feature.permissions)
    assert all(setting.key.startswith("$word.") for setting in feature.settings)
""",
    "docs/features/$word.md": """# $title

What it is for, and for whom.

## Words
Each word it adds to the [glossary](../glossary.md).

## Rules
What is always true, and what is refused with which code.

## Doors
Its paths, events, jobs and settings.
""",
    "changelog.d/+$word.feature.md": "$title: what people can do now that they could not before.\n",
}
NEXT = """Made. Now:
- say in each of these files what $word really is;
- list it in src/intercanal/apps/features.py;
- its other places come with their first real line: tables `$word_...`, events and permissions `$word.…`,
  settings `$word.…`, migrations <date>_<nn>_$word_<what>.py, web/src/features/$word/."""


def floors(root: Path) -> set[str]:
    """Return the words that have a floor, as the contract of the floors lists them."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["id"] == "floors")
    return {word.strip(" ()") for layer in layers for word in layer.split("|")}


def problem(root: Path, word: str) -> str | None:
    """Say why a feature of this name cannot be made, if so."""
    if not re.fullmatch(r"[a-z]{3,20}", word):
        return "a feature has one word of small letters: make new FEATURE=word"
    if word not in floors(root) - {"apps", "migrations", "infra", "kernel"}:
        return (
            f"`{word}` has no floor: put it on one in pyproject.toml, contract `floors`, and say why in docs/decisions/"
        )
    if (root / "src" / "intercanal" / word).exists():
        return f"`{word}` exists already"
    return None


def make(root: Path, word: str) -> list[Path]:
    """Write the files and return their paths."""
    made = []
    for place, text in PLACES.items():
        path = root / Template(place).substitute(word=word)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(word=word, title=word.capitalize()))
        made.append(path)
    return made


def main(arguments: Sequence[str]) -> int:
    """Make one feature."""
    word = arguments[0] if arguments else ""
    refused = problem(ROOT, word)
    if refused is not None:
        print(refused, file=sys.stderr)
        return 1
    for path in make(ROOT, word):
        print(path.relative_to(ROOT))
    print(NEXT.replace("$word", word))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
