"""Every code a refusal can carry, read from the program itself, so that the published list cannot go stale."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import intercanal
from intercanal.infra.http.problems import OWN_CODES

_CODE = re.compile(r"[a-z][a-z_]*\.[a-z][a-z0-9_]*")


@functools.cache
def all_codes() -> tuple[str, ...]:
    """Return the codes given to errors anywhere in the program, sorted."""
    found = set(OWN_CODES)
    for path in Path(intercanal.__file__).parent.rglob("*.py"):
        found.update(_codes_in(path.read_text()))
    return tuple(sorted(found))


def _codes_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and node.args and _is_error(node.func):
            for constant in ast.walk(node.args[0]):
                if isinstance(constant, ast.Constant) and _is_code(constant.value):
                    yield str(constant.value)


def _is_error(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        return called.attr == "__init__" or called.attr.endswith(("Error", "Refused"))
    return isinstance(called, ast.Name) and called.id.endswith(("Error", "Refused"))


def _is_code(value: object) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None
