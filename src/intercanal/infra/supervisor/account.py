"""Which unprivileged account runs the children when we are root, and what that account can reach."""

import os
import pwd
import stat
from pathlib import Path

import msgspec

from intercanal.infra.supervisor.errors import StartError

PREFERRED = ("intercanal", "postgres", "nobody")
CHOICE = "INTERCANAL_RUN_AS"


class Account(msgspec.Struct, frozen=True):
    """An account of this machine; PostgreSQL needs one that has a name."""

    name: str
    uid: int
    gid: int


def unprivileged() -> Account | None:
    """Return the account for the children: None unless we are root, for then we are unprivileged ourselves."""
    if os.geteuid() != 0:
        return None
    chosen = os.environ.get(CHOICE)
    for name in (chosen,) if chosen else PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    wanted = chosen or ", ".join(PREFERRED)
    raise StartError(f"No unprivileged account to run the children as was found ({wanted}); name one in {CHOICE}.")


def owner_of(folder: Path) -> Account | None:
    """Return the account that a folder was given to, when root is asked to work on it: None when it is root's own."""
    if os.geteuid() != 0 or not folder.is_dir():
        return None
    facts = folder.stat()
    if facts.st_uid == 0:
        return None
    try:
        name = pwd.getpwuid(facts.st_uid).pw_name
    except KeyError:
        raise StartError(f"{folder} belongs to number {facts.st_uid}, which is no account of this machine.") from None
    return Account(name=name, uid=facts.st_uid, gid=facts.st_gid)


def _allows(path: Path, account: Account, bits: int) -> bool:
    facts = path.stat()
    if facts.st_uid == account.uid:
        shift = 6
    elif facts.st_gid == account.gid:
        shift = 3
    else:
        shift = 0
    return stat.S_IMODE(facts.st_mode) >> shift & bits == bits


def obstacle(path: Path, account: Account | None, *, listing: bool = False) -> Path | None:
    """Return the first folder on the way to `path`, or `path` itself, that the account may not enter, read or list."""
    if account is None:
        return None
    real = path.resolve()
    for parent in reversed(real.parents):
        if not _allows(parent, account, 0o1):
            return parent
    of_folder = 0o5 if listing else 0o1
    return None if _allows(real, account, of_folder if real.is_dir() else 0o4) else real


def own(path: Path, account: Account | None) -> None:
    """Give one file or folder to the account; nothing above or below it is touched."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


class Handed(msgspec.Struct, frozen=True):
    """A folder as a child sees it: by its path, or by an inherited descriptor when a folder above bars the way."""

    path: str
    descriptors: tuple[int, ...] = ()


def hand_over(folder: Path, account: Account | None) -> Handed:
    """Let the account use its own folder although it may not enter one above it, as in a home of mode 0700.

    We never change a mode above the folder. A descriptor that we opened leads into it without asking the way.
    """
    barrier = obstacle(folder, account)
    if barrier is None:
        return Handed(path=str(folder))
    if account is None or barrier == folder.resolve() or not Path("/proc/self/fd").is_dir():
        raise StartError(f"{account.name if account else 'We'} may not enter {barrier}; choose another data folder.")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return Handed(path=f"/proc/self/fd/{descriptor}", descriptors=(descriptor,))


def own_all(folder: Path, account: Account | None) -> None:
    """Give a folder and all that is in it to the account, after we wrote there as root."""
    if account is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


def private_folder(path: Path, account: Account | None) -> Path:
    """Make a folder that only the account may enter, with parents that already are there."""
    path.mkdir(mode=0o700, exist_ok=True)
    path.chmod(0o700)
    own(path, account)
    return path


def private_file(path: Path, content: bytes, account: Account | None) -> None:
    """Write a file of mode 0600 in one step, so that no reader ever sees half of it or a wider mode."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        if account is not None:
            os.fchown(descriptor, account.uid, account.gid)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
