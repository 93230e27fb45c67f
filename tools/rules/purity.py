"""What decides is pure: no clock, no chance, no waiting, no order that depends on hashes."""

import ast
from collections.abc import Iterator

from tools.rules.model import PRODUCT, Finding, House, Source, dotted

PURE = frozenset({"domain", "live", "events"})
OWN = PURE | {"errors", "settings"}
BANNED_MODULES = frozenset(
    {
        "asyncio",
        "asyncpg",
        "concurrent",
        "httpx",
        "litestar",
        "logging",
        "multiprocessing",
        "nats",
        "os",
        "pathlib",
        "pgqueuer",
        "random",
        "secrets",
        "socket",
        "sqlalchemy",
        "structlog",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "uuid",
    }
)
BANNED_NAMES = frozenset({(PRODUCT, "kernel", "clock", "SystemClock"), (PRODUCT, "kernel", "ids", "new_id")})
BANNED_CALLS = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "datetime.datetime.now",
        "date.today",
        "datetime.date.today",
        "email.utils.make_msgid",
        "make_msgid",
        "email.utils.localtime",
        "hash",
        "id",
        "input",
        "open",
        "print",
        "uuid4",
        "uuid1",
    }
)


def _pure(house: House) -> Iterator[Source]:
    for source in house.product:
        if (source.part in house.features and source.role in PURE) or source.module == (PRODUCT, "kernel", "live"):
            yield source


def _may_import(source: Source, target: tuple[str, ...]) -> bool:
    if target[0] != PRODUCT:
        return target[0] not in BANNED_MODULES
    part, role = (*target, "", "")[1:3]
    if part == "kernel":
        return target not in BANNED_NAMES
    if part == source.part:
        return role in OWN
    if source.part == "simulation" and (part, role) == ("routing", "domain"):
        return True
    return role in {"live", "events"} and part != "infra"


def pure_imports(house: House) -> Iterator[Finding]:
    """Domain, live part and events import what is pure, so that purity holds all the way down."""
    for source in _pure(house):
        for imported in source.imports:
            if not _may_import(source, imported.target):
                yield source.finding(imported.line, "pure", f"`{'.'.join(imported.target)}` is not for what decides")


def pure_calls(house: House) -> Iterator[Finding]:
    """Domain, live part and events ask no clock, draw no lot, wait for nothing."""
    for source in _pure(house):
        for node in source.nodes:
            if isinstance(node, ast.Call) and dotted(node.func) in BANNED_CALLS:
                says = f"{dotted(node.func)}() gives another answer each day: take it as a parameter"
                yield source.finding(node.lineno, "pure", says)
            elif isinstance(node, (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)):
                yield source.finding(node.lineno, "pure", "what decides waits for nothing: no async here")


def _is_set(node: ast.expr) -> bool:
    named = isinstance(node, ast.Call) and dotted(node.func) in {"set", "frozenset"}
    return named or isinstance(node, (ast.Set, ast.SetComp))


def pure_order(house: House) -> Iterator[Finding]:
    """Nothing that decides walks through a set: its order differs from one process to the next."""
    for source in _pure(house):
        for node in source.nodes:
            if isinstance(node, (ast.For, ast.comprehension)) and _is_set(node.iter):
                yield source.finding(node.iter.lineno, "pure", "the order of a set is chance: sort it, or keep a dict")
