"""PostgreSQL as our own child: its folder made once, its command line, and a query that proves it is there."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
import msgspec

from intercanal.infra.supervisor.account import Account, Handed, hand_over, owner_of, private_file, private_folder
from intercanal.infra.supervisor.binaries import Binaries, data_version, find, reachable
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.spec import ChildSpec

SUPERUSER: Final = "intercanal_super"
PORT: Final = 5432
SOCKET_FOLDER: Final = "intercanal-"
FIRST_WITH_BUILTIN_LOCALE: Final = 17
SOCKET_PATH_LIMIT: Final = 107
SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "shared_preload_libraries": "pg_stat_statements",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Errors quote what a customer typed, so they go to the client alone; our log keeps the server's own news.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_checkpoints": "off",
}


class PostgresPlace(msgspec.Struct, frozen=True):
    """Where one server lives: its data, its socket folder, the account it runs as and its superuser's password."""

    data: Path
    handed: Handed
    socket_folder: Path
    binaries: Binaries
    account: Account | None
    password: str

    def url(self, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        """Return a URL of a database here for one role."""
        secret = self.password if password is None else password
        return f"postgresql://{user}:{quote(secret, safe='')}@/{database}?host={self.socket_folder}&port={PORT}"


def short_socket_folder(account: Account | None) -> Path:
    """Make a fresh folder with a path short enough for a socket, which nobody else may enter."""
    base = "/run" if os.geteuid() == 0 and os.access("/run", os.W_OK) else "/tmp"  # noqa: S108 - mkdtemp makes it safe
    folder = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER, dir=base))
    if len(os.fsencode(folder / f".s.PGSQL.{PORT}.lock")) > SOCKET_PATH_LIMIT:
        raise StartError(f"{folder} is too long a path for a socket.")
    return private_folder(folder, account)


def prepare(state: Path, password: str, account: Account | None) -> PostgresPlace:
    """Make the database cluster inside the state folder if it is not there, and a socket folder for this run."""
    data = state / "postgres"
    private_folder(data, account)
    handed = hand_over(data, account)
    binaries = reachable(find(data), account, state)
    if data_version(data) is None:
        _clear(data)
        _initdb(handed, binaries, account, password)
    return PostgresPlace(
        data=data,
        handed=handed,
        socket_folder=_socket_folder_of(state, account),
        binaries=binaries,
        account=account,
        password=password,
    )


def forget(place: PostgresPlace) -> None:
    """Remove the socket folder of a run that is over."""
    shutil.rmtree(place.socket_folder, ignore_errors=True)
    for descriptor in place.handed.descriptors:
        os.close(descriptor)


def _socket_folder_of(state: Path, account: Account | None) -> Path:
    note = state / "socket-folder"
    with contextlib.suppress(FileNotFoundError):
        # That of a run which was killed before it could remove it.
        left = Path(note.read_text())
        if left.name.startswith(SOCKET_FOLDER):
            shutil.rmtree(left, ignore_errors=True)
    folder = short_socket_folder(account)
    private_file(note, str(folder).encode(), owner_of(state))
    return folder


def _clear(data: Path) -> None:
    for left in data.iterdir():
        # Only an initdb that was cut short leaves something in a folder without PG_VERSION.
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _initdb(data: Handed, binaries: Binaries, account: Account | None, password: str) -> None:
    receive, send = os.pipe()
    if account is not None:
        os.fchown(receive, account.uid, account.gid)
    os.write(send, password.encode() + b"\n")
    os.close(send)
    locale = ["--locale=C.UTF-8"]
    if binaries.major >= FIRST_WITH_BUILTIN_LOCALE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    try:
        said = subprocess.run(  # noqa: S603 - the program found beside postgres
            [
                binaries.program("initdb"),
                f"--pgdata={data.path}",
                f"--username={SUPERUSER}",
                f"--pwfile=/dev/fd/{receive}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
                "--no-instructions",
                *locale,
            ],
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            cwd="/",
            pass_fds=(*data.descriptors, receive),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        os.close(receive)
    if said.returncode != 0:
        raise StartError(f"PostgreSQL's folder could not be made: {said.stderr.strip()[-500:]}")


async def check(url: str) -> None:
    """Prove by a query that a server answers at this URL."""
    connection = await asyncpg.connect(url, timeout=20)
    try:
        await connection.fetchval("SELECT 1")
    finally:
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            await connection.close(timeout=5)


def child(place: PostgresPlace, settings: dict[str, str] | None = None) -> ChildSpec:
    """Say how to run the server of this place; `settings` override our own."""
    options = {**SETTINGS, "unix_socket_directories": str(place.socket_folder), **(settings or {})}
    command = [place.binaries.program("postgres"), "-D", place.handed.path]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    return ChildSpec(
        name="postgres",
        command=tuple(command),
        ready_text=b"database system is ready to accept connections",
        verify=lambda: check(place.url("postgres")),
        environment={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        account=place.account,
        pass_fds=place.handed.descriptors,
        drain_signal=signal.SIGINT,
        drain_seconds=60.0,
    )
