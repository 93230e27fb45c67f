"""The settings of tenants: every value that ever was, with who gave it, when and why."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intercanal.infra.db.tables import Base
from intercanal.kernel.ids import TenantId

WHOLE_TENANT = "tenant"


class SettingValue(Base):
    """One value of a setting in its scope: the whole tenant, or one agent; a null value takes it back."""

    __tablename__ = "infra_settings"

    tenant_id: Mapped[TenantId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    author_id: Mapped[str | None]
    at: Mapped[datetime]
    reason: Mapped[str]

    @property
    def id(self) -> str:
        """What it is a version of, for observers."""
        return f"{self.key} {self.scope}"

    @property
    def retired(self) -> bool:
        """Whether the value was taken back."""
        return self.value is None

    __table_args__ = ({"info": {"app": "SELECT, INSERT"}},)
