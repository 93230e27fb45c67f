"""The audit: noted in the transaction of what was done, chained afterwards by one chainer per tenant."""

import re

from intercanal.identity.domain.chain import Head, Line, Report, Sealed, Walk, seal
from intercanal.identity.events import AuditNoted
from intercanal.identity.ports import HeadArchive
from intercanal.identity.repository import audit
from intercanal.identity.schemas import AuditView
from intercanal.identity.tables import AuditPending
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.kernel.ids import CustomerId
from intercanal.kernel.paging import Page, clamp, encode_cursor, number_cursor

NOBODY = "nobody"
BATCH = 500
_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")


def record(uow: UnitOfWork, action: str, subject: str, **facts: str | int | bool | None) -> None:
    """Note that the actor did something; ids and codes only, because nothing here can be erased."""
    for text in (action, subject, *facts.values()):
        if isinstance(text, str) and _CODE.fullmatch(text) is None:
            raise ValueError(f"{action}: the audit takes ids and codes, never words")
    line = AuditPending(
        tenant_id=uow.tenant_id,
        id=uow.new_id(),
        at=uow.now,
        actor=uow.actor or NOBODY,
        action=action,
        subject=subject,
        facts=facts,
    )
    uow.session.add(line)
    if not any(isinstance(waiting.content, AuditNoted) for waiting in uow.waiting):
        uow.publish(AuditNoted())


def record_timeline_opened(uow: UnitOfWork, customer_id: CustomerId) -> None:
    """Note that the actor opened a customer's timeline."""
    record(uow, "customers.timeline_opened", customer_id)


def note_settings(uow: UnitOfWork) -> None:
    """Note every settings row that a unit of work wrote; an observer, so that no feature can forget to."""
    for row in uow.appended:
        kind = str(getattr(row, "__tablename__", "settings"))
        record(uow, "settings.changed", row.id, table=kind, version=row.version, retired=row.retired)


async def chain_pending(uow: UnitOfWork) -> int:
    """Give every waiting line its place in the chain; returns how many there were."""
    await audit.lock_chain(uow.session, uow.tenant_id)
    last = await audit.last(uow.session, uow.tenant_id)
    start = last.sequence
    while waiting := await audit.pending(uow.session, uow.tenant_id, BATCH):
        chained = _sealed(uow, last, waiting)
        await audit.append(uow.session, uow.tenant_id, chained)
        last = chained[-1]
    return last.sequence - start


async def audit_head(uow: UnitOfWork) -> Head | None:
    """Return how far the chain reaches now; None while it is empty."""
    last = await audit.last(uow.session, uow.tenant_id)
    return Head(uow.tenant_id, last.sequence, last.hash.hex(), uow.now) if last.sequence else None


async def audit_verify(uow: UnitOfWork, archive: HeadArchive) -> Report:
    """Walk the tenant's chain against itself and the signed heads, and name the first line that is not as written."""
    walk = Walk(uow.tenant_id, archive.heads(uow.tenant_id), archive.verify)
    after = 0
    while lines := await audit.lines(uow.session, uow.tenant_id, after, BATCH):
        for line in lines:
            walk.feed(line)
        after = lines[-1].sequence
    return walk.report()


async def list_audit(
    uow: UnitOfWork, cursor: str | None, limit: int | None, action: str | None = None
) -> Page[AuditView]:
    """Return the chained lines in order, those of one action if asked."""
    after = number_cursor(cursor)
    size = clamp(limit)
    found = await audit.lines(uow.session, uow.tenant_id, after, size + 1, action)
    more = encode_cursor(str(found[size - 1].sequence)) if len(found) > size else None
    return Page([_view(each) for each in found[:size]], more)


def _view(sealed: Sealed) -> AuditView:
    line = sealed.line
    return AuditView(
        sealed.sequence, line.id, line.at, line.actor, line.action, line.subject, line.facts, sealed.hash.hex()
    )


def _sealed(uow: UnitOfWork, last: Sealed, waiting: list[Line]) -> list[Sealed]:
    chained: list[Sealed] = []
    for line in waiting:
        last = seal(uow.tenant_id, last.sequence + 1, last.hash, line)
        chained.append(last)
    return chained
