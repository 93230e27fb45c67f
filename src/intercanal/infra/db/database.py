"""The door to the database for settings work: a bounded pool of connections of the application's own role."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import asyncpg
import msgspec
from sqlalchemy import Executable, Row, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, InternalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from intercanal.infra.db.unit_of_work import Observer, UnitOfWork
from intercanal.kernel.clock import Clock, SystemClock
from intercanal.kernel.errors import UnavailableError
from intercanal.kernel.ids import TenantId

Isolation = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]

_SET_TENANT = text("SELECT set_config('intercanal.tenant', :tenant, true)")
_ROLE = text("""
    SELECT r.rolname, r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb AS mighty,
           EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) AS owner
    FROM pg_roles r WHERE r.rolname = current_user
""")


class WrongRoleError(RuntimeError):
    """The connection's role could pass by row security; the program must not run with it."""


_AWAY = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.TooManyConnectionsError,
)


@contextmanager
def _while_connecting() -> Iterator[None]:
    try:
        yield
    except _AWAY as error:
        raise UnavailableError("infra.database_away", retry_after_s=1) from error


def _dump(value: object) -> str:
    return msgspec.json.encode(value).decode()


def async_url(url: str) -> URL:
    """Bring a PostgreSQL URL, however it was written, to the driver this program uses."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def make_engine(url: str, name: str, pool_size: int) -> AsyncEngine:
    """Make an engine with a bounded pool, which drops connections that the server closed before using them."""
    settings = {"application_name": name, "timezone": "UTC", "jit": "off", "statement_timeout": "30s",
                "idle_in_transaction_session_timeout": "60s"}  # fmt: skip
    engine = create_async_engine(
        async_url(url), pool_size=pool_size, max_overflow=0, pool_timeout=5, json_serializer=_dump,
        json_deserializer=msgspec.json.decode, connect_args={"server_settings": settings, "timeout": 10},
    )  # fmt: skip

    @event.listens_for(engine.sync_engine, "checkout")
    def drop_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:
        if dbapi_connection.driver_connection.is_closed():
            raise DisconnectionError

    return engine


async def _begin(session: AsyncSession, tenant_id: TenantId, options: dict[str, Any]) -> None:
    """Open the transaction of a tenant; a pooled connection that turns out to be dead is replaced, once."""
    for last_try in (False, True):
        try:
            with _while_connecting():
                connection = await session.connection(execution_options=options)
            await connection.execute(_SET_TENANT, {"tenant": tenant_id})
        except DBAPIError as error:
            if not (error.connection_invalidated or isinstance(error, InterfaceError | InternalError)):
                raise
            await session.invalidate()
            if last_try:
                raise UnavailableError("infra.database_away", retry_after_s=1) from error
        else:
            return


class Database:
    """A pool of connections as `intercanal_app`, giving units of work bound to one tenant each."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        pool_size: int = 10,
        name: str = "intercanal",
        observers: Sequence[Observer] = (),
    ) -> None:
        self.clock = clock or SystemClock()
        self._observers = tuple(observers)
        self._engine = make_engine(url, name, pool_size)
        self._role_seen = False

    @asynccontextmanager
    async def unit_of_work(
        self,
        tenant_id: TenantId,
        actor: str | None = None,
        isolation: Isolation | None = None,
        *,
        read_only: bool = False,
    ) -> AsyncIterator[UnitOfWork]:
        """Open a transaction that sees one tenant; leaving it without `commit` undoes everything."""
        await self._check_role_once()
        options: dict[str, Any] = {"postgresql_readonly": True} if read_only else {}
        if isolation is not None:
            options["isolation_level"] = isolation
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            await _begin(session, tenant_id, options)
            yield UnitOfWork(session, tenant_id, actor, self.clock.now(), self._observers)

    async def lookup(self, statement: Executable, **parameters: object) -> Sequence[Row[Any]]:
        """Run one statement with no tenant: only a lookup function granted to the application can answer rows."""
        await self._check_role_once()
        async with self._connected() as connection, connection.begin():
            return (await connection.execute(statement, parameters)).all()

    async def ping(self) -> None:
        """Ask the server for an answer; raises when it has none."""
        async with self._connected() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close the pool."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        with _while_connecting():
            connection = await self._engine.connect()
        try:
            yield connection
        finally:
            await connection.close()

    async def _check_role_once(self) -> None:
        if self._role_seen:
            return
        async with self._connected() as connection:
            role = (await connection.execute(_ROLE)).one()
        if role.mighty or role.owner:
            raise WrongRoleError(f"the role {role.rolname} could pass by row security")
        self._role_seen = True
