"""Signing in, out, and back in after a forgotten password: the doors that know nobody yet."""

from litestar import Response, post

from intercanal.identity import service
from intercanal.identity.domain.limits import masked
from intercanal.identity.domain.tokens import Kind, parse
from intercanal.identity.endpoints.desk import (
    AnyRequest,
    Desk,
    account_key,
    address_of,
    no_session_cookie,
    presented_session,
    session_cookie,
)
from intercanal.identity.errors import BadCredentialsError, BadTokenError, NotASessionError
from intercanal.identity.schemas import Me, ResetUse, ResetWish, SignIn
from intercanal.identity.service import Account
from intercanal.identity.service.hashing import require_strong
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.door import Door
from intercanal.infra.http.principal import Principal
from intercanal.kernel.ids import TenantId

UNKNOWN = TenantId("unknown")


@post("/sign-in", status_code=200, opt={"permission": "public"})
async def sign_in(request: AnyRequest, door: Door, identity: Desk, data: SignIn) -> Response[Me]:
    """Check an e-mail and password and begin a session, carried by a cookie."""
    address, tried = address_of(request), account_key(data.tenant, data.email)
    identity.take_try(tried, address)
    tenant_id = await identity.find_tenant(data.tenant)
    account = await identity.find_account(tenant_id, data.email)
    stored = account.password_hash if account else None
    fits = await identity.passwords.verify(stored, data.password, tenant_id or UNKNOWN)
    if tenant_id is None:
        raise BadCredentialsError
    if account is None or not fits:
        await _note_failure(door, tenant_id, account, address)
        raise BadCredentialsError
    identity.give_back(tried, address)
    renewed = await identity.passwords.hash(data.password) if account.needs_rehash else None
    user_id = account.id

    async def begin(uow: UnitOfWork) -> tuple[str, Principal]:
        checked = await service.account(uow, user_id)
        if checked.password_hash != stored:
            raise BadCredentialsError
        if renewed is not None:
            await service.renew_hash(uow, checked, renewed)
        await service.end_session_of(uow, presented_session(request), "signed_in_anew")
        token = service.open_session(uow, user_id, masked(address))
        service.note_sign_in(uow, user_id, masked(address))
        return token, await service.principal_of_session(uow, token, identity.catalogue)

    token, principal = await door.write_as(tenant_id, user_id, begin)
    return Response(me_of(principal), cookies=[session_cookie(token)], headers={"cache-control": "no-store"})


@post("/sign-out", status_code=204, opt={"permission": "self"})
async def sign_out(door: Door) -> Response[None]:
    """End this session."""
    user_id, session_id = session_of(door.principal)
    await door.write_as(door.principal.tenant_id, user_id, lambda uow: service.end_session(uow, user_id, session_id))
    return Response(None, cookies=[no_session_cookie()])


@post("/sign-out-everywhere", status_code=204, opt={"permission": "self"})
async def sign_out_everywhere(door: Door) -> Response[None]:
    """End every session of the caller, on every machine."""
    user_id, _ = session_of(door.principal)
    await door.write_as(door.principal.tenant_id, user_id, lambda uow: service.end_all_sessions(uow, user_id))
    return Response(None, cookies=[no_session_cookie()])


@post("/password-resets", status_code=202, opt={"permission": "public"})
async def ask_for_reset(request: AnyRequest, door: Door, identity: Desk, data: ResetWish) -> None:
    """Send a reset mail if the e-mail is a user's; the answer is the same if it is not."""
    tried = account_key(data.tenant, data.email)
    identity.take_try(tried, address_of(request))
    tenant_id = await identity.find_tenant(data.tenant)
    if tenant_id is not None and identity.take_reset(tried):
        await door.write_as(tenant_id, None, lambda uow: service.request_reset(uow, data.email))


@post("/password-resets/use", status_code=204, opt={"permission": "public"})
async def use_reset(request: AnyRequest, door: Door, identity: Desk, data: ResetUse) -> None:
    """Set a new password with the token of a reset mail; every session ends."""
    token = parse(data.token)
    identity.take_try("reset", address_of(request))
    if token is None or token.kind is not Kind.RESET:
        raise BadTokenError
    async with identity.database.unit_of_work(token.tenant_id, read_only=True) as uow:
        account = await service.account_of_reset(uow, data.token)
    require_strong(data.password, account.email, account.name)
    hashed = await identity.passwords.hash(data.password)
    await door.write_as(token.tenant_id, account.id, lambda uow: service.reset_password(uow, data.token, hashed))


def session_of(principal: Principal) -> tuple[str, str]:
    """Return the user and session of a caller who signed in; a key or token has neither."""
    if principal.kind != "user" or principal.credential_id is None:
        raise NotASessionError
    return principal.id, principal.credential_id


def me_of(principal: Principal) -> Me:
    """Tell a caller who they are."""
    return Me(principal.tenant_id, principal.id, principal.kind, principal.agent_id, sorted(principal.permissions))


async def _note_failure(door: Door, tenant_id: TenantId, account: Account | None, address: str) -> None:
    user_id = account.id if account else None

    async def note(uow: UnitOfWork) -> None:
        service.note_failed_sign_in(uow, user_id, masked(address))

    await door.write_as(tenant_id, None, note)


HANDLERS = (sign_in, sign_out, sign_out_everywhere, ask_for_reset, use_reset)
