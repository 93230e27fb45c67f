"""The refusals of routing at its doors; those of the live core carry their codes themselves."""

from intercanal.kernel.errors import ConflictError, InvalidError, NotFoundError


class UnknownQueueError(NotFoundError):
    """There is no such queue here."""

    def __init__(self) -> None:
        super().__init__("routing.queue_not_found")


class UnknownOfferError(NotFoundError):
    """There is no such offer here, or it is another agent's."""

    def __init__(self) -> None:
        super().__init__("routing.offer_not_found")


class OfferOverError(ConflictError):
    """The offer is no longer open; the code says how it ended."""

    def __init__(self, state: str) -> None:
        # Each code stands here in full: the published list of codes is read off these very lines.
        super().__init__(
            {
                "open": "routing.offer_over",
                "accepted": "routing.offer_accepted",
                "declined": "routing.offer_declined",
                "expired": "routing.offer_expired",
                "withdrawn": "routing.offer_withdrawn",
            }[state]
        )


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed it since it was read."""

    def __init__(self) -> None:
        super().__init__("routing.changed_meanwhile")


class CirclesOutOfOrderError(InvalidError):
    """Each circle must join later than the one before."""

    def __init__(self) -> None:
        super().__init__("routing.circles_out_of_order")


class WrongOverflowError(InvalidError):
    """A queue may overflow only to another queue that exists."""

    def __init__(self, queue_id: str) -> None:
        super().__init__("routing.overflow_unknown", to_queue_id=queue_id)


class WrongCalendarError(InvalidError):
    """The queue names a calendar that does not exist."""

    def __init__(self, calendar_id: str) -> None:
        super().__init__("routing.calendar_unknown", calendar_id=calendar_id)
