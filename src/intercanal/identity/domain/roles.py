"""Roles as named sets of permissions: three come with the program, the others are the tenant's own.

The verb of a permission says which built-in role has it: `read` and `work` are every agent's, `supervise` is the
supervisor's too, and any other verb is for administrators until a tenant puts it in a role of its own.
"""

from collections.abc import Iterable

ADMIN, SUPERVISOR, AGENT = "admin", "supervisor", "agent"
BUILT_IN = (ADMIN, SUPERVISOR, AGENT)

_VERBS = {AGENT: frozenset({"read", "work"}), SUPERVISOR: frozenset({"read", "work", "supervise"})}


def permissions_of(role: str, catalogue: frozenset[str]) -> frozenset[str]:
    """Return what a built-in role may do, out of the permissions that the features declare."""
    if role == ADMIN:
        return catalogue
    verbs = _VERBS.get(role, frozenset())
    return frozenset(permission for permission in catalogue if permission.rpartition(".")[2] in verbs)


def unknown(permissions: Iterable[str], catalogue: frozenset[str]) -> list[str]:
    """Return the permissions that no feature declares."""
    return sorted(set(permissions) - catalogue)
