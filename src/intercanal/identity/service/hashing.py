"""Argon2id with the OWASP profile: 19 MiB, two passes, one lane (about 100 ms on a small machine)."""

from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from intercanal.identity.domain.passwords import normal, weakness
from intercanal.identity.errors import WeakPasswordError

TIME_COST = 2
MEMORY_KIB = 19 * 1024
PARALLELISM = 1


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM, type=Type.ID)


def require_strong(password: str, *known: str) -> None:
    """Refuse a password that is short, breached, or made of what everybody knows of its owner."""
    reason = weakness(password, known)
    if reason is not None:
        raise WeakPasswordError(reason)


def hash_password(password: str) -> str:
    """Return the encoded hash to keep; slow on purpose, so never called on the event loop."""
    return _hasher().hash(normal(password))


def password_fits(encoded: str, password: str) -> bool:
    """Say whether a password is the hashed one; as slow."""
    try:
        return _hasher().verify(encoded, normal(password))
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(encoded: str) -> bool:
    """Say whether a hash was made with other parameters, so that it is renewed at the next sign-in."""
    return _hasher().check_needs_rehash(encoded)
