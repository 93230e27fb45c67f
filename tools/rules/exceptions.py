"""No exception lists, and nothing of the place where a thing was written: no address, no path of a machine."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from tools.rules.model import PRODUCT, Finding, House

LISTS = ("ignore_imports", "exhaustive_ignores", "skip_descendants", "unmatched_ignore_imports_alerting")
MYPY_MAY = {"module", "ignore_missing_imports"}
_ADDRESSES = {
    ".txt": re.compile(r"--(extra-)?index-url|--find-links|https?://"),
    ".json": re.compile(r'"resolved"'),
}
_MACHINE = re.compile(r"(?<![\w.])/(work|root|home)/\w")
TEXTS = ("*.py", "*.md", "*.toml", "*.json", "*.ts", "*.tsx", "*.css", "*.yml", "*.html")
FOLDERS = ("src", "tools", "tests", "bench", "docs", "changelog.d", ".ci")


def _settings(house: House) -> dict[str, Any]:
    settings = tomllib.loads((house.root / "pyproject.toml").read_text())
    tools: dict[str, Any] = settings.get("tool", {})
    return tools


def empty_lists(house: House) -> Iterator[Finding]:
    """The contracts between parts hold for everybody."""
    tools = _settings(house)
    for contract in tools.get("importlinter", {}).get("contracts", []):
        for name in LISTS:
            if name in contract:
                yield Finding("pyproject.toml", 1, "exceptions", f"contract {contract['id']} has `{name}`")
    for override in tools.get("mypy", {}).get("overrides", []):
        for name in sorted(set(override) - MYPY_MAY):
            yield Finding("pyproject.toml", 1, "exceptions", f"mypy looks away: `{name}` for {override['module']}")


def pure_contract(house: House) -> Iterator[Finding]:
    """Each live part stands in the contract of purity (`infra.live` is the engine, so no wildcard can say it)."""
    contracts = _settings(house).get("importlinter", {}).get("contracts", [])
    listed = {name for contract in contracts if contract["id"] == "pure" for name in contract["source_modules"]}
    for name in sorted({source.part for source in house.of_features if source.role == "live"}):
        if f"{PRODUCT}.{name}.live" not in listed:
            yield Finding("pyproject.toml", 1, "pure", f"add {PRODUCT}.{name}.live to the contract `pure`")


def no_addresses(house: House) -> Iterator[Finding]:
    """A lock says what and with which hash, never where from."""
    locks = [*sorted((house.root / "locks").glob("*.txt")), house.root / "web" / "package-lock.json"]
    for path in locks:
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
            if _ADDRESSES[path.suffix].search(line):
                yield Finding(path.relative_to(house.root).as_posix(), number, "addresses", "a lock names no address")
                break


def no_machine(house: House) -> Iterator[Finding]:
    """No file carries a path of the machine it was written on."""
    for folder in FOLDERS:
        for pattern in TEXTS:
            for path in sorted((house.root / folder).rglob(pattern)):
                for number, line in enumerate(path.read_text().splitlines(), start=1):
                    if _MACHINE.search(line):
                        name = path.relative_to(house.root).as_posix()
                        yield Finding(name, number, "machine", "this is a path of one machine")
