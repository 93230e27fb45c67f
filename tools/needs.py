"""Say what programs of the machine are missing, and install those that tests use (standard library only).

It runs before anything is installed, with the machine's own Python.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRESQL = 15
OLDEST_NODE = (20, 19)


def postgresql_servers() -> dict[int, Path]:
    """Return the PostgreSQL servers of Debian's packages, by major version."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return {int(path.parts[-3]): path for path in found if path.parts[-3].isdigit()}


def _has_postgresql() -> bool:
    return any(version >= OLDEST_POSTGRESQL for version in postgresql_servers())


def _has_libfaketime() -> bool:
    return shutil.which("faketime") is not None


def _has_swaks() -> bool:
    return shutil.which("swaks") is not None


# Debian package, whether it is there, and what it is for.
FOR_TESTS = (
    ("postgresql", _has_postgresql, f"a PostgreSQL server >= {OLDEST_POSTGRESQL} of the distribution"),
    ("faketime", _has_libfaketime, "a machine whose clock jumps"),
    ("swaks", _has_swaks, "a mail client that is not ours"),
)


def missing_for_tests() -> list[tuple[str, str]]:
    """Return the missing Debian packages with what each is for."""
    return [(package, purpose) for package, is_there, purpose in FOR_TESTS if not is_there()]


def _install(packages: list[str]) -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        how = "apt-get install " + " ".join(packages)
        sys.exit(f"The tests need programs that are not here. Please run as root: {how}")
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
    command = ["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages]
    subprocess.run(command, env=quiet, check=True, stdin=subprocess.DEVNULL)


def _node_version() -> tuple[int, ...]:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return ()
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


def _check_languages() -> None:
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(f"Intercanal needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}.")
    if _node_version() < OLDEST_NODE:
        sys.exit("Intercanal needs Node 20.19 or newer, with npm, to build its screens.")


def main() -> None:
    """Check, or install, as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help="install what is missing (Debian, as root)")
    parser.add_argument("--python", action="store_true", help="check Python and Node only")
    arguments = parser.parse_args()
    if arguments.python:
        _check_languages()
        return
    missing = missing_for_tests()
    if missing and arguments.install:
        _install([package for package, _ in missing])
        missing = missing_for_tests()
    for package, purpose in missing:
        print(f"missing: {purpose} (Debian package {package})", file=sys.stderr)
    if missing:
        sys.exit(1)


if __name__ == "__main__":
    main()
