"""Recognises tokens without a query per request: what was verified is believed for five seconds at most.

Look-ups are gathered: while one query of a tenant runs, the next tokens wait and go together, with those in use whose
five seconds are over. So a tenant of 500 busy agents costs one small query every five seconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from intercanal.identity import service
from intercanal.identity.domain.tokens import Kind, Token, parse
from intercanal.identity.errors import BadTokenError
from intercanal.identity.events import RightsChanged, SessionEnded
from intercanal.infra.bus.port import Bus, Subscription
from intercanal.infra.db.database import Database
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.outbox.delivery import Published
from intercanal.kernel.ids import TenantId

FRESH_S = 5.0
MAX_BATCH = 500
SUBJECTS = ("log.*.identity.session_ended", "log.*.identity.rights_changed")

_KINDS: dict[CredentialScope, frozenset[Kind]] = {
    "bearer": frozenset({Kind.KEY, Kind.AGENT}),
    "cookie": frozenset({Kind.SESSION}),
    "ticket": frozenset({Kind.TICKET}),
}


class _Known(msgspec.Struct):
    token: Token
    access: service.Access
    verified: float
    was_used: bool = True


class _Batch(msgspec.Struct):
    tokens: dict[bytes, Token]
    done: asyncio.Future[dict[bytes, service.Access]]


class TokenAuthenticator:
    """The authenticator of the HTTP doors: bounded, never staler than five seconds, told at once by the bus."""

    def __init__(
        self,
        database: Database,
        catalogue: frozenset[str],
        size: int = 50_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._catalogue = catalogue
        self._size = size
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._of_tenant: dict[TenantId, set[bytes]] = {}
        self._gathering: dict[TenantId, _Batch] = {}
        self._running: dict[TenantId, asyncio.Task[None]] = {}
        self._changes: dict[TenantId, int] = {}
        self.lookups = 0

    async def __call__(self, credential: str, scope: CredentialScope) -> Principal | None:
        """Recognise a credential; None when it opens nothing (any more), or is of a kind that this way in refuses."""
        token = parse(credential)
        if token is None or token.kind not in _KINDS[scope]:
            return None
        if token.kind is Kind.TICKET:
            return await self._redeem(token.tenant_id, credential)
        known = self._known.get(token.digest)
        if known is not None and self._is_fresh(known):
            known.was_used = True
            self._known.move_to_end(token.digest)
            return known.access.principal
        access = (await asyncio.shield(self._join(token))).get(token.digest)
        return access.principal if access is not None else None

    async def still_good(self, principal: Principal) -> Principal | None:
        """Look at the caller of an open socket again, with today's rights; counts as use of its session."""
        if principal.credential_id is None:
            return None
        async with self._database.unit_of_work(principal.tenant_id) as uow:
            found = await service.recheck(uow, principal.kind, principal.credential_id, self._catalogue)
            await uow.commit()
        return found

    async def listen(self, bus: Bus) -> list[Subscription]:
        """Hear from every process what was revoked; without it a revocation takes up to five seconds."""
        return [await bus.subscribe(subject, self.hear) for subject in SUBJECTS]

    async def hear(self, _subject: str, body: bytes) -> None:
        """Forget what a published fact says is over."""
        published = msgspec.json.decode(body, type=Published)
        event = msgspec.json.decode(published.event, type=SessionEnded | RightsChanged)
        self.forget(published.tenant_id, event.credential_id if isinstance(event, SessionEnded) else None)

    def forget(self, tenant_id: TenantId, credential_id: str | None = None) -> None:
        """Forget one credential of a tenant, or all of them."""
        self._changes[tenant_id] = self._changes.get(tenant_id, 0) + 1
        for digest in list(self._of_tenant.get(tenant_id, ())):
            if credential_id in {None, self._known[digest].access.principal.credential_id}:
                self._drop(digest)

    def __len__(self) -> int:
        return len(self._known)

    def _is_fresh(self, known: _Known) -> bool:
        until = known.access.until
        return self._monotonic() - known.verified < FRESH_S and (until is None or self._database.clock.now() < until)

    async def _redeem(self, tenant_id: TenantId, ticket: str) -> Principal | None:
        async with self._database.unit_of_work(tenant_id) as uow:
            try:
                principal = await service.redeem_ticket(uow, ticket, self._catalogue)
            except BadTokenError:
                return None
            await uow.commit()
        return principal

    def _join(self, token: Token) -> asyncio.Future[dict[bytes, service.Access]]:
        batch = self._gathering.get(token.tenant_id)
        if batch is None:
            batch = _Batch({}, asyncio.get_running_loop().create_future())
            self._gathering[token.tenant_id] = batch
        batch.tokens[token.digest] = token
        if token.tenant_id not in self._running:
            self._running[token.tenant_id] = asyncio.create_task(self._run(token.tenant_id))
        return batch.done

    async def _run(self, tenant_id: TenantId) -> None:
        while (batch := self._gathering.pop(tenant_id, None)) is not None:
            try:
                found = await self._look_up(tenant_id, batch.tokens)
            except Exception as error:  # noqa: BLE001 - whoever waits for the answer is the one to meet the error
                batch.done.set_exception(error)
                batch.done.exception()
            else:
                batch.done.set_result(found)
        del self._running[tenant_id]

    async def _look_up(self, tenant_id: TenantId, asked: dict[bytes, Token]) -> dict[bytes, service.Access]:
        self.lookups += 1
        tokens = self._stale_ones(tenant_id, MAX_BATCH - len(asked)) | asked
        change, verified = self._changes.get(tenant_id, 0), self._monotonic()
        async with self._database.unit_of_work(tenant_id) as uow:
            found = await service.open_digests(uow, tokens.values(), self._catalogue)
            await uow.commit()
        is_current = change == self._changes.get(tenant_id, 0)
        for digest, token in tokens.items():
            self._drop(digest)
            if is_current and digest in found:
                self._keep(_Known(token, found[digest], verified, was_used=digest in asked))
        return found

    def _stale_ones(self, tenant_id: TenantId, room: int) -> dict[bytes, Token]:
        stale: dict[bytes, Token] = {}
        for digest in list(self._of_tenant.get(tenant_id, ())):
            known = self._known[digest]
            if self._is_fresh(known):
                continue
            if known.was_used and len(stale) < room:
                stale[digest] = known.token
            elif not known.was_used:
                self._drop(digest)
        return stale

    def _keep(self, known: _Known) -> None:
        digest, tenant_id = known.token.digest, known.token.tenant_id
        self._known[digest] = known
        self._of_tenant.setdefault(tenant_id, set()).add(digest)
        while len(self._known) > self._size:
            self._drop(next(iter(self._known)))

    def _drop(self, digest: bytes) -> None:
        known = self._known.pop(digest, None)
        if known is None:
            return
        mine = self._of_tenant[known.token.tenant_id]
        mine.discard(digest)
        if not mine:
            del self._of_tenant[known.token.tenant_id]
