"""The doors to one's own presence and pace: open to every agent, for themselves alone."""

from litestar import delete, get, post, put

from intercanal.infra.http.door import Door
from intercanal.people import service
from intercanal.people.live import AskPauseAfter, CancelPauseAfter, ChooseCapacity, PresenceChanged, SetPresence
from intercanal.people.schemas import CapacityBody, OwnState, PresenceBody, PresenceView


@get("/me", opt={"permission": "self"})
async def get_me(door: Door) -> OwnState:
    """Return one's own state."""
    agent_id = service.own_agent_id(door.principal)
    return await door.read(lambda uow: service.get_me(uow, agent_id))


@put("/me/presence", opt={"permission": "self"})
async def set_presence(door: Door, data: PresenceBody) -> PresenceView:
    """Be available, paused or offline, from now on."""
    agent_id = service.own_agent_id(door.principal)
    hours = None
    if data.state == "available":
        hours = await door.read(lambda uow: service.shift_hours(uow, agent_id))
    await door.submit(SetPresence(agent_id, data.state, hours))
    return PresenceView(data.state, pause_after=False)


@post("/me/pause-after", status_code=200, opt={"permission": "self"})
async def ask_pause_after(door: Door) -> PresenceView:
    """Be paused when the contact in hand is over, or now when there is none."""
    agent_id = service.own_agent_id(door.principal)
    outcome = await door.submit(AskPauseAfter(agent_id))
    paused = any(isinstance(event, PresenceChanged) for event in outcome.events)
    if outcome.events:
        return PresenceView("paused" if paused else "available", pause_after=not paused)
    return await door.read(lambda uow: service.get_presence(uow, agent_id))


@delete("/me/pause-after", status_code=200, opt={"permission": "self"})
async def cancel_pause_after(door: Door) -> PresenceView:
    """Go on after this contact after all."""
    agent_id = service.own_agent_id(door.principal)
    await door.submit(CancelPauseAfter(agent_id))
    return await door.read(lambda uow: service.get_presence(uow, agent_id))


@put("/me/capacity", opt={"permission": "self"})
async def choose_capacity(door: Door, data: CapacityBody) -> OwnState:
    """Choose how much at once, inside the bounds, and the rest between two contacts."""
    agent_id = service.own_agent_id(door.principal)
    await door.submit(ChooseCapacity(agent_id, data.capacities.given(), data.gap_s))
    return await door.read(lambda uow: service.get_me(uow, agent_id))


HANDLERS = [get_me, set_presence, ask_pause_after, cancel_pause_after, choose_capacity]
