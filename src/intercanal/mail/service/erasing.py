"""Forgetting what mails of a customer said: their headers go with this transaction, their bytes after it."""

from collections.abc import Sequence

from intercanal.infra.db.own_tables import Erasure
from intercanal.infra.db.unit_of_work import UnitOfWork
from intercanal.mail import repository
from intercanal.mail.tables import MailHeaders

REASON = "customer_erased"


async def forget_customers(uow: UnitOfWork, customer_ids: Sequence[str]) -> list[str]:
    """Forget the headers of some customers' mails, with a note for backups restored later; return their blobs."""
    rows = await repository.mails_of_customers(uow, customer_ids)
    await repository.forget(uow, [row.message_id for row in rows])
    blobs = [row.raw_blob for row in rows]
    blobs += [each["blob"] for row in rows for each in row.files]
    kept = list(dict.fromkeys(blobs))
    for row in rows:
        _note(uow, MailHeaders.__tablename__, {"message_id": row.message_id})
    for key in kept:
        _note(uow, "blobs", {"key": key})
    return kept


def _note(uow: UnitOfWork, target: str, key: dict[str, str]) -> None:
    uow.session.add(
        Erasure(
            tenant_id=uow.tenant_id,
            id=uow.new_id(),
            target=target,
            key=key,
            columns=[],
            at=uow.now,
            actor=uow.actor,
            reason=REASON,
        )
    )
