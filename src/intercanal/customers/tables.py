"""The tables of customers; every word in them can be erased, no id in them is ever rewritten."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Id
from intercanal.kernel.ids import CustomerId, TenantId

_CUSTOMERS = ["customers_customers.tenant_id", "customers_customers.id"]


class Customer(Base):
    """A person who turns to the tenant."""

    __tablename__ = "customers_customers"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[CustomerId] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    locale: Mapped[str | None]
    notes: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"app": "SELECT, INSERT, UPDATE"}},)


class Identity(Base):
    """A mail address or phone number, in normal form, by which a customer is recognised; null once erased."""

    __tablename__ = "customers_identities"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[CustomerId]
    kind: Mapped[str]
    value: Mapped[str | None]
    added_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "value"),
        ForeignKeyConstraint(["tenant_id", "customer_id"], _CUSTOMERS),
        CheckConstraint("kind IN ('mail', 'phone')", name="kind"),
        Index(None, "tenant_id", "customer_id"),
        {"info": {"app": "SELECT, INSERT, UPDATE"}},
    )


class Alias(Base):
    """A merge: the customer is read as another one from then on, until it is undone."""

    __tablename__ = "customers_aliases"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    customer_id: Mapped[CustomerId]
    into_id: Mapped[CustomerId]
    author_id: Mapped[str | None]
    at: Mapped[datetime]
    reason: Mapped[str | None]
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], _CUSTOMERS),
        ForeignKeyConstraint(["tenant_id", "into_id"], _CUSTOMERS),
        CheckConstraint("customer_id <> into_id", name="two"),
        Index(
            "uq_customers_aliases_standing", "tenant_id", "customer_id", unique=True,
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index(None, "tenant_id", "into_id"),
        {"info": {"app": "SELECT, INSERT, UPDATE"}},
    )  # fmt: skip


class Search(Base):
    """The words a customer is found by, those of the customers merged into it too; nobody reads it but a function."""

    __tablename__ = "customers_search"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    customer_id: Mapped[CustomerId] = mapped_column(primary_key=True)
    words: Mapped[str]

    __table_args__ = (
        Index("ix_customers_search_words", "words", postgresql_using="gin", postgresql_ops={"words": "gin_trgm_ops"}),
    )
