"""What may be asked of the live core about queues and offers."""

import msgspec

from intercanal.kernel.live import Command
from intercanal.routing.live.rows import DEFAULT_OFFER_TIMEOUT_S, Circle, Overflow
from intercanal.tenancy.live import CalendarSpec


class ConfigureQueue(Command, frozen=True, kw_only=True, tag="routing.configure_queue"):
    """Take the settings of a queue; an older version than the known one changes nothing.

    The first circle is who serves at once, each later one who joins after a wait. Without a calendar it never closes.
    """

    queue_id: str
    version: int
    circles: list[Circle]
    priority: int = 0
    targets: dict[str, int] = msgspec.field(default_factory=dict)
    offer_timeout_s: int = DEFAULT_OFFER_TIMEOUT_S
    calendar: CalendarSpec | None = None
    overflow: Overflow | None = None
    retired: bool = False


class AcceptOffer(Command, frozen=True, tag="routing.accept_offer"):
    """The agent takes what they are shown; taking it twice is taking it once."""

    offer_id: str
    agent_id: str


class DeclineOffer(Command, frozen=True, tag="routing.decline_offer"):
    """The agent says not now; they are paused until they say that they are available again."""

    offer_id: str
    agent_id: str
