"""Refusals of identity, typed by meaning."""

from intercanal.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooManyError,
    UnauthenticatedError,
)


class BadCredentialsError(UnauthenticatedError):
    """The e-mail, the password or the tenant is wrong; which of them is never said."""

    def __init__(self) -> None:
        super().__init__("identity.bad_credentials")


class BadTokenError(UnauthenticatedError):
    """The key, token, session or ticket is not, or no longer, good."""

    def __init__(self) -> None:
        super().__init__("identity.bad_token")


class WeakPasswordError(InvalidError):
    """The password is too short, too long, breached or guessable; the fact `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__("identity.password_weak", reason=reason)


class NotASessionError(ConflictError):
    """Only somebody who signed in with a password can do this: a key or token has none."""

    def __init__(self) -> None:
        super().__init__("identity.not_a_session")


class SignInBusyError(TooManyError):
    """Too many passwords are being checked at once, or tried by this caller."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("identity.too_many_tries", retry_after_s=max(1, round(retry_after_s)))


class UnknownUserError(NotFoundError):
    """No such user in this tenant."""

    def __init__(self) -> None:
        super().__init__("identity.user_not_found")


class SessionNotFoundError(NotFoundError):
    """The caller has no such session."""

    def __init__(self) -> None:
        super().__init__("identity.session_not_found")


class UnknownTokenError(NotFoundError):
    """No such key or token in this tenant."""

    def __init__(self) -> None:
        super().__init__("identity.key_not_found")


class UnknownRoleError(NotFoundError):
    """No such role in this tenant."""

    def __init__(self) -> None:
        super().__init__("identity.role_not_found")


class PermissionsUnknownError(InvalidError):
    """A role names permissions that no feature declares."""

    def __init__(self, permissions: list[str]) -> None:
        super().__init__("identity.permission_unknown", permissions=permissions)


class BeyondOwnRightsError(ForbiddenError):
    """Nobody gives away rights that they do not have."""

    def __init__(self, permissions: list[str]) -> None:
        super().__init__("identity.beyond_own_rights", permissions=permissions)


class RoleInUseError(ConflictError):
    """Somebody still holds the role."""

    def __init__(self) -> None:
        super().__init__("identity.role_in_use")


class LastAdminError(ConflictError):
    """The tenant would be left without anybody to run it."""

    def __init__(self) -> None:
        super().__init__("identity.last_admin")


class EmailTakenError(ConflictError):
    """Another user of the tenant has this e-mail."""

    def __init__(self) -> None:
        super().__init__("identity.email_taken")
