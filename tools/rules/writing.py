"""How things are written: small, bounded, without polling, and without a customer's words in a log."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from statistics import median

from tools.rules.model import Finding, House, Source, argument, dotted, last_word, text_of

PYTHON_LINES = 400
TEST_LINES = 600
TYPESCRIPT_LINES = 250
MEDIAN_LINES = 100
CLASS_METHODS = 15
PORT_METHODS = 8
GENERATED = frozenset({"web/src/api/schema.ts"})
LOGS = frozenset({"log", "_log", "logger", "_logger", "LOG"})
LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
CUSTOMER_WORDS = frozenset(
    {"address", "body", "content", "email", "from_", "html", "phone", "recipient", "sender", "subject", "text", "words"}
)
_ESCAPE = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover)", re.IGNORECASE)
_REASONED = re.compile(r"#\s*(noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* - \S|type: ignore\[[a-z, -]+\]\s+# \S)")


def readable(house: House) -> Iterator[Finding]:
    """Each file is Python: one that cannot be read keeps no rule."""
    for source in house.sources:
        if source.mistake is not None:
            yield source.finding(source.mistake.lineno or 1, "readable", source.mistake.msg)


def file_sizes(house: House) -> Iterator[Finding]:
    """No file is long: one too long becomes a package of the same name."""
    for source in house.sources:
        limit = TEST_LINES if source.path.parts[0] == "tests" else PYTHON_LINES
        if len(source.lines) > limit:
            yield source.finding(limit + 1, "file-size", f"{len(source.lines)} lines, at most {limit}")
    for pattern in ("*.ts", "*.tsx"):
        for path in sorted((house.root / "web" / "src").rglob(pattern)):
            name = path.relative_to(house.root).as_posix()
            count = len(path.read_text().splitlines())
            if count > TYPESCRIPT_LINES and name not in GENERATED:
                yield Finding(name, TYPESCRIPT_LINES + 1, "file-size", f"{count} lines, at most {TYPESCRIPT_LINES}")


def median_lines(house: House) -> float:
    """Return the median length of the product's files that hold anything."""
    return median([len(source.lines) for source in house.product if len(source.lines) > 1] or [0])


def median_size(house: House) -> Iterator[Finding]:
    """Half of the files are short."""
    found = median_lines(house)
    if found > MEDIAN_LINES:
        yield Finding("src", 1, "median-size", f"the median file has {found:.0f} lines, at most {MEDIAN_LINES}")


def class_sizes(house: House) -> Iterator[Finding]:
    """A class has few methods, a port fewer still: its adapters have to write them all."""
    for source in house.product:
        for node in source.nodes:
            if not isinstance(node, ast.ClassDef):
                continue
            methods = sum(isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) for member in node.body)
            limit = PORT_METHODS if any(last_word(base) == "Protocol" for base in node.bases) else CLASS_METHODS
            if methods > limit:
                yield source.finding(node.lineno, "class-size", f"{node.name} has {methods} methods, at most {limit}")


class _Sleeps(ast.NodeVisitor):
    """Finds each sleep with the loop around it; a function defined inside a loop starts afresh."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.Call, ast.stmt]] = []
        self._loops: list[ast.stmt] = []

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            outside, self._loops = self._loops, []
            super().generic_visit(node)
            self._loops = outside
        elif isinstance(node, (ast.While, ast.For, ast.AsyncFor)):
            self._loops.append(node)
            super().generic_visit(node)
            self._loops.pop()
        else:
            if isinstance(node, ast.Call) and last_word(node.func) == "sleep" and self._loops:
                self.found.append((node, self._loops[-1]))
            super().generic_visit(node)


def _only_yields(call: ast.Call, loop: ast.stmt) -> bool:
    """Say whether it is a `sleep(0)` that lets others run while the loop waits for something else."""
    is_zero = bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    waits = [node.value for node in ast.walk(loop) if isinstance(node, ast.Await)]
    return is_zero and (not isinstance(loop, ast.While) or any(wait is not call for wait in waits))


def sleeping(house: House) -> Iterator[Finding]:
    """Nothing asks again and again: a loop waits for an event, with a time limit if need be."""
    for source in house.product:
        sleeps = _Sleeps()
        sleeps.visit(source.tree)
        for call, loop in sleeps.found:
            if not _only_yields(call, loop):
                yield source.finding(call.lineno, "sleeping", "a sleep in a loop is polling: wait for an event")


def bounded_queues(house: House) -> Iterator[Finding]:
    """Every queue in memory has a bound, past which somebody is told to come back later."""
    for source in house.product:
        for _, call in source.calls():
            name = dotted(call.func)
            if name not in {"asyncio.Queue", "asyncio.LifoQueue", "asyncio.PriorityQueue", "queue.Queue", "Queue"}:
                if name.endswith("SimpleQueue"):
                    yield source.finding(call.lineno, "bounded", "a SimpleQueue has no bound")
                continue
            size = argument(call, 0, "maxsize")
            if size is None or (isinstance(size, ast.Constant) and not size.value):
                yield source.finding(call.lineno, "bounded", "this queue has no bound")


def log_lines(house: House) -> Iterator[Finding]:
    """A log line is a fixed message with fields, none of which holds what a customer said or is called."""
    for source in house.product:
        for name, call in source.calls():
            is_log = isinstance(call.func, ast.Attribute) and last_word(call.func.value) in LOGS
            if not is_log or name not in LOG_METHODS:
                continue
            if text_of(argument(call, 0, "event")) is None:
                yield source.finding(call.lineno, "log-lines", "the message of a log line is a fixed text")
            for keyword in call.keywords:
                if keyword.arg in CUSTOMER_WORDS:
                    says = f"`{keyword.arg}` may hold a customer's words; log an id"
                    yield source.finding(call.lineno, "log-lines", says)


def _comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def reasoned_escapes(house: House) -> Iterator[Finding]:
    """Each place where a tool is told to look away names the code and gives the reason."""
    for source in house.sources:
        for line, comment in () if source.mistake else _comments(source):
            if _ESCAPE.search(comment) and not _REASONED.search(comment):
                says = "write `# noqa: CODE - reason` or `# type: ignore[code]  # reason`"
                yield source.finding(line, "escapes", says)


def no_skips(house: House) -> Iterator[Finding]:
    """A test that cannot run fails: nobody reads what was skipped."""
    skips = {"pytest.skip", "pytest.importorskip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
    for source in house.sources:
        if source.path.parts[0] != "tests":
            continue
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and dotted(node) in skips:
                yield source.finding(node.lineno, "no-skips", "a test passes or fails; say what is missing instead")
