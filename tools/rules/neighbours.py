"""What one feature may take from another: its service, its live part, its events; never its tables or its inside."""

import ast
import re
from collections.abc import Iterator

from tools.rules.model import DOORS, PRODUCT, WIRING, Finding, House, Source

OFFERED = frozenset({"service", "live", "events"})
# The simulator runs the very decisions that the router takes, so it sees them where they are.
SIMULATOR_MAY = ("simulation", "routing", "domain")
_TABLE = re.compile(r"\b(?:from|join|into|update|table)\s+([a-z]+)_\w+", re.IGNORECASE)


def foreign_imports(house: House) -> Iterator[Finding]:
    """From another feature import only `service`, `live` and `events`."""
    for source in house.product:
        if source.part in WIRING:
            continue
        for imported in source.imports:
            part, role = (*imported.target, "", "", "")[1:3]
            if imported.target[0] != PRODUCT or part not in house.features or part == source.part:
                continue
            if role in OFFERED or (source.part, part, role) == SIMULATOR_MAY:
                continue
            says = f"takes `{'.'.join(imported.target)}`: from {part} only {', '.join(sorted(OFFERED))} may be imported"
            yield source.finding(imported.line, "neighbours", says)


def wired_adapters(house: House) -> Iterator[Finding]:
    """Adapters are imported by `apps` alone, so that a feature knows its ports only."""
    for source in house.of_features:
        if source.role == "adapters":
            continue
        for imported in source.imports:
            if imported.target[:2] == (PRODUCT, source.part) and imported.target[2:3] == ("adapters",):
                yield source.finding(imported.line, "adapters", "an adapter is wired in apps; here use the port")


def _docstrings(source: Source) -> set[int]:
    return {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}


def foreign_tables(house: House) -> Iterator[Finding]:
    """No SQL names a table of another feature; a foreign key by name is not SQL."""
    for source in house.product:
        if source.part in WIRING:
            continue
        sentences = _docstrings(source)
        for node in source.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in sentences:
                continue
            for owner in _TABLE.findall(node.value):
                if owner in house.features and owner != source.part:
                    says = f"reads or writes a table of {owner}: ask its service"
                    yield source.finding(node.lineno, "foreign-table", says)


def one_door(house: House) -> Iterator[Finding]:
    """Doors open and end the unit of work; a service never commits."""
    for source in house.of_features:
        if source.role in DOORS:
            continue
        for name, call in source.calls():
            if name in {"commit", "rollback"} and isinstance(call.func, ast.Attribute):
                yield source.finding(call.lineno, "one-door", f"{name}() belongs to the door that opened the work")
            elif name == "unit_of_work":
                yield source.finding(call.lineno, "one-door", "only a door opens the unit of work; take `uow` instead")
