"""The one door of a handler: it opens the unit of work, commits, and carries out what was left for after."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request

from intercanal.infra.db.database import Database
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http import idempotency
from intercanal.infra.http.idempotency import Kept, RequestKey
from intercanal.infra.http.principal import Principal, principal_of
from intercanal.infra.live.client import Key, Live, Outcome
from intercanal.infra.outbox.delivery import Delivery
from intercanal.kernel.ids import TenantId
from intercanal.kernel.live import Command, Words

Value = TypeVar("Value")
UseCase = Callable[[UnitOfWork], Awaitable[Value]]


class Replay(Exception):  # noqa: N818 - no error: the first answer, given again
    """Ends a repeated request with the answer its first try was given."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept


class DoorServices(msgspec.Struct, frozen=True):
    """What doors are made of; `secret` is the installation's own key, which keeps stored hashes from being guessed."""

    database: Database
    live: Live
    delivery: Delivery
    secret: bytes


class Door:
    """What one request may do: read, write settings, or submit a command to the live core."""

    def __init__(self, request: Request[Any, Any, Any], services: DoorServices) -> None:
        self._request = request
        self._services = services

    @property
    def principal(self) -> Principal:
        """Return who asks; raises `UnauthenticatedError` on a public endpoint."""
        return principal_of(self._request.scope)  # type: ignore[arg-type]  # a typed dict is a mapping

    async def read(self, use_case: UseCase[Value]) -> Value:
        """Run a reading use case on one snapshot of the caller's tenant; the database refuses any change."""
        asker = self.principal
        database = self._services.database
        async with database.unit_of_work(asker.tenant_id, asker.id, "REPEATABLE READ", read_only=True) as uow:
            return await use_case(uow)

    async def write(self, use_case: UseCase[Value], secrets: Collection[str] = ()) -> Value:
        """Run a changing use case, commit, carry out what it left, and return its value: the body of the answer.

        With an Idempotency-Key the value is kept for a day and given to repeats, without the fields in `secrets`.
        """
        asker = self.principal
        key = await self._key(asker)
        async with self._services.database.unit_of_work(asker.tenant_id, asker.id) as uow:
            kept = None if key is None else await idempotency.claim(uow, key)
            if kept is None:
                value = await use_case(uow)
                if key is not None:
                    answer = idempotency.without_secrets(value, secrets)
                    await idempotency.keep(uow, key, self._status(), answer)
                await uow.commit()
        if kept is not None:
            if kept.owed:
                await self._services.delivery.hand_over_rows(asker.tenant_id, kept.owed)
            raise Replay(kept)
        await self._services.delivery.carry_out(uow)
        return value

    async def write_as(self, tenant_id: TenantId, actor: str | None, use_case: UseCase[Value]) -> Value:
        """Run a changing use case of a public endpoint, which found the tenant by itself: a sign-in, a reset."""
        async with self._services.database.unit_of_work(tenant_id, actor) as uow:
            value = await use_case(uow)
            await uow.commit()
        await self._services.delivery.carry_out(uow)
        return value

    async def submit(self, command: Command, words: Sequence[Words] = ()) -> Outcome:
        """Have the live core decide a command; returns once its events are durable."""
        asker = self.principal
        key = await self._key(asker)
        live_key = None if key is None else Key(f"{key.principal}:{key.route}", key.key, key.body_hash)
        return await self._services.live.submit(asker.tenant_id, command, actor=asker.id, key=live_key, words=words)

    async def _key(self, asker: Principal) -> RequestKey | None:
        given = self._request.headers.get("idempotency-key")
        if given is None:
            return None
        query = self._request.scope["query_string"]
        body_hash = idempotency.hash_body(self._services.secret, asker.tenant_id, await self._request.body(), query)
        route = f"{self._request.method} {self._request.scope['path']}"
        return RequestKey(asker.id, route, idempotency.check_key(given), body_hash)

    def _status(self) -> int:
        return int(self._request.route_handler.status_code)
