"""The tables of tenancy: settings rows, each version kept with its author, date and reason."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base, Versioned


class Tenant(Versioned, Base):
    """An organisation; its row's own id is the tenant id."""

    __tablename__ = "tenancy_tenants"

    name: Mapped[str]
    slug: Mapped[str]
    locale: Mapped[str]
    country: Mapped[str]

    __table_args__ = (CheckConstraint("id = tenant_id", name="own_id"), Index(None, "slug"))


class Site(Versioned, Base):
    """A place where agents work."""

    __tablename__ = "tenancy_sites"

    name: Mapped[str]
    country: Mapped[str]
    timezone: Mapped[str]
    postal_address: Mapped[str | None]


class Employer(Versioned, Base):
    """A company that employs agents, whose law and country stand behind the work they do."""

    __tablename__ = "tenancy_employers"

    name: Mapped[str]
    country: Mapped[str]
    registration: Mapped[str | None]


class OwnedAddress(Versioned, Base):
    """A mail address, mail domain or phone number of the tenant, in normal form; its value never changes."""

    __tablename__ = "tenancy_addresses"

    kind: Mapped[str]
    value: Mapped[str]
    label: Mapped[str | None]
    site_id: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("kind IN ('mail', 'domain', 'phone')", name="kind"),
        # The same value twice would give two first versions.
        UniqueConstraint("tenant_id", "kind", "value", "version"),
    )


class Calendar(Versioned, Base):
    """Opening hours, as their author wrote them."""

    __tablename__ = "tenancy_calendars"

    name: Mapped[str]
    timezone: Mapped[str]
    hours: Mapped[list[Any]] = mapped_column(JSONB())
    holidays: Mapped[list[Any]] = mapped_column(JSONB())
    special_days: Mapped[list[Any]] = mapped_column(JSONB())
    public_holidays: Mapped[dict[str, Any] | None]
