"""What a rule of the house sees: the parsed sources, what they import, and how a finding is told."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PRODUCT = "intercanal"
FOUNDATIONS = frozenset({"kernel", "infra"})
WIRING = frozenset({"apps", "migrations"})
DOORS = frozenset({"endpoints", "consumers", "jobs"})
ROLES = frozenset(
    {
        *DOORS,
        "feature",
        "service",
        "live",
        "repository",
        "tables",
        "ports",
        "domain",
        "events",
        "errors",
        "settings",
        "schemas",
        "adapters",
    }
)
PYTHON_FOLDERS = ("src", "tools", "tests", "bench")


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a rule, said so that its author can mend it."""

    path: str
    line: int
    rule: str
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.says}"


@dataclass(frozen=True)
class Import:
    """One imported name, in full, such as `intercanal.people.service.find`."""

    target: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Source:
    """One Python file of the project, read and parsed once."""

    path: Path
    text: str

    @cached_property
    def _parsed(self) -> tuple[ast.Module, SyntaxError | None]:
        try:
            return ast.parse(self.text), None
        except SyntaxError as error:
            return ast.Module(body=[], type_ignores=[]), error

    @property
    def tree(self) -> ast.Module:
        """Return the parsed file; an empty one when it is not Python, which `mistake` then tells."""
        return self._parsed[0]

    @property
    def mistake(self) -> SyntaxError | None:
        """Return what keeps the file from being read."""
        return self._parsed[1]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Return every node of the file."""
        return list(ast.walk(self.tree))

    @cached_property
    def lines(self) -> list[str]:
        """Return the lines of the file."""
        return self.text.splitlines()

    @cached_property
    def module(self) -> tuple[str, ...]:
        """Return the dotted name of a file of the product, in parts; nothing for another file."""
        parts = self.path.with_suffix("").parts
        if parts[:2] != ("src", PRODUCT):
            return ()
        return parts[1:-1] if parts[-1] == "__init__" else parts[1:]

    @property
    def part(self) -> str:
        """Return the folder of the product that holds the file, such as `people` or `infra`."""
        return self.module[1] if len(self.module) > 1 else ""

    @property
    def role(self) -> str:
        """Return what the file is in its folder, such as `service`; a package has the role of its name."""
        return self.module[2] if len(self.module) > 2 else ""

    @cached_property
    def imports(self) -> list[Import]:
        """Return everything that the file imports, also inside functions and for typing alone."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [Import(tuple(alias.name.split(".")), node.lineno) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                base = tuple(node.module.split("."))
                found += [Import((*base, alias.name), node.lineno) for alias in node.names]
        return found

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Yield each call with the last word of what is called: `commit` for `self.session.commit()`."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                yield last_word(node.func), node

    def finding(self, line: int, rule: str, says: str) -> Finding:
        """Make a finding in this file."""
        return Finding(self.path.as_posix(), line, rule, says)


def last_word(node: ast.expr) -> str:
    """Return the last word of a name or attribute, or nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """Return a name with its attributes as written: `datetime.now`; nothing when it is another expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def text_of(node: ast.expr | None) -> str | None:
    """Return the value of a literal string, or None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """Return an argument of a call, given by position or by name."""
    if len(call.args) > position:
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


class House:
    """The whole project as the rules see it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def sources(self) -> list[Source]:
        """Return every Python file of the project."""
        paths = (path for folder in PYTHON_FOLDERS for path in sorted((self.root / folder).rglob("*.py")))
        return [Source(path.relative_to(self.root), path.read_text()) for path in paths]

    @cached_property
    def product(self) -> list[Source]:
        """Return the Python files of the product itself."""
        return [source for source in self.sources if source.module]

    @cached_property
    def features(self) -> frozenset[str]:
        """Return the names of the features: every folder of the product but foundations and wiring."""
        base = self.root / "src" / PRODUCT
        folders = {path.name for path in base.iterdir() if path.is_dir() and path.name != "__pycache__"}
        return frozenset(folders - FOUNDATIONS - WIRING)

    @property
    def of_features(self) -> list[Source]:
        """Return the Python files of the features."""
        return [source for source in self.product if source.part in self.features]
