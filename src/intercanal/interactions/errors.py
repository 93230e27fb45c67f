"""The refusals of interactions at their doors; those of the live core carry their codes themselves."""

from intercanal.kernel.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError


class UnknownInteractionError(NotFoundError):
    """There is no such interaction here."""

    def __init__(self) -> None:
        super().__init__("interactions.not_found")


class UnknownConversationError(NotFoundError):
    """There is no such conversation here."""

    def __init__(self) -> None:
        super().__init__("interactions.conversation_not_found")


class UnknownDispositionError(NotFoundError):
    """There is no such disposition here."""

    def __init__(self) -> None:
        super().__init__("interactions.disposition_not_found")


class WrongDispositionError(InvalidError):
    """The wrap-up names a disposition that does not exist, or no longer."""

    def __init__(self) -> None:
        super().__init__("interactions.disposition_unknown")


class TwoCustomersError(InvalidError):
    """The work says in two ways from whom it is."""

    def __init__(self) -> None:
        super().__init__("interactions.two_customers")


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed it since it was read."""

    def __init__(self) -> None:
        super().__init__("interactions.changed_meanwhile")


class NotYoursToCloseError(ForbiddenError):
    """Only the holder closes; what nobody holds may be closed by who supervises."""

    def __init__(self) -> None:
        super().__init__("interactions.not_yours_to_close")
