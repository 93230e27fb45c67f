"""The data folder of an installation: who uses it now, its generated secrets, and the folders inside it."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from intercanal.infra.supervisor.account import (
    Account,
    obstacle,
    own,
    owner_of,
    private_file,
    private_folder,
    unprivileged,
)
from intercanal.infra.supervisor.errors import StartError

ADMINISTRATION: Final = "administration.json"
OPEN_TO_PASS: Final = 0o711


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is drawn once for an installation and never shown; there is no default for any of them."""

    superuser: str
    owner: str
    app: str
    journal: str
    nats: str
    installation: str


class BusyError(StartError):
    """Somebody else uses the data folder now."""


class StateFolder:
    """One data folder; `account` is who the children run as, None when that is ourselves.

    A folder that root gave to an account is that account's altogether, whoever runs a command on it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._owner = owner_of(self.path)
        self.account: Account | None = self._owner or unprivileged()

    def make(self) -> None:
        """Make the folder when it is missing, and let the children's account pass through it, never above it."""
        try:
            self.path.mkdir(mode=OPEN_TO_PASS, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"The data folder {self.path} cannot be made: {error.strerror}.") from error
        if self.account is not None and obstacle(self.path, self.account) == self.path.resolve():
            self.path.chmod(self.path.stat().st_mode & 0o777 | 0o011)
        private_folder(self.run, self.account)
        private_folder(self.blobs, self.account)
        private_folder(self.heads, self.account)

    @property
    def run(self) -> Path:
        """What only means something while a server runs."""
        return self.path / "run"

    @property
    def blobs(self) -> Path:
        """Attachments and recordings, when they are not kept elsewhere."""
        return self.path / "blobs"

    @property
    def heads(self) -> Path:
        """The signed heads of the audit chains, out of the database's reach."""
        return self.path / "audit"

    @property
    def tls(self) -> Path:
        """The trial certificate and its authority."""
        return self.path / "tls"

    @property
    def endpoints(self) -> Path:
        """What the processes of a running server are told."""
        return self.run / "endpoints.json"

    @property
    def administration(self) -> Path:
        """How commands of the administrator reach the database of a running server; the children may not read it."""
        return self.path / ADMINISTRATION

    def secrets(self) -> Secrets:
        """Return the installation's secrets, drawn at the first call."""
        file = self.path / "secrets.json"
        with contextlib.suppress(FileNotFoundError):
            return msgspec.json.decode(file.read_bytes(), type=Secrets)
        if (self.path / "postgres" / "PG_VERSION").exists():
            raise StartError(f"{file} is missing, but a database is there: bring the file back from a backup.")
        fresh = Secrets(*(secrets.token_urlsafe(32) for _ in msgspec.structs.fields(Secrets)))
        self.keep_secrets(fresh)
        return fresh

    def keep_secrets(self, value: Secrets) -> None:
        """Write the installation's secrets."""
        self.keep("secrets.json", msgspec.json.format(msgspec.json.encode(value)))

    def keep(self, name: str, content: bytes) -> None:
        """Write a file that our children may not read, unless the whole folder is their account's."""
        private_file(self.path / name, content, self._owner)

    @contextlib.contextmanager
    def lock(self, purpose: str) -> Iterator[None]:
        """Hold the folder for ourselves; the lock goes with the process, however it ends."""
        file = self.path / "lock"
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+") as held:
            own(file, self._owner)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                who = held.read().strip() or "another process"
                raise BusyError(f"The data folder {self.path} is in use by {who}.") from None
            held.truncate(0)
            held.write(f"{purpose} (process {os.getpid()})")
            held.flush()
            yield
            held.seek(0)
            held.truncate(0)
