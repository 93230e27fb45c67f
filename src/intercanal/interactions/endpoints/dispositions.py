"""The doors to dispositions."""

from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import Parameter

from intercanal.infra.http.door import Door
from intercanal.interactions import service
from intercanal.interactions.schemas import DispositionBody, DispositionView, Reason
from intercanal.kernel.paging import Page

Limit = Annotated[int | None, Parameter(ge=1)]


@post("/dispositions", opt={"permission": "interactions.configure"})
async def create_disposition(door: Door, data: DispositionBody) -> DispositionView:
    """Add a disposition."""
    return await door.write(lambda uow: service.create_disposition(uow, data))


@get("/dispositions", opt={"permission": "interactions.read"})
async def list_dispositions(door: Door, cursor: str | None = None, limit: Limit = None) -> Page[DispositionView]:
    """Return the dispositions in use."""
    return await door.read(lambda uow: service.list_dispositions(uow, cursor, limit))


@get("/dispositions/{disposition_id:str}", opt={"permission": "interactions.read"})
async def get_disposition(door: Door, disposition_id: str) -> DispositionView:
    """Return a disposition."""
    return await door.read(lambda uow: service.get_disposition(uow, disposition_id))


@put("/dispositions/{disposition_id:str}", opt={"permission": "interactions.configure"})
async def change_disposition(door: Door, disposition_id: str, data: DispositionBody) -> DispositionView:
    """Rename a disposition."""
    return await door.write(lambda uow: service.change_disposition(uow, disposition_id, data))


@delete("/dispositions/{disposition_id:str}", opt={"permission": "interactions.configure"})
async def retire_disposition(door: Door, disposition_id: str, reason: Reason = "") -> None:
    """Offer a disposition no more."""
    await door.write(lambda uow: service.retire_disposition(uow, disposition_id, reason))


HANDLERS = [create_disposition, list_dispositions, get_disposition, change_disposition, retire_disposition]
