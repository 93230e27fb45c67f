"""What every table is made of: the metadata, the columns of a settings row, and the tables of live rows."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, JSONB, TIMESTAMP, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from intercanal.kernel import ids
from intercanal.kernel.live import StateTable

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Id = Annotated[str, mapped_column(UUID(as_uuid=False))]
"""An id column: `Mapped[Id]` for a plain text id where no NewType of `kernel.ids` fits."""

_IDS = (
    ids.TenantId, ids.DomainId, ids.AgentId, ids.CustomerId, ids.InteractionId, ids.ConversationId,
    ids.MessageId, ids.QueueId, ids.SkillId, ids.OfferId,
)  # fmt: skip


class Base(DeclarativeBase):
    """The base of every mapped table; ids are canonical text in Python and `uuid` in the database."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        str: Text(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: ARRAY(Text()),
        **{kind: UUID(as_uuid=False) for kind in _IDS},
    }


class Versioned:
    """The columns of a settings row: append-only, the highest version of an id is the current one."""

    tenant_id: Mapped[Id] = mapped_column(primary_key=True, sort_order=-90)
    id: Mapped[Id] = mapped_column(primary_key=True, sort_order=-89)
    version: Mapped[int] = mapped_column(primary_key=True, sort_order=-88)
    author_id: Mapped[str | None] = mapped_column(Text(), sort_order=90)
    at: Mapped[datetime] = mapped_column(sort_order=91)
    reason: Mapped[str] = mapped_column(sort_order=92)
    retired: Mapped[bool] = mapped_column(default=False, sort_order=93)


_SIMPLE: dict[str, Callable[[], TypeEngine[Any]]] = {
    "uuid": lambda: UUID(as_uuid=False),
    "text": Text,
    "citext": CITEXT,
    "integer": Integer,
    "int": Integer,
    "bigint": BigInteger,
    "smallint": SmallInteger,
    "boolean": Boolean,
    "double precision": Double,
    "timestamptz": lambda: TIMESTAMP(timezone=True),
    "date": Date,
    "jsonb": lambda: JSONB(none_as_null=True),
    "bytea": LargeBinary,
}


def column_type(postgres_type: str) -> TypeEngine[Any]:
    """Translate a PostgreSQL type name, as live tables state it, so that both sides agree on one declaration."""
    base, is_array = postgres_type.strip().lower().removesuffix("[]"), postgres_type.strip().endswith("[]")
    plain = _SIMPLE[base]()
    return ARRAY(plain) if is_array else plain


def _nullable_fields(row: type) -> set[str]:
    info = msgspec.inspect.type_info(row)
    if not isinstance(info, msgspec.inspect.StructType):
        raise TypeError(f"{row.__name__} is not a msgspec struct")
    return {field.encode_name for field in info.fields if _takes_none(field.type)}


def _takes_none(kind: msgspec.inspect.Type) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_takes_none(member) for member in kind.types)
    return isinstance(kind, msgspec.inspect.NoneType)


def state_table(declared: StateTable[Any]) -> Table:
    """Make the table of a live row kind: the tenant and domain before its declared columns, key (tenant_id, id)."""
    nullable = _nullable_fields(declared.row)
    columns = [Column(name, column_type(kind), nullable=name in nullable) for name, kind in declared.columns.items()]
    return Table(
        declared.name,
        Base.metadata,
        Column("tenant_id", UUID(as_uuid=False), nullable=False),
        Column("domain_id", UUID(as_uuid=False), nullable=False),
        *columns,
        PrimaryKeyConstraint("tenant_id", "id"),
        info={"live": True},
    )
