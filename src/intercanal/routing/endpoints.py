"""The HTTP doors of routing."""

from typing import Annotated, Literal

from litestar import Router, delete, get, post, put
from litestar.params import Parameter

from intercanal.infra.http.door import Door
from intercanal.kernel.live import Command, Refused
from intercanal.kernel.paging import Page
from intercanal.people import service as people
from intercanal.routing import service
from intercanal.routing.live import AcceptOffer, DeclineOffer
from intercanal.routing.schemas import Answered, DecisionView, Nothing, QueueBody, QueueLive, QueueView, Why

Limit = Annotated[int | None, Parameter(ge=1)]


@post("/queues", opt={"permission": "routing.configure"})
async def create_queue(door: Door, data: QueueBody) -> QueueView:
    """Make a queue; a name is enough. Answers once work can be sent to it."""
    return await door.write(lambda uow: service.create_queue(uow, data))


@get("/queues", opt={"permission": "routing.read"})
async def list_queues(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[QueueView]:
    """Return the queues in the order they were made."""
    return await door.read(lambda uow: service.list_queues(uow, cursor, limit))


@get("/queues/{queue_id:str}", opt={"permission": "routing.read"})
async def get_queue(door: Door, queue_id: str) -> QueueView:
    """Return a queue."""
    return await door.read(lambda uow: service.get_queue(uow, queue_id))


@get("/queues/{queue_id:str}/versions", opt={"permission": "routing.read"})
async def queue_versions(door: Door, queue_id: str) -> Page[QueueView]:
    """Return every version of a queue's settings, the newest first, with author, date and reason."""
    return Page(await door.read(lambda uow: service.queue_versions(uow, queue_id)))


@put("/queues/{queue_id:str}", opt={"permission": "routing.configure"})
async def change_queue(door: Door, queue_id: str, data: QueueBody) -> QueueView:
    """Change a queue's settings."""
    return await door.write(lambda uow: service.change_queue(uow, queue_id, data))


@delete("/queues/{queue_id:str}", opt={"permission": "routing.configure"})
async def retire_queue(door: Door, queue_id: str, reason: Why = "") -> None:
    """Send a queue no more work; what waits in it is still served."""
    await door.write(lambda uow: service.retire_queue(uow, queue_id, reason))


@get("/queues/{queue_id:str}/live", opt={"permission": "routing.read"})
async def look_at_queue(door: Door, queue_id: str) -> QueueLive:
    """Return what waits in a queue now, in the order in which it is served and why, and how many agents there are."""
    return await door.read(lambda uow: service.look_at_queue(uow, queue_id))


@get("/decisions/{offer_id:str}", opt={"permission": "routing.read"})
async def get_decision(door: Door, offer_id: str) -> DecisionView:
    """Return why an offer was made: why this agent, why now, who was second."""
    return await door.read(lambda uow: service.get_decision(uow, offer_id))


@post("/offers/{offer_id:str}/accept", status_code=200, opt={"permission": "routing.work"})
async def accept_offer(door: Door, offer_id: str, data: Nothing) -> Answered:
    """Take what one is shown; taking it twice is taking it once."""
    agent_id = people.own_agent_id(door.principal)
    return await _answer(door, AcceptOffer(offer_id, agent_id), (offer_id, agent_id), "accepted")


@post("/offers/{offer_id:str}/decline", status_code=200, opt={"permission": "routing.work"})
async def decline_offer(door: Door, offer_id: str, data: Nothing) -> Answered:
    """Say not now: the work returns to its place, and one is paused until one is available again."""
    agent_id = people.own_agent_id(door.principal)
    return await _answer(door, DeclineOffer(offer_id, agent_id), (offer_id, agent_id), "declined")


async def _answer(
    door: Door, command: Command, whose: tuple[str, str], wanted: Literal["accepted", "declined"]
) -> Answered:
    try:
        sequence = (await door.submit(command)).sequence
    except Refused as error:
        if error.code != "routing.offer_unknown":
            raise
        await door.read(lambda uow: service.after_refusal(uow, *whose, wanted))
        sequence = 0
    return Answered(whose[0], wanted, sequence)


router = Router(
    path="/api/routing",
    tags=["routing"],
    route_handlers=[
        create_queue, list_queues, get_queue, queue_versions, change_queue, retire_queue, look_at_queue,
        get_decision, accept_offer, decline_offer,
    ],
)  # fmt: skip
