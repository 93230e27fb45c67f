"""The events that screens are told, as one union: the API's description carries it, and clients are typed by it."""

from typing import Final, get_args

from intercanal.interactions import live as interactions
from intercanal.kernel.live import Event, World
from intercanal.mail import live as mail
from intercanal.people import live as people
from intercanal.routing import live as routing

DesktopEvent = (
    people.AgentConfigured
    | people.PresenceChanged
    | people.PauseAfterAsked
    | people.PauseAfterCancelled
    | people.CapacityChosen
    | people.ConnectionOpened
    | people.ConnectionLost
    | people.AbsenceDeclared
    | interactions.Opened
    | interactions.Queued
    | interactions.Offered
    | interactions.Held
    | interactions.MessageReceived
    | interactions.MessageSent
    | interactions.NoteAdded
    | interactions.WrappedUp
    | interactions.Scheduled
    | interactions.Transferred
    | interactions.Closed
    | routing.OfferMade
    | routing.OfferAccepted
    | routing.OfferDeclined
    | routing.OfferExpired
    | routing.OfferWithdrawn
    | mail.OutgoingSent
    | mail.DeliveryDeferred
    | mail.DeliveryFailed
)

_TOLD: Final[frozenset[type[Event]]] = frozenset(get_args(DesktopEvent))


def addressees(world: World, event: Event) -> tuple[str, ...]:
    """Say whose screens an event concerns: the agent it names, and whoever holds or is offered the work it names."""
    if type(event) not in _TOLD:
        return ()
    named: list[str] = []
    if agent_id := getattr(event, "agent_id", None):
        named.append(agent_id)
    if interaction_id := getattr(event, "interaction_id", None):
        row = world.store(interactions.InteractionRow).get(interaction_id)
        if row is not None:
            named.extend(each for each in (row.agent_id, row.offered_to) if each)
    return tuple(dict.fromkeys(named))
