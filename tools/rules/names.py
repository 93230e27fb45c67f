"""One word, ten places: the name of a feature is found wherever the feature is, and the same few file names in each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.rules.model import PRODUCT, ROLES, WIRING, Finding, House, Source, argument, text_of

GENERAL_TESTS = frozenset(
    {
        "kernel",
        "infra",
        "apps",
        "migrations",
        "house",
        "journeys",
        "contracts",
        "browser",
        "faults",
        "fixtures",
        "security",
    }
)
GENERAL_WORDS = frozenset({"request"})
_DATA = re.compile(r"words\.[a-z]{2}\.json|py\.typed")
_MIGRATION = re.compile(r"(\d{8})_(\d{2})_([a-z]+)_([a-z0-9_]+)")
_CREATED = re.compile(r"create table (?:if not exists )?\"?(\w+)", re.IGNORECASE)
_ERRORS = re.compile(r"(NotFound|Conflict|Forbidden|Unauthenticated|Invalid|Unavailable|TooMany)Error|Refused")


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if path.name != "__pycache__")


def file_names(house: House) -> Iterator[Finding]:
    """A feature has the listed files only; one too long becomes a package of the same name."""
    for feature in sorted(house.features):
        for path in _files(house.root / "src" / PRODUCT / feature):
            is_code = path.suffix == ".py" or path.is_dir()
            allowed = path.stem in {*ROLES, "__init__"} if is_code else _DATA.fullmatch(path.name)
            if not (allowed or (path.is_dir() and path.name == "templates")):
                says = f"no file of a feature has this name; there are: {', '.join(sorted(ROLES))}"
                yield Finding(path.relative_to(house.root).as_posix(), 1, "file-names", says)


def ten_places(house: House) -> Iterator[Finding]:
    """A feature with a door for people has its page and its tests; nothing else carries a feature's place."""
    for feature in sorted(house.features):
        base = house.root / "src" / PRODUCT / feature
        place = f"src/{PRODUCT}/{feature}"
        if not (base / "endpoints.py").exists() and not (base / "endpoints").is_dir():
            continue
        if not (house.root / "docs" / "features" / f"{feature}.md").exists():
            yield Finding(place, 1, "ten-places", f"docs/features/{feature}.md is missing")
        if not any((house.root / "tests" / feature).rglob("test_*.py")):
            yield Finding(place, 1, "ten-places", f"tests/{feature}/ has no test")
    infra = {path.stem for path in _files(house.root / "src" / PRODUCT / "infra")}
    places = (
        ("docs/features", house.features | infra),
        ("web/src/features", house.features),
        ("tests", house.features | GENERAL_TESTS | infra),
    )
    for folder, known in places:
        for path in _files(house.root / folder):
            is_place = path.suffix == ".md" if folder == "docs/features" else path.is_dir()
            if is_place and path.stem not in known:
                yield Finding(f"{folder}/{path.name}", 1, "ten-places", f"there is no feature `{path.stem}`")


def _constants(source: Source) -> dict[str, str]:
    constants = {}
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            constants[node.targets[0].id] = text_of(node.value) or ""
    return constants


def _table_names(source: Source) -> Iterator[tuple[int, str]]:
    constants = _constants(source)

    def known(node: ast.expr | None) -> str:
        return constants.get(node.id, "") if isinstance(node, ast.Name) else text_of(node) or ""

    for node in source.nodes:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__tablename__" for target in node.targets
        ):
            yield node.lineno, known(node.value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, table) for table in _CREATED.findall(node.value))
    for name, call in source.calls():
        if name in {"Table", "StateTable", "create_table"}:
            yield call.lineno, known(argument(call, 0, "name"))


def _owner(source: Source) -> str:
    if source.part == "migrations":
        found = _MIGRATION.fullmatch(source.path.stem)
        return found.group(3) if found else ""
    return source.part


def table_names(house: House) -> Iterator[Finding]:
    """A table begins with the word of its feature; nobody else's table begins with it."""
    for source in house.product:
        owner = _owner(source)
        for line, table in _table_names(source):
            if not table:
                continue  # a name that comes from elsewhere is checked where it is given
            if owner in house.features and not table.startswith(f"{owner}_"):
                yield source.finding(line, "table-names", f"table `{table}` of {owner} must begin with `{owner}_`")
            elif owner not in house.features and table.split("_")[0] in house.features:
                says = f"table `{table}` belongs to {table.split('_')[0]}, not to {owner or source.part}"
                yield source.finding(line, "table-names", says)


def migration_names(house: House) -> Iterator[Finding]:
    """A migration says its date, its number of that day, its feature and what it does."""
    known = house.features | {"infra", "live"}
    for source in house.product:
        if source.part not in WIRING or not source.path.stem[0].isdigit():
            continue
        found = _MIGRATION.fullmatch(source.path.stem)
        if found is None or found.group(3) not in known:
            says = "a migration is called <yyyymmdd>_<nn>_<feature>_<what>.py"
            yield source.finding(1, "migration-names", says)


def _words(source: Source) -> Iterator[tuple[int, str, str]]:
    for node in source.nodes:
        if isinstance(node, ast.ClassDef):
            tags = (keyword.value for keyword in node.keywords if keyword.arg == "tag")
            yield from ((node.lineno, "tag", text) for tag in tags if (text := text_of(tag)))
        if isinstance(node, ast.Dict) and source.role == "endpoints":
            for key, value in zip(node.keys, node.values, strict=True):
                permission = text_of(value)
                if text_of(key) == "permission" and permission and permission not in {"public", "self"}:
                    yield value.lineno, "permission", permission
    for name, call in source.calls():
        if name in {"Setting", "Permission"} or _ERRORS.fullmatch(name):
            word = text_of(argument(call, 0, "key" if name == "Setting" else "name"))
            if word is not None:
                yield call.lineno, name, word


def own_words(house: House) -> Iterator[Finding]:
    """Tags of commands and events, permissions, settings and codes of a feature begin with its word."""
    for source in house.of_features:
        for line, kind, word in _words(source):
            if word.split(".")[0] not in {source.part, *GENERAL_WORDS} or "." not in word:
                yield source.finding(line, "own-words", f"{kind} `{word}` must begin with `{source.part}.`")


def own_paths(house: House) -> Iterator[Finding]:
    """A feature answers under /api/<feature> and nowhere else."""
    for source in house.of_features:
        for name, call in source.calls():
            if name != "Router":
                continue
            path = text_of(argument(call, 0, "path"))
            if path is not None and f"{path}/".split("/")[1:3] != ["api", source.part]:
                yield source.finding(call.lineno, "own-paths", f"`{path}` must begin with /api/{source.part}")
