"""Bodies and answers of the customers endpoints."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*(?!\n)$")
]
Notes = Annotated[str, Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
Locale = Annotated[str, Meta(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?(?!\n)$")]
Reason = Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")]
IdentityKind = Literal["mail", "phone"]


class NewIdentity(Struct, frozen=True, forbid_unknown_fields=True):
    """A mail address, or a phone number as it may be dialled in the tenant's country."""

    kind: IdentityKind
    value: Annotated[str, Meta(min_length=1, max_length=320)]


class NewCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    """A customer as somebody enters it."""

    name: Name | None = None
    locale: Locale | None = None
    notes: Notes | None = None
    identities: Annotated[list[NewIdentity], Meta(max_length=20)] = []


class CustomerPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What changes in a profile; what is left out stays, null empties."""

    name: Name | UnsetType | None = UNSET
    locale: Locale | UnsetType | None = UNSET
    notes: Notes | UnsetType | None = UNSET


class MergeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The customer that another one turns out to be."""

    into_id: str
    reason: Reason = ""


class EraseBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a customer is forgotten: a code, because a sentence could hold the very words."""

    reason: Literal["asked", "retention", "mistake"]


class IdentityView(Struct, frozen=True):
    """An identity in normal form; `customer_id` is the one it was given to, whoever that is read as now."""

    id: str
    kind: str
    value: str
    customer_id: str


class MergedView(Struct, frozen=True):
    """A customer that is read as this one."""

    id: str
    name: str | None
    notes: str | None


class CustomerView(Struct, frozen=True):
    """A customer with everything known of it, also through those merged into it."""

    id: str
    name: str | None
    locale: str | None
    notes: str | None
    identities: list[IdentityView]
    merged: list[MergedView]
    created_at: datetime
    changed_at: datetime
    erased_at: datetime | None
