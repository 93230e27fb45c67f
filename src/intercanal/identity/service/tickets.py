"""One-time tickets for the WebSocket: a row, so that the process that redeems need not be the one that issued."""

import os

from intercanal.identity.domain.rules import TICKET_LENGTH
from intercanal.identity.domain.tokens import SECRET_BYTES, Kind, compose, digest, parse
from intercanal.identity.errors import BadTokenError
from intercanal.identity.repository import credentials
from intercanal.identity.service.access import recheck
from intercanal.identity.tables import Ticket
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.infra.http.principal import Principal


async def issue_ticket(uow: UnitOfWork, principal: Principal) -> str:
    """Make a ticket that stands for the caller's session or token for 60 seconds, once."""
    ticket = compose(Kind.TICKET, uow.tenant_id, os.urandom(SECRET_BYTES))
    row = Ticket(
        tenant_id=uow.tenant_id,
        digest=digest(ticket),
        credential_kind=principal.kind,
        credential_id=principal.credential_id,
        expires_at=uow.now + TICKET_LENGTH,
    )
    uow.session.add(row)
    return ticket


async def redeem_ticket(uow: UnitOfWork, ticket: str, catalogue: frozenset[str]) -> Principal:
    """Use a ticket up and return whom it stands for now; a revoked session's ticket is worth nothing."""
    token = parse(ticket)
    if token is None or token.kind is not Kind.TICKET or token.tenant_id != uow.tenant_id:
        raise BadTokenError
    taken = await credentials.take_ticket(uow.session, uow.tenant_id, token.digest)
    if taken is None or taken.expires_at <= uow.now:
        raise BadTokenError
    principal = await recheck(uow, taken.credential_kind, taken.credential_id, catalogue)
    if principal is None:
        raise BadTokenError
    return principal
