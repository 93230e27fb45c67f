"""Run the measurements of `bench/`, all of them or those named; one that fails makes the whole fail."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def known() -> list[str]:
    """Return the names of the measurements: the programs of `bench/` that do not start with an underscore."""
    return sorted(path.stem for path in (ROOT / "bench").glob("[!_]*.py") if "__main__" in path.read_text())


def main(wanted: Sequence[str]) -> int:
    """Run the wanted measurements one after the other, so that none disturbs another."""
    names = known()
    unknown = [name for name in wanted if name.replace("-", "_") not in names]
    if unknown or not names:
        print(f"no such measurement: {', '.join(unknown)}; there are: {', '.join(names)}", file=sys.stderr)
        return 2
    failed = []
    for name in [name.replace("-", "_") for name in wanted] or names:
        done = subprocess.run((sys.executable, "-m", f"bench.{name}"), cwd=ROOT, check=False)
        if done.returncode != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
