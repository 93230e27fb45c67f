"""Facts that identity publishes; ids and codes only."""

from intercanal.kernel.live import Event


class SessionEnded(Event, frozen=True, tag="identity.session_ended"):
    """A session, key or token opens nothing any more: doors forget it and its sockets close."""

    credential_id: str
    principal_id: str
    reason: str


class RightsChanged(Event, frozen=True, tag="identity.rights_changed"):
    """A role means something else now: whoever holds it is looked at again, sockets included."""

    role: str


class ResetRequested(Event, frozen=True, tag="identity.reset_requested"):
    """A reset mail waits to be sent; its token is in the erasable row of that id, never here."""

    mail_id: str


class AuditNoted(Event, frozen=True, tag="identity.audit_noted"):
    """Lines wait for their place in the tenant's chain."""
