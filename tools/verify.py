"""Run the checks, all of them even after a failure, and end with one line that adds everything up.

`check` is what a developer runs all day: style, types, contracts, house, unit tests. `test` adds the tests that start
servers and the walk of the black-box contract. A skipped test counts as failed: it says nothing.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as Xml

from tools.needs import missing_for_tests

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CONTRACT = ROOT.parent / "shared" / "tools" / "contract_smoke.py"
PYTHON_FOLDERS = ("src", "tools", "tests", "bench")


@dataclass
class Tally:
    """How many checks passed, which failed, and what the run printed."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    said: str = ""


@dataclass(frozen=True)
class Step:
    """One command; `count` reads its outcome when it is more than its exit code."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT
    count: Callable[[int], Tally] | None = None


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _npx(*arguments: str) -> tuple[str, ...]:
    return ("npx", "--no-install", *arguments)


def junit(report: Path, name: str) -> Callable[[int], Tally]:
    """Count the tests of a JUnit report; no report, or no test in it, is a failure."""

    def count(exit_code: int) -> Tally:
        tally = Tally()
        if report.exists():
            for case in Xml.parse(report).getroot().iter("testcase"):  # noqa: S314 - our own test runner wrote it
                wrong = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
                if wrong:
                    tally.failed.append(f"{name}: {case.get('classname')} {case.get('name')} ({wrong[0]})")
                else:
                    tally.passed += 1
        if not tally.failed and (exit_code != 0 or tally.passed == 0):
            tally.failed.append(f"{name}: exit code {exit_code}, {tally.passed} tests ran")
        return tally

    return count


def static_steps() -> list[Step]:
    """Return the checks that run nothing of the product."""
    folders = [folder for folder in PYTHON_FOLDERS if any((ROOT / folder).rglob("*.py"))]
    return [
        Step("types", _python("mypy", *folders)),
        Step("web types", _npx("tsc", "--noEmit", "-p", "tsconfig.json"), WEB),
        Step("contracts between parts", (str(Path(sys.executable).with_name("lint-imports")),)),
        Step("style", _python("ruff", "check", ".")),
        Step("shape", _python("ruff", "format", "--check", ".")),
        Step("house", _python("tools.house")),
        Step("web style", _npx("biome", "ci", "--reporter=summary", "."), WEB),
        Step("types of the API", _python("tools.api_types", "--check")),
    ]


def _pytest(marks: str, reports: Path) -> Step:
    report = reports / "pytest.xml"
    workers = str(min(4, os.cpu_count() or 1))
    spread = ("-n", workers, "--dist", "loadfile")
    command = _python("pytest", "-q", "-m", marks, *spread, "--durations=10", f"--junitxml={report}")
    return Step("tests", command, count=junit(report, "tests"))


def _vitest(reports: Path) -> Step:
    report = reports / "vitest.xml"
    command = _npx("vitest", "run", "--reporter=default", "--reporter=junit", f"--outputFile.junit={report}")
    return Step("web tests", command, WEB, junit(report, "web tests"))


def run(step: Step, *, shown: bool) -> Tally:
    """Run one step and count its outcome; `shown` lets it print as it goes."""
    started = time.monotonic()
    pipe = None if shown else subprocess.PIPE
    try:
        done = subprocess.run(
            step.command,
            cwd=step.folder,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=subprocess.STDOUT if pipe else None,
            text=True,
            check=False,
        )
        exit_code, said = done.returncode, done.stdout or ""
    except OSError as error:
        exit_code, said = 127, str(error)
    if step.count is not None:
        tally = step.count(exit_code)
    else:
        tally = Tally(passed=1) if exit_code == 0 else Tally(failed=[step.name])
    tally.said = said
    verdict = "FAILED" if tally.failed else "ok"
    print(f"[{verdict:>6}] {step.name} ({time.monotonic() - started:.1f} s)", flush=True)
    if tally.failed and said:
        print(said, flush=True)
    return tally


def together(steps: Iterable[Step]) -> list[Tally]:
    """Run steps side by side, as many at once as there are cores."""
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(lambda step: run(step, shown=False), steps))


def summary(tallies: Iterable[Tally]) -> tuple[str, bool]:
    """Return the closing lines and whether everything passed."""
    tallies = list(tallies)
    passed = sum(tally.passed for tally in tallies)
    failed = [name for tally in tallies for name in tally.failed]
    lines = [f"FAILED {name}" for name in failed]
    lines.append(f"{passed} passed, {len(failed)} failed")
    return "\n".join(lines), not failed and passed > 0


def _check(reports: Path) -> list[Tally]:
    tallies = together(static_steps())
    tallies += [
        run(step, shown=True) for step in (_vitest(reports), _pytest("not server and not slow and not soak", reports))
    ]
    return tallies


def _test(reports: Path) -> list[Tally]:
    missing = missing_for_tests()
    if missing:
        wanted = ", ".join(f"{purpose} (Debian package {package})" for package, purpose in missing)
        return [Tally(failed=[f"programs that the tests need are missing: {wanted}"])]
    tallies = together(static_steps())
    tallies += [run(step, shown=True) for step in (_vitest(reports), _pytest("not soak", reports))]
    if CONTRACT.exists():
        tallies.append(run(Step("black-box contract", (sys.executable, str(CONTRACT), str(ROOT))), shown=True))
    return tallies


def main(arguments: Sequence[str]) -> int:
    """Run `check` or `test` and return the exit code."""
    kinds = {"check": _check, "test": _test}
    if len(arguments) != 1 or arguments[0] not in kinds:
        print(f"say one of: {', '.join(kinds)}", file=sys.stderr)
        return 2
    if shutil.which("npx") is None:
        print("npx is missing: the screens cannot be checked", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        said, good = summary(kinds[arguments[0]](Path(folder)))
    print(said, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
