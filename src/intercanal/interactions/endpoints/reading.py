"""The doors through which interactions are read."""

from typing import Annotated

from litestar import get
from litestar.params import Parameter, QueryParameter

from intercanal.infra.http.door import Door
from intercanal.interactions import service
from intercanal.interactions.live import Channel, State
from intercanal.interactions.schemas import InteractionSummary, InteractionView, TimelineItem
from intercanal.interactions.service import Filter
from intercanal.kernel.paging import Page

Limit = Annotated[int | None, Parameter(ge=1)]


async def wanted(
    channel: Channel | None = None,
    in_state: Annotated[State | None, QueryParameter(name="state")] = None,
    queue_id: str | None = None,
    agent_id: str | None = None,
    customer_id: str | None = None,
    external_id: str | None = None,
) -> Filter:
    """Read the filters of a list off the query."""
    return Filter(
        channel=channel,
        state=in_state,
        queue_id=queue_id,
        agent_id=agent_id,
        customer_id=customer_id,
        external_id=external_id,
    )


@get("/", opt={"permission": "interactions.read"}, dependencies={"wanted": wanted})
async def list_interactions(
    door: Door, wanted: Filter, cursor: str | None = None, limit: Limit = None
) -> Page[InteractionSummary]:
    """Return interactions, the newest first; `external_id` is that of any of their messages."""
    return await door.read(lambda uow: service.list_interactions(uow, wanted, cursor, limit))


@get("/{interaction_id:str}", opt={"permission": "interactions.read"})
async def get_interaction(door: Door, interaction_id: str) -> InteractionView:
    """Return an interaction with its messages."""
    return await door.read(lambda uow: service.get_interaction(uow, interaction_id))


@get("/conversations/{conversation_id:str}/timeline", opt={"permission": "interactions.read"})
async def get_timeline(
    door: Door, conversation_id: str, cursor: str | None = None, limit: Limit = None
) -> Page[TimelineItem]:
    """Return the story of a conversation, over all its interactions and channels."""
    return await door.read(lambda uow: service.get_timeline(uow, conversation_id, cursor, limit))


HANDLERS = [list_interactions, get_interaction, get_timeline]
