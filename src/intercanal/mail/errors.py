"""What mail refuses, by meaning."""

from intercanal.kernel.errors import ConflictError, InvalidError, NotFoundError


class MailRefused(InvalidError):  # noqa: N818 - a decision about one mail, not a fault
    """One mail that cannot be taken in, for good: its sender is told, its neighbours are untouched."""


class AddressTakenError(ConflictError):
    """The address belongs to a mailbox already; whose, nobody is told."""

    def __init__(self) -> None:
        super().__init__("mail.address_taken")


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed the mailbox first."""

    def __init__(self) -> None:
        super().__init__("mail.changed_meanwhile")


class UnknownMailboxError(NotFoundError):
    """No such mailbox for this caller."""

    def __init__(self) -> None:
        super().__init__("mail.mailbox_unknown")


class UnknownMailError(NotFoundError):
    """No such mail for this caller, or what was asked of it was erased."""

    def __init__(self) -> None:
        super().__init__("mail.message_unknown")


class UnknownFileError(NotFoundError):
    """The mail has no such file."""

    def __init__(self) -> None:
        super().__init__("mail.file_unknown")


class UnsendableError(ConflictError):
    """An answer that can never be sent: nobody to send it to, or its words are gone."""
