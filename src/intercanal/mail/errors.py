"""What mail refuses, by meaning."""

from intercanal.kernel.errors import ConflictError, InvalidError, NotFoundError, UnavailableError


class MailRefused(InvalidError):  # noqa: N818 - a decision about one mail, not a fault
    """One mail that cannot be taken in, for good: its sender is told, its neighbours are untouched."""


class AddressTakenError(ConflictError):
    """The address belongs to a mailbox already; whose, nobody is told."""


class MailboxNotFoundError(NotFoundError):
    """No such mailbox for this caller."""


class CoreAwayError(UnavailableError):
    """The live core did not acknowledge; the sender keeps the mail and tries again."""
