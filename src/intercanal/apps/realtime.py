"""The screens' door: a snapshot with its sequence, then the events after it over a WebSocket."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import Router, WebSocket, get, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import QueryParameter
from sqlalchemy import select

from intercanal.apps.desktop import DesktopEvent
from intercanal.identity import service as identity
from intercanal.identity.endpoints.authenticator import SUBJECTS, TokenAuthenticator
from intercanal.identity.events import RightsChanged, SessionEnded
from intercanal.infra.bus.port import Bus
from intercanal.infra.bus.port import Subscription as BusSubscription
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.feature import Feature
from intercanal.infra.http.door import Door
from intercanal.infra.http.guard import SELF
from intercanal.infra.http.principal import Principal, principal_of
from intercanal.infra.live.client import Live
from intercanal.infra.live.tables import LiveDomain
from intercanal.infra.outbox.delivery import Published
from intercanal.infra.realtime.hub import RESET, REVOKED, Ended, GapError, Hub, Subscription
from intercanal.interactions import service as interactions
from intercanal.interactions.schemas import InteractionSummary
from intercanal.kernel.clock import SystemClock
from intercanal.kernel.errors import ConflictError, IntercanalError, TooManyError, UnavailableError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.people import live as people
from intercanal.people import service as people_service
from intercanal.people.schemas import PresenceView
from intercanal.routing import service as routing
from intercanal.routing.schemas import OfferView

log = structlog.get_logger(__name__)

RECHECK_S: Final = 600.0
TOLD_AGAIN_S: Final = (0.5, 1.0, 2.0, 4.0)
FRAMES_A_SECOND: Final = 20
WORK_SHOWN: Final = 200


class Snapshot(msgspec.Struct, frozen=True):
    """What a screen needs to begin; everything after `sequence` comes over the socket."""

    sequence: int
    presence: PresenceView | None
    offers: list[OfferView]
    work: list[InteractionSummary]


class Ticket(msgspec.Struct, frozen=True):
    """Opens one socket, once, within a minute; null when the request is a repeat."""

    ticket: str | None


class Frame(msgspec.Struct, frozen=True):
    """One event as the socket carries it; `previous` is the sequence of the one before it in this subscription."""

    sequence: int
    previous: int
    at: datetime
    event: DesktopEvent


class Frames(msgspec.Struct, frozen=True):
    """What concerns the caller since a sequence; `sequence` is how far that goes."""

    sequence: int
    frames: list[Frame]


OpenDomain = Callable[[TenantId], Awaitable[object]]

_frames = msgspec.json.Decoder(Frame)


class Sockets:
    """What a socket needs: who is told what, the live core, and whether a caller is still good."""

    def __init__(self, hub: Hub, live: Live, authenticator: TokenAuthenticator, open_domain: OpenDomain) -> None:
        self.hub = hub
        self.live = live
        self.authenticator = authenticator
        self._open_domain = open_domain

    async def prepare(self, tenant_id: TenantId, after: int) -> None:
        """See that the tenant's live work has begun here, and has come as far as the caller's snapshot."""
        await self._open_domain(tenant_id)
        await self.hub.reach(tenant_id, after)

    async def listen(self, bus: Bus) -> list[BusSubscription]:
        """Hear from every process whose rights ended or changed: those sockets close at once."""
        return [await bus.subscribe(subject, self._hear) for subject in SUBJECTS]

    async def _hear(self, _subject: str, body: bytes) -> None:
        published = msgspec.json.decode(body, type=Published)
        event = msgspec.json.decode(published.event, type=SessionEnded | RightsChanged)
        # Other rights: every screen of the tenant comes back by itself, and is looked at as it does.
        self.hub.end(published.tenant_id, event.credential_id if isinstance(event, SessionEnded) else None)


async def take_snapshot(uow: UnitOfWork, agent_id: str | None) -> Snapshot:
    """Read everything in one repeatable-read transaction, so that it belongs to one sequence."""
    found = await uow.session.scalar(select(LiveDomain.last_sequence).where(LiveDomain.tenant_id == uow.tenant_id))
    if agent_id is None:
        return Snapshot(found or 0, None, [], [])
    held = await interactions.list_interactions(
        uow, interactions.Filter(agent_id=agent_id, state="held"), None, WORK_SHOWN
    )
    return Snapshot(
        found or 0,
        await people_service.get_presence(uow, agent_id),
        await routing.open_offers(uow, agent_id),
        list(held.items),
    )


@get("/snapshot", opt={"permission": SELF})
async def snapshot(door: Door) -> Snapshot:
    """Return what the caller's screen needs to begin."""
    return await door.read(lambda uow: take_snapshot(uow, door.principal.agent_id))


