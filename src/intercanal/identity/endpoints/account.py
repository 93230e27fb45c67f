"""What callers may do with their own account."""

from litestar import Response, delete, get, put

from intercanal.identity import service
from intercanal.identity.domain.limits import masked
from intercanal.identity.endpoints.desk import AnyRequest, Desk, address_of, session_cookie
from intercanal.identity.endpoints.sign_in import me_of, session_of
from intercanal.identity.errors import BadCredentialsError, SessionNotFoundError
from intercanal.identity.schemas import Me, OwnPassword, SessionView
from intercanal.identity.service.hashing import require_strong
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.door import Door
from intercanal.kernel.paging import Page


@get("/me", opt={"permission": "self"})
async def me(door: Door) -> Me:
    """Return who the caller is and what it may do."""
    return me_of(door.principal)


@put("/me/password", status_code=204, opt={"permission": "self"})
async def change_own_password(request: AnyRequest, door: Door, identity: Desk, data: OwnPassword) -> Response[None]:
    """Change one's own password: every session ends, and this browser gets a new one."""
    user_id, _ = session_of(door.principal)
    tenant_id, address = door.principal.tenant_id, address_of(request)
    identity.take_try(user_id, address)
    account = await door.read(lambda uow: service.account(uow, user_id))
    if not await identity.passwords.verify(account.password_hash, data.current, tenant_id):
        raise BadCredentialsError
    identity.give_back(user_id, address)
    require_strong(data.new, account.email, account.name)
    hashed = await identity.passwords.hash(data.new)

    async def change(uow: UnitOfWork) -> str:
        await service.change_password(uow, user_id, hashed)
        return service.open_session(uow, user_id, masked(address))

    token = await door.write_as(tenant_id, user_id, change)
    return Response(None, cookies=[session_cookie(token)])


@get("/me/sessions", opt={"permission": "self"})
async def my_sessions(door: Door) -> Page[SessionView]:
    """Return where the caller is signed in."""
    user_id, session_id = session_of(door.principal)
    return Page(await door.read(lambda uow: service.list_sessions(uow, user_id, session_id)))


@delete("/me/sessions/{session_id:str}", opt={"permission": "self"})
async def end_my_session(door: Door, session_id: str) -> None:
    """End one of the caller's sessions, on a machine they left behind."""
    user_id, _ = session_of(door.principal)
    if not await door.write(lambda uow: service.end_session(uow, user_id, session_id)):
        raise SessionNotFoundError


HANDLERS = (me, change_own_password, my_sessions, end_my_session)
