"""The refusals of this feature."""

from intercanal.kernel.errors import ConflictError, InvalidError


class CalendarNeverOpensError(ConflictError):
    """A due time was asked of a calendar that has no open minute in all the years searched."""

    def __init__(self, searched_until: str) -> None:
        super().__init__("tenancy.calendar_never_opens", searched_until=searched_until)


class DueTooFarError(ConflictError):
    """The calendar does open, but not enough for so many minutes in the years searched."""

    def __init__(self, searched_until: str) -> None:
        super().__init__("tenancy.due_too_far", searched_until=searched_until)


class CalendarInvalidError(InvalidError):
    """A calendar was described wrongly; the facts name what it held."""


class AddressInvalidError(InvalidError):
    """A mail address, domain or phone number that cannot exist; its words stay out of the facts."""

    def __init__(self, kind: str) -> None:
        super().__init__("tenancy.address_invalid", kind=kind)