@post("/ticket", opt={"permission": SELF})
async def ticket(door: Door) -> Ticket:
    """Give a one-time ticket for the socket, for pages that cannot send a header with it."""

    async def use_case(uow: UnitOfWork) -> Ticket:
        return Ticket(await identity.issue_ticket(uow, door.principal))

    return await door.write(use_case, secrets=("ticket",))


@get("/frames", opt={"permission": SELF})
async def frames(door: Door, sockets: Sockets, after: Annotated[int, QueryParameter(ge=0)]) -> Frames:
    """Catch up without a socket: the frames just after a sequence, or 409 `realtime.gap` when a snapshot is due."""
    asker = door.principal
    await sockets.prepare(asker.tenant_id, after)
    try:
        sequence, missed = sockets.hub.since(asker.tenant_id, asker.agent_id or asker.id, after)
    except GapError as error:
        raise ConflictError("realtime.gap") from error
    return Frames(sequence, [_frames.decode(frame) for frame in missed])


@websocket("/", opt={"permission": SELF})
async def follow(
    socket: WebSocket[Any, Any, Any], sockets: Sockets, after: Annotated[int, QueryParameter(ge=0)]
) -> None:
    """Send what concerns the caller, from just after a sequence; a gap closes with 4009: take a snapshot again."""
    principal = principal_of(socket.scope)  # type: ignore[arg-type]  # a typed dict is a mapping
    await socket.accept()
    address = principal.agent_id or principal.id
    await sockets.prepare(principal.tenant_id, after)
    try:
        subscription = sockets.hub.attach(principal.tenant_id, address, after, principal.credential_id or "")
    except GapError:
        await socket.close(RESET.code, RESET.reason)
        return
    connection_id = new_id(SystemClock().now())
    try:
        if not await _tell(sockets.live, principal, opened=connection_id):
            subscription.end(RESET)
        await _serve(socket, sockets, principal, subscription)
    finally:
        sockets.hub.detach(subscription)
        await _tell_lost(sockets.live, principal, connection_id)


async def _tell_lost(live: Live, principal: Principal, connection_id: str) -> None:
    """Let the live core know that a screen went, again while it is too busy to hear: it must not count as there."""
    for wait_s in TOLD_AGAIN_S:
        if await _tell(live, principal, lost=connection_id):
            return
        await _pause(wait_s)


async def _tell(live: Live, principal: Principal, *, opened: str | None = None, lost: str | None = None) -> bool:
    """Let the live core know that a screen came or went: a lost one stops new offers at once."""
    if principal.agent_id is None:
        return True
    command = (
        people.OpenConnection(principal.agent_id, opened)
        if opened
        else people.LoseConnection(principal.agent_id, lost or "")
    )
    try:
        await asyncio.shield(live.submit(principal.tenant_id, command, actor=principal.id))
    except IntercanalError as error:
        log.info("realtime.connection_not_told", code=error.code)
        return not isinstance(error, UnavailableError | TooManyError)
    return True


async def _serve(
    socket: WebSocket[Any, Any, Any], sockets: Sockets, principal: Principal, subscription: Subscription
) -> None:
    tasks = {
        asyncio.create_task(_send(socket, subscription)),
        asyncio.create_task(_drain(socket)),
        asyncio.create_task(_recheck(sockets.authenticator, principal, subscription)),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: WebSocket[Any, Any, Any], subscription: Subscription) -> None:
    while True:
        entry = await subscription.waiting.get()
        if isinstance(entry, Ended):
            await socket.close(entry.code, entry.reason)
            return
        await socket.send_text(entry)


async def _drain(socket: WebSocket[Any, Any, Any]) -> None:
    """Read what the screen sends, which means nothing here, until it goes; one that floods is let go."""
    loop = asyncio.get_running_loop()
    second, frames = int(loop.time()), 0
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_data("text")
            second, frames = (second, frames + 1) if int(loop.time()) == second else (int(loop.time()), 1)
            if frames > FRAMES_A_SECOND:
                return


async def _recheck(authenticator: TokenAuthenticator, principal: Principal, subscription: Subscription) -> None:
    """Look at the caller again now and then: a revocation is heard at once over the bus, this is for a lost message."""
    while True:
        await _pause(RECHECK_S)
        try:
            still = await authenticator.still_good(principal)
        except IntercanalError:
            continue
        if still is None:
            subscription.end(REVOKED)
            return


async def _pause(seconds: float) -> None:
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(never, seconds)


router = Router(path="/api/realtime", tags=["realtime"], route_handlers=[snapshot, ticket, frames])
socket_router = Router(path="/api/realtime", route_handlers=[follow])

REALTIME: Final = Feature(name="realtime", routers=(router,), sockets=(socket_router,))
