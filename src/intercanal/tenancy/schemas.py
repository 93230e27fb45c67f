"""Bodies and answers of the tenancy endpoints."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from intercanal.tenancy.domain.addresses import AddressKind
from intercanal.tenancy.domain.holidays import HolidayRule

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
Line = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$")]
Locale = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?(?!\n)$")]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9](-?[a-z0-9])*(?!\n)$", max_length=60)]
TimeOfDay = Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)(?!\n)$")]
Instant = Annotated[datetime, Meta(tz=True)]
Minutes = Annotated[int, Meta(ge=0, le=366 * 24 * 60)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Version = Annotated[int, Meta(ge=1)]


class NewTenant(Struct, frozen=True, forbid_unknown_fields=True):
    """What an organisation begins with; a slug is made from the name when none is given."""

    name: Name
    slug: Slug | None = None
    locale: Locale = "en"
    country: Country = "FR"


class TenantBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What an organisation may change of itself."""

    name: Name
    locale: Locale
    country: Country
    version: Version | None = None
    reason: Reason = ""


class TenantView(Struct, frozen=True):
    """An organisation."""

    id: str
    version: int
    name: str
    slug: str
    locale: str
    country: str


class Hours(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A span of one day; an end before its start is past midnight."""

    start: TimeOfDay
    end: TimeOfDay


class WeekHours(Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """A span of one weekday, to which it belongs even past midnight."""

    day: Day
    start: TimeOfDay
    end: TimeOfDay


class SpecialDay(Struct, frozen=True, forbid_unknown_fields=True):
    """A date with hours of its own."""

    date: date
    hours: Annotated[list[Hours], Meta(max_length=24)]


class CalendarBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Opening hours: the week, own closed dates, own special hours, and the public holidays kept."""

    name: Name
    timezone: Annotated[str, Meta(max_length=60)]
    hours: Annotated[list[WeekHours], Meta(max_length=168)]
    holidays: Annotated[list[date], Meta(max_length=1000)] = []
    special_days: Annotated[list[SpecialDay], Meta(max_length=1000)] = []
    public_holidays: HolidayRule | None = None
    version: Version | None = None
    reason: Reason = ""


class CalendarView(Struct, frozen=True):
    """A calendar in one of its versions, with who wrote it, when and why."""

    id: str
    version: int
    name: str
    timezone: str
    hours: list[WeekHours]
    holidays: list[date]
    special_days: list[SpecialDay]
    public_holidays: HolidayRule | None
    author_id: str | None
    at: datetime
    reason: str


class DueBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An instant, and a number of open minutes to let pass from it."""

    start: Instant
    minutes: Minutes


class Due(Struct, frozen=True):
    """The first instant by which the open minutes have passed."""

    due: datetime


class OpenAtBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The instant asked about."""

    at: Instant


class NextChange(Struct, frozen=True):
    """When a calendar next opens or closes."""

    at: datetime
    opens: bool


class OpenAt(Struct, frozen=True):
    """Whether a calendar is open, and when that changes; null when it does not in the two years ahead."""

    open: bool
    next_change: NextChange | None


class SiteBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A place where agents work."""

    name: Name
    country: Country
    timezone: Annotated[str, Meta(max_length=60)]
    postal_address: Line | None = None
    reason: Reason = ""


class SiteView(Struct, frozen=True):
    """A site."""

    id: str
    version: int
    name: str
    country: str
    timezone: str
    postal_address: str | None


class EmployerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A company that employs agents; `registration` is its number in its country's register."""

    name: Name
    country: Country
    registration: Line | None = None
    reason: Reason = ""


class EmployerView(Struct, frozen=True):
    """An employer."""

    id: str
    version: int
    name: str
    country: str
    registration: str | None


class AddressBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A mail address, mail domain or phone number that the tenant says is its own."""

    kind: AddressKind
    value: Annotated[str, Meta(min_length=1, max_length=320)]
    label: Line | None = None
    site_id: str | None = None
    reason: Reason = ""


class AddressView(Struct, frozen=True):
    """An owned address, in normal form."""

    id: str
    version: int
    kind: str
    value: str
    label: str | None
    site_id: str | None
