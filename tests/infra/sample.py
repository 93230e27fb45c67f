"""A small feature of notes, and an application around it, to try the plumbing with."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import msgspec
from litestar import Router, get, post, put
from sqlalchemy import Text, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from intercanal.infra.db.database import Database
from intercanal.infra.db.own_tables import Outbox
from intercanal.infra.db.tables import Id
from intercanal.infra.db.unit_of_work import Submit, UnitOfWork
from intercanal.infra.feature import Feature
from intercanal.infra.http.app import HttpOptions, HttpServices, build_app
from intercanal.infra.http.door import Door, DoorServices
from intercanal.infra.http.principal import CredentialScope, Principal
from intercanal.infra.live.client import Key, Outcome
from intercanal.infra.outbox.delivery import Codec, Delivery
from intercanal.infra.settings.model import Registry
from intercanal.kernel.errors import IntercanalError, NotFoundError
from intercanal.kernel.ids import TenantId, new_id
from intercanal.kernel.live import Command, Event, Words

ONE = TenantId("01900000-0000-7000-8000-000000000001")
TWO = TenantId("01900000-0000-7000-8000-000000000002")
SECRET = b"a key of the tests"


class OwnBase(DeclarativeBase):
    """Apart from the program's own metadata, which must not know this table."""

    type_annotation_map = {str: Text()}  # noqa: RUF012 - the shape SQLAlchemy asks for


class Note(OwnBase):
    __tablename__ = "sample_notes"

    tenant_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    text: Mapped[str]


class AddNote(Command, frozen=True, tag="sample.add"):
    note_id: str


class NoteAdded(Event, frozen=True, tag="sample.added"):
    note_id: str


class NoteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: str
    size: int = 1


class NoteOut(msgspec.Struct, frozen=True):
    id: str
    text: str
    token: str | None = None


@post("/", opt={"permission": "sample.write"})
async def add_note(door: Door, data: NoteBody) -> NoteOut:
    async def use_case(uow: UnitOfWork) -> NoteOut:
        note_id = uow.new_id()
        uow.session.add(Note(tenant_id=uow.tenant_id, id=note_id, text=data.text))
        await uow.session.flush()
        uow.publish(NoteAdded(note_id))
        uow.after_commit(Submit(AddNote(note_id)))
        return NoteOut(note_id, data.text, "shown once")

    return await door.write(use_case, secrets=("token",))


@get("/{note_id:str}", opt={"permission": "sample.read"})
async def get_note(door: Door, note_id: str) -> NoteOut:
    async def use_case(uow: UnitOfWork) -> NoteOut:
        note = await uow.session.get(Note, (uow.tenant_id, note_id))
        if note is None:
            raise NotFoundError("sample.note_unknown")
        return NoteOut(note.id, note.text)

    return await door.read(use_case)


@put("/{note_id:str}/mark", opt={"permission": "self"}, status_code=204)
async def mark_note(door: Door, note_id: str) -> None:
    await door.submit(AddNote(note_id))


@post("/sneak", opt={"permission": "sample.read"})
async def sneak(door: Door) -> NoteOut:
    """Try to write where only reading is allowed."""

    async def use_case(uow: UnitOfWork) -> NoteOut:
        uow.session.add(Note(tenant_id=uow.tenant_id, id=uow.new_id(), text="sneaked"))
        await uow.session.flush()
        return NoteOut("", "")

    return await door.read(use_case)


@post("/steal", opt={"permission": "sample.write"})
async def steal(door: Door) -> NoteOut:
    """Try to write into another tenant."""

    async def use_case(uow: UnitOfWork) -> NoteOut:
        uow.session.add(Note(tenant_id=TWO, id=uow.new_id(), text="planted"))
        await uow.session.flush()
        return NoteOut("", "")

    return await door.write(use_case)


@get("/broken", opt={"permission": "public"})
async def broken() -> None:
    raise RuntimeError("the secret inside")


@post("/open", opt={"permission": "public"}, status_code=200)
async def opened(data: NoteBody) -> NoteOut:
    return NoteOut("", data.text)


