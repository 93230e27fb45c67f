"""Errors typed by meaning; each carries a stable code and facts, and only the HTTP door gives it a status."""

from collections.abc import Mapping


class IntercanalError(Exception):
    """Base of every refusal that a caller may meet: a stable `code` such as `routing.offer_expired`, and facts."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts: Mapping[str, object] = facts


class NotFoundError(IntercanalError):
    """The thing does not exist for this caller; another tenant's thing gives the same answer."""


class ConflictError(IntercanalError):
    """The thing's present state does not allow this."""


class ForbiddenError(IntercanalError):
    """The caller is known but may not do this."""


class UnauthenticatedError(IntercanalError):
    """The caller is not known."""


class InvalidError(IntercanalError):
    """The request itself is wrong."""


class UnavailableError(IntercanalError):
    """Not now: a part is away or full; `retry_after_s` among the facts says when to try again."""


class TooManyError(IntercanalError):
    """The caller, or everybody together, asks more than can be taken; `retry_after_s` says when to try again."""
