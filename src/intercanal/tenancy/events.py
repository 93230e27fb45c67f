"""Facts that tenancy publishes; ids only."""

from intercanal.kernel.live import Event


class TenantCreated(Event, frozen=True, tag="tenancy.tenant_created"):
    """An organisation can begin to work."""

    tenant_id: str


class TenantChanged(Event, frozen=True, tag="tenancy.tenant_changed"):
    """The name, language or country of the organisation changed."""

    version: int


class CalendarChanged(Event, frozen=True, tag="tenancy.calendar_changed"):
    """A calendar opens and closes at other times now: whoever took its data takes it again."""

    calendar_id: str
    version: int


class PlaceChanged(Event, frozen=True, tag="tenancy.place_changed"):
    """A site, employer or owned address was added, changed or retired; `kind` says which."""

    kind: str
    id: str
    version: int