router = Router(
    "/api/sample", tags=["sample"], route_handlers=[add_note, get_note, mark_note, sneak, steal, broken, opened]
)
feature = Feature(name="sample", routers=(router,), permissions=("sample.read", "sample.write"))


class RecordingLive:
    """Takes commands as the live core does: once per key; may be told to be away or to refuse."""

    def __init__(self) -> None:
        self.taken: list[tuple[TenantId, Command, str]] = []
        self.asked = 0
        self.trouble: IntercanalError | None = None
        self._known: dict[Key, Outcome] = {}
        self._changed = asyncio.Condition()

    async def until(self, taken: int) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.taken) >= taken)

    async def submit(
        self,
        tenant_id: TenantId,
        command: Command,
        *,
        actor: str,
        key: Key | None = None,
        words: Sequence[Words] = (),
    ) -> Outcome:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        if key is not None and key in self._known:
            return self._known[key]
        self.taken.append((tenant_id, command, actor))
        async with self._changed:
            self._changed.notify_all()
        outcome = Outcome(len(self.taken), ())
        if key is not None:
            self._known[key] = outcome
        return outcome


class RecordingStream:
    """Keeps messages once per id; may be told to be away."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[str, bytes]] = {}
        self.away = False

    async def append(self, subject: str, body: bytes, message_id: str) -> None:
        if self.away:
            raise ConnectionError
        self.kept.setdefault(message_id, (subject, body))


PRINCIPALS = {
    "one": Principal(ONE, new_id(datetime.now(UTC)), "user", frozenset({"sample.read", "sample.write"})),
    "reader": Principal(ONE, new_id(datetime.now(UTC)), "user", frozenset({"sample.read"})),
    "two": Principal(TWO, new_id(datetime.now(UTC)), "user", frozenset({"sample.read", "sample.write"})),
}


async def authenticate(credential: str, scope: CredentialScope) -> Principal | None:
    return PRINCIPALS.get(credential)


CODEC = Codec([AddNote])


class Bench:
    """The application around the sample, with what it is wired to within reach."""

    def __init__(self, app_url: str) -> None:
        self.database = Database(app_url)
        self.live = RecordingLive()
        self.stream = RecordingStream()
        self.delivery = Delivery(self.database, self.live, self.stream, CODEC)

    def app(self, *features: Feature, **options: Any) -> Any:
        services = HttpServices(
            doors=DoorServices(self.database, self.live, self.delivery, SECRET),
            authenticate=authenticate,
            checks={"database": self.database.ping},
            extras={"setting_registry": Registry([setting for one in features for setting in one.settings])},
        )
        return build_app([feature, *features], services, HttpOptions(**options))

    @contextlib.asynccontextmanager
    async def client(self, *features: Feature, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app(*features, **options), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as client:
            yield client

    async def owed(self, tenant_id: TenantId = ONE) -> list[Any]:
        async with self.database.unit_of_work(tenant_id) as uow:
            return list(await uow.session.scalars(select(Outbox).order_by(Outbox.at, Outbox.ordinal)))

    async def notes(self, tenant_id: TenantId = ONE) -> list[str]:
        async with self.database.unit_of_work(tenant_id) as uow:
            return list(await uow.session.scalars(select(Note.text).order_by(Note.id)))


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def make_notes_table(owner: asyncpg.Connection) -> None:
    mine = "tenant_id = nullif(current_setting('intercanal.tenant', true), '')::uuid"
    await owner.execute(f"""
        CREATE TABLE sample_notes (tenant_id uuid, id uuid, text text NOT NULL, PRIMARY KEY (tenant_id, id));
        ALTER TABLE sample_notes ENABLE ROW LEVEL SECURITY;
        ALTER TABLE sample_notes FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON sample_notes TO intercanal_app USING ({mine}) WITH CHECK ({mine});
        GRANT SELECT, INSERT, UPDATE, DELETE ON sample_notes TO intercanal_app;
    """)
