"""Bodies and answers of the identity endpoints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from intercanal.kernel.ids import AgentId, TenantId

Email = Annotated[str, Meta(min_length=3, max_length=254)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Password = Annotated[str, Meta(min_length=1, max_length=256)]
RoleName = Annotated[str, Meta(min_length=1, max_length=36)]
Permission = Annotated[str, Meta(max_length=80, pattern=r"^[a-z_]+\.[a-z_]+(?!\n)$")]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
Slug = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[^\x00]*$")]
TokenText = Annotated[str, Meta(max_length=120)]
Language = Literal["en", "fr", "nl"]


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-in; the tenant's slug may be left out where there is only one tenant."""

    email: Email
    password: Password
    tenant: Slug | None = None


class Me(Struct, frozen=True):
    """Who the caller is and what it may do."""

    tenant_id: TenantId
    id: str
    kind: str
    agent_id: AgentId | None
    permissions: list[str]


class OwnPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A change of one's own password."""

    current: Password
    new: Password


class GivenPassword(Struct, frozen=True, forbid_unknown_fields=True):
    """A password given by an administrator."""

    password: Password


class ResetWish(Struct, frozen=True, forbid_unknown_fields=True):
    """A forgotten password."""

    email: Email
    tenant: Slug | None = None


class ResetUse(Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a reset mail, and the password to set."""

    token: TokenText
    password: Password


class SessionView(Struct, frozen=True):
    """A session as its owner sees it."""

    id: str
    network: str
    created_at: datetime
    seen_at: datetime
    is_this_one: bool


class UserBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to be given an account; they choose their password through the mail that invites them."""

    email: Email
    name: Name
    role: RoleName
    language: Language = "en"
    invite: bool = True


class UserView(Struct, frozen=True):
    """A user."""

    id: str
    email: str
    name: str
    role: str
    language: str
    agent_id: AgentId | None
    is_active: bool


class RoleChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """The role to give a user."""

    role: RoleName


class RoleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A role of the tenant's own."""

    name: Name
    permissions: list[Permission]
    reason: Reason = ""


class RoleView(Struct, frozen=True):
    """A role; a built-in one has its name as id."""

    id: str
    name: str
    permissions: list[str]
    is_built_in: bool


class KeyBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An API key to make."""

    name: Name
    role: RoleName = "admin"


class KeyView(Struct, frozen=True):
    """An API key; its secret is not known any more."""

    id: str
    name: str
    role: str
    created_by: str | None
    created_at: datetime
    revoked_at: datetime | None


class NewKey(Struct, frozen=True):
    """A key just made, with its secret, this once; null when the request is a repeat."""

    id: str
    name: str
    role: str
    key: str | None


class AuditView(Struct, frozen=True):
    """A line of the audit in its place in the chain."""

    sequence: int
    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    facts: Mapping[str, object]
    hash: str
